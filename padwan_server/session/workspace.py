"""The folder that a person works in: where its root is, and how paths are read and checked."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from padwan_server.errors import PadwanError
from padwan_server.jobs.folder import NAME as FOLDER
from padwan_server.operations.context import PromptFile
from padwan_server.prompts.format import format_in, format_of
from padwan_server.prompts.source import BYTE_ORDER_MARK, NotUtf8Error, decoded

_PIECE = 1 << 20
"""Bytes of a file that are read at once."""

OpenText = Callable[[Path], str | None]
"""The text of a document that is open, else None."""

STANDARD_INPUT = "-"
ReadBytes = Callable[[], Iterator[bytes]]


class FolderWorkspace:
    """A workspace on disk. ``confined`` keeps every path under the root: for assistants, not for people."""

    def __init__(
        self,
        root: Path,
        *,
        confined: bool = False,
        open_text: OpenText = lambda _: None,
        standard_input: ReadBytes | None = None,
    ) -> None:
        """With ``standard_input`` the prompt file ``-`` is what it reads, in the format that it looks like."""
        self.root = root
        self._standard_input = standard_input
        self._confined = confined
        self._open_text = open_text

    async def prompt_file(self, file: str) -> PromptFile:
        """See operations.context.Workspace."""
        if self._standard_input and file == STANDARD_INPUT:
            return await asyncio.to_thread(_typed, self._standard_input)
        path = self._resolve(file)
        return await asyncio.to_thread(self._prompt_file, path, file, self._open_text(path))

    def _prompt_file(self, path: Path, file: str, open_text: str | None) -> PromptFile:
        name, format = self.display_path(path), format_of(str(path))  # noqa: A001 the field's own word
        if self._confined:
            _refuse_devices(path, file)
        if open_text is not None and _differs(path, open_text):
            return PromptFile(name, format, True, lambda: iter([open_text]))
        for _ in islice(_pieces(path, file), 1):
            """What cannot be read at all is told now."""
        return PromptFile(name, format, False, lambda: _pieces(path, file))

    def output_path(self, output: str) -> Path:
        """See operations.context.Workspace."""
        path = self._resolve(output)
        if self._confined:
            _refuse_for_assistants(path.relative_to(self.root.resolve()), output)
        return path

    def display_path(self, path: Path) -> str:
        """See operations.context.Workspace."""
        for root in (self.root, self.root.resolve()):
            if path.is_relative_to(root):
                return path.relative_to(root).as_posix()
        return str(path)

    def _resolve(self, given: str) -> Path:
        if "\0" in given:
            raise PadwanError("invalid-path", "A path cannot hold a NUL character.", "Give another path.")
        if not self._confined:
            return Path(os.path.normpath(self.root / _home_of(given)))
        return self._inside(given)

    def _inside(self, given: str) -> Path:
        """Where ``given`` really is, links followed. Raises PadwanError ``outside-workspace``."""
        root = self.root.resolve()
        try:
            real = (root / _home_of(given)).resolve()
        except (OSError, RuntimeError):
            # A loop of links, or a name that no file can have.
            raise _invalid(given) from None
        # .PADWAN is the same folder where the file system takes no notice of case.
        if not real.is_relative_to(root) or _first(real.relative_to(root)).casefold() == FOLDER:
            raise PadwanError(
                "outside-workspace",
                f"{given} is outside the workspace.",
                "Give a path in the workspace; relative paths start at its root.",
                {"path": given},
            )
        return real


def _typed(read: ReadBytes) -> PromptFile:
    try:
        text = "".join(decoded(read()))
    except NotUtf8Error as error:
        raise _not_utf8("standard input", error) from None
    return PromptFile("", format_in(text), False, lambda: iter([text]))


def _first(inside: Path) -> str:
    return inside.parts[0] if inside.parts else ""


_WRITABLE = (".json", ".jsonl", ".csv", ".txt")


def _refuse_for_assistants(inside: Path, given: str) -> None:
    """Raises PadwanError ``output-not-allowed`` for files that steer programs: those of other kinds and hidden ones."""
    if inside.suffix.lower() in _WRITABLE and not any(part.startswith(".") for part in inside.parts):
        return
    raise PadwanError(
        "output-not-allowed",
        f"An assistant does not write {given}.",
        f"Name a file that ends in {', '.join(_WRITABLE)} and is not hidden.",
        {"path": given},
    )


def _refuse_devices(path: Path, file: str) -> None:
    """Raises PadwanError ``file-not-readable`` for what is no plain file: a pipe would be waited for."""
    try:
        kind = path.stat().st_mode
    except (OSError, ValueError):
        # Whoever reads it says why it cannot be read.
        return
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise PadwanError("file-not-readable", f"{file} is not a plain file.", "Give another path.", {"file": file})


def _home_of(given: str) -> Path:
    try:
        return Path(given).expanduser()
    except RuntimeError:
        # ~somebody who has no home here.
        return Path(given)


def _invalid(given: str) -> PadwanError:
    return PadwanError("invalid-path", f"{given[:100]} cannot be the path of a file.", "Give another path.")


def _pieces(path: Path, file: str) -> Iterator[str]:
    """The text of a file on the disk, a piece at a time; ``file`` is how the person named it. Raises PadwanError."""
    try:
        with path.open("rb") as data:
            yield from decoded(iter(lambda: data.read(_PIECE), b""))
    except FileNotFoundError:
        raise PadwanError(
            "file-not-found", f"There is no file {file}.", "Paths start at the workspace root.", {"file": file}
        ) from None
    except OSError as error:
        raise PadwanError(
            "file-not-readable", f"{file} cannot be read: {error.strerror}.", "Check the file.", {"file": file}
        ) from None
    except NotUtf8Error as error:
        raise _not_utf8(file, error) from None


def _not_utf8(file: str, error: NotUtf8Error) -> PadwanError:
    return PadwanError(
        "not-utf8", f"{file}: {error.problem.message}", "Editors offer it as an encoding.", {"file": file}
    )


def _differs(path: Path, text: str) -> bool:
    """Whether an open document is not what is on the disk; a byte order mark is no difference."""
    try:
        saved = "".join(_pieces(path, path.name))
    except PadwanError:
        return True
    return saved.removeprefix(BYTE_ORDER_MARK) != text.removeprefix(BYTE_ORDER_MARK)
