"""One piece of work in a process of its own: prints the seconds that it took and the megabytes at most."""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

PIECE = 1 << 20


def nothing(*_: Path) -> None:
    """What a process that creates needs before it does anything."""
    import padwan_server.operations.create  # noqa: F401


# upload: a prompt file of a JSON array becomes the lines of an input file


def upload(source: Path, target: Path) -> None:
    """As ``create`` does: checked, then read again and written."""
    from padwan_server.jobs.requests import encode
    from padwan_server.operations.create import requests_of
    from padwan_server.prompts.format import PromptFormat
    from padwan_server.prompts.reading import prompts_in, read_sound
    from padwan_server.prompts.source import decoded

    def pieces() -> Iterator[str]:
        with source.open("rb") as file:
            yield from decoded(iter(partial(file.read, PIECE), b""))

    if read_sound(pieces(), PromptFormat.JSON) is None:
        raise SystemExit("the benchmark's file is not sound")
    with target.open("wb") as file:
        for request in requests_of(prompts_in(pieces(), PromptFormat.JSON)):
            file.write(encode(request) + b"\n")


def upload_floor(source: Path, target: Path) -> None:
    """Only the decoding and the encoding, by the fastest there is: nothing checked, nothing remembered."""
    _encode_fast(_decode_fast(source), target)


def upload_least(source: Path, target: Path) -> None:
    """The same with what must be known before money is spent: that keys and texts are unique, and each digest."""
    from padwan_server.prompts.record import text_digest

    entries = _decode_fast(source)
    unique = {entry.key for entry in entries}, {entry.prompt for entry in entries}
    digests = [text_digest(entry.prompt) for entry in entries]
    if {len(entries)} != {len(digests), *map(len, unique)}:
        raise SystemExit("the benchmark's file is not sound")
    _encode_fast(entries, target)


def _decode_fast(source: Path) -> list[Any]:
    import msgspec

    class Entry(msgspec.Struct, gc=False):
        key: str
        prompt: str

    return msgspec.json.decode(source.read_bytes(), type=list[Entry])


def _encode_fast(entries: list[Any], target: Path) -> None:
    import msgspec

    encode = msgspec.json.Encoder().encode
    line = b'{"key":%b,"request":{"contents":[{"role":"user","parts":[{"text":%b}]}]}}\n'
    with target.open("wb") as file:
        file.writelines(line % (encode(entry.key), encode(entry.prompt)) for entry in entries)


def upload_naive(source: Path, target: Path) -> None:
    """All at once with the standard library."""
    entries = json.loads(source.read_text())
    lines = [
        json.dumps({"key": e["key"], "request": {"contents": [{"role": "user", "parts": [{"text": e["prompt"]}]}]}})
        for e in entries
    ]
    target.write_text("\n".join(lines) + "\n")


# export: stored results become a file


def export(root: Path, target: Path, format: str) -> None:  # noqa: A002 the field's own word
    """As ``export`` does, from the ledger of a workspace."""
    from padwan_server.exports.format import ExportFormat
    from padwan_server.jobs.chain import Chain
    from padwan_server.jobs.folder import JobsFolder
    from padwan_server.jobs.ledger import Ledger
    from padwan_server.operations.export import Counted, ExportParams, write_answers

    folder = JobsFolder(root)
    ledger = Ledger(folder)
    [job] = ledger.recent("benchmark", 1)
    params = ExportParams(job=job.name, output=target.name, overwrite=True)
    write_answers(Chain([job], ledger, folder), Counted(), target, ExportFormat(format), params)


def parse(root: Path, _: Path) -> None:
    """Only the decoding, by the fastest decoder there is, a megabyte at a time: the floor."""
    import msgspec

    decode = msgspec.json.Decoder().decode_lines
    for lines in _chunks(root):
        decode(lines)


def export_peer(root: Path, target: Path) -> None:
    """orjson and the csv module, streamed."""
    # Installed by make bench-jobs alone.
    import orjson  # type: ignore[import-not-found, unused-ignore]

    with target.open("w", newline="") as file:
        writer = csv.writer(file)
        for lines in _chunks(root):
            for line in lines.splitlines():
                found = orjson.loads(line)
                response = found["response"]
                usage = response["usageMetadata"]
                parts = response["candidates"][0]["content"]["parts"]
                text = "".join(part["text"] for part in parts if not part.get("thought"))
                tokens = [usage[name] for name in ("promptTokenCount", "candidatesTokenCount", "totalTokenCount")]
                writer.writerow([found["key"], text, *tokens, "", response["candidates"][0]["finishReason"]])


def _chunks(root: Path) -> Iterator[bytes]:
    for path in sorted((root / ".padwan" / "results").glob("*.jsonl")):
        with path.open("rb") as file:
            rest = b""
            for piece in iter(partial(file.read, PIECE), b""):
                lines, rest = _whole_lines(rest + piece)
                yield lines


def _whole_lines(piece: bytes) -> tuple[bytes, bytes]:
    end = piece.rfind(b"\n") + 1
    return piece[:end], piece[end:]


TASKS: dict[str, Callable[..., None]] = {
    "nothing": nothing,
    "upload": upload,
    "upload-floor": upload_floor,
    "upload-least": upload_least,
    "upload-naive": upload_naive,
    "export-csv": partial(export, format="csv"),
    "export-json": partial(export, format="json"),
    "export-txt": partial(export, format="txt"),
    "parse": parse,
    "export-peer": export_peer,
}


PEERS = ("upload-floor", "upload-least", "upload-naive", "export-peer")
IMPORTS = {"upload": ["padwan_server.operations.create"], "export": ["padwan_server.operations.export"]}
"""What our own tasks need, as the command of that name loads it."""


def main() -> None:
    """Run one task with its files; imports are not counted."""
    name, *files = sys.argv[1:]
    for module in IMPORTS.get(name.partition("-")[0], ()) if name not in PEERS else ():
        import_module(module)
    before = time.perf_counter()
    TASKS[name](*map(Path, files))
    taken: Any = time.perf_counter() - before
    print(json.dumps([taken, peak_memory("self")]))


def peak_memory(process: str | int) -> float:
    """Megabytes that a process held at most. Not by getrusage, which counts what its parent held at the fork."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main()
