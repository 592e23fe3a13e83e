"""JSON files: an array whose entries are the records."""

from __future__ import annotations

from padwan_server.prompts.fault import Fault, shown
from padwan_server.prompts.gap import skip_gap
from padwan_server.prompts.problem import Edit, Fix, Problem
from padwan_server.prompts.reading import Reading
from padwan_server.prompts.resync import next_record
from padwan_server.prompts.rules import Code, problem
from padwan_server.prompts.scanner import scan_record
from padwan_server.prompts.span import Span
from padwan_server.prompts.value import Value


def read_json_array(text: str, start: int) -> Reading:
    """The entries of the array that begins at ``start`` or behind white space there, broken ones passed over."""
    return _ArrayReader(text, start).read()


class _ArrayReader:
    """One pass over a file: ``at`` is where it has come to."""

    __slots__ = ("at", "reading", "text")

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.at = start
        self.reading = Reading(text)

    def read(self) -> Reading:
        self._skip_gap()
        if self._peek() == "[":
            self.at += 1
            self._read_entries()
            self._expect_end()
        elif self._peek():
            self._read_other_value()
        return self.reading

    def _read_entries(self) -> None:
        comma: int | None = None
        while self._find_entry(comma):
            comma = self._read_entry()

    def _find_entry(self, comma: int | None) -> bool:
        """Goes to the next entry, or behind the closing bracket; ``comma`` is the place of one that was just read."""
        self._skip_gap()
        while self._peek() == ",":
            self._fault("Nothing stands before this comma. Remove it.", self.at, "Remove the comma")
            self.at += 1
            self._skip_gap()
        if not self._peek():
            self._lacks('The "[" of this array is never closed. Put a "]" at its end.', len(self.text.rstrip()), "]")
            return False
        if self._peek() != "]":
            return True
        if comma is not None:
            self._fault("No comma may follow the last entry. Remove it.", comma, "Remove the trailing comma")
        self.at += 1
        return False

    def _read_entry(self) -> int | None:
        """Reads an entry and goes behind the comma that follows it; the place of that comma, if there is one."""
        start = self.at
        scan = self.reading.read_record(start)
        if scan.value is None:
            # What follows a broken entry is known to be broken off, so no comma is missed there.
            self.at = max(next_record(self.text, start, scan.suspect), start + 1)
            return None
        self.at = scan.end
        self._skip_gap()
        if self._peek() == ",":
            self.at += 1
            return self.at - 1
        if self._peek() and self._peek() != "]":
            self._miss_comma(scan.end)
        return None

    def _miss_comma(self, end: int) -> None:
        if self._peek() in "\"'{[“”„":
            self._lacks("A comma is missing here.", end, ",")
            return
        found = shown(self._peek())
        self._report(Fault(f'Expected "," or "]" behind this entry, found {found}.', Span(self.at, self.at + 1)))
        self.at = max(next_record(self.text, end - 1, self.at), self.at + 1)

    def _expect_end(self) -> None:
        self._skip_gap()
        if self._peek():
            message = "The array has ended before this. Remove what follows it."
            self._report(Fault(message, Span(self.at, len(self.text.rstrip()))))

    def _read_other_value(self) -> None:
        scan = scan_record(self.text, self.at)
        self.reading.problems += scan.problems
        if scan.value is None:
            return
        self.reading.problems.append(_no_array(scan.value))
        self.at = scan.end
        self._skip_gap()
        if self._peek():
            message = "A JSON file holds one value, which has ended before this. Put the prompts in one array."
            self._report(Fault(message, Span(self.at, len(self.text.rstrip()))))

    def _peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def _skip_gap(self) -> None:
        faults: list[Fault] = []
        self.at = skip_gap(self.text, self.at, len(self.text), faults)
        for fault in faults:
            self._report(fault)

    def _fault(self, message: str, at: int, repair: str) -> None:
        span = Span(at, at + 1)
        self._report(Fault(message, span, repair, (Edit(span, ""),)))

    def _lacks(self, message: str, offset: int, text: str) -> None:
        # Nothing is there to be shown, so the character before it is.
        shown_at = Span(max(offset - 1, 0), offset)
        self._report(Fault(message, shown_at, f"Insert {text}", (Edit(Span(offset, offset), text),)))

    def _report(self, fault: Fault) -> None:
        self.reading.problems.append(fault.problem())


def _no_array(value: Value) -> Problem:
    start, end = value.span
    around = Fix("Put it in an array", (Edit(Span(start, start), "["), Edit(Span(end, end), "]")))
    if isinstance(value.data, dict):
        message = 'A prompt file is an array. Put "[" and "]" around its objects, and commas between them.'
        return problem(Code.TOP_LEVEL_OBJECT, message, value.span, around)
    if isinstance(value.data, str):
        message = 'A prompt file is an array. Put "[" and "]" around the prompts.'
        return problem(Code.TOP_LEVEL_STRING, message, value.span, around)
    message = f"A prompt file is an array of prompts, this is {value.describe()}."
    return problem(Code.TOP_LEVEL_VALUE, message, value.span)
