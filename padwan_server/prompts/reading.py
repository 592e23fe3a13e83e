"""What a reader has found so far."""

from __future__ import annotations

from padwan_server.prompts.entry import read_entry
from padwan_server.prompts.problem import Problem
from padwan_server.prompts.record import Record
from padwan_server.prompts.scanner import Scan, scan_record


class Reading:
    """Records and problems in the order they were met; ``count`` counts the file's entries, the broken ones too."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.records: list[Record] = []
        self.problems: list[Problem] = []
        self.count = 0

    def read_record(self, offset: int, end: int | None = None) -> Scan:
        """Reads the JSON record at ``offset``, no further than ``end``."""
        scan = scan_record(self.text, offset, end)
        self.problems += scan.problems
        if scan.value is not None:
            record, problems = read_entry(self.text, scan.value, self.count)
            self.problems += problems
            if record is not None:
                self.records.append(record)
        self.count += 1
        return scan
