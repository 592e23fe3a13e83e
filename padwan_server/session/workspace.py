"""The folder that a person works in: where its root is, and how paths are read and checked."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from padwan_server.errors import PadwanError
from padwan_server.operations.context import PromptFile
from padwan_server.prompts.document import parse
from padwan_server.prompts.format import format_of
from padwan_server.prompts.source import decode
from padwan_server.service import MAX_INPUT_FILE_BYTES

UnsavedText = Callable[[Path], str | None]
"""The text of a document that is open with unsaved changes, else None."""


class FolderWorkspace:
    """A workspace on disk. ``confined`` keeps every path under the root: for assistants, not for people."""

    def __init__(self, root: Path, *, confined: bool = False, unsaved: UnsavedText = lambda _: None) -> None:
        self.root = root
        self._confined = confined
        self._unsaved = unsaved

    async def prompt_file(self, file: str) -> PromptFile:
        """See operations.context.Workspace."""
        path = self._resolve(file)
        unsaved = self._unsaved(path)
        text = unsaved if unsaved is not None else await asyncio.to_thread(self._read, path, file)
        document = await asyncio.to_thread(parse, text, format_of(str(path)))
        return PromptFile(name=self.display_path(path), document=document, unsaved=unsaved is not None)

    def output_path(self, output: str) -> Path:
        """See operations.context.Workspace."""
        return self._resolve(output)

    def display_path(self, path: Path) -> str:
        """See operations.context.Workspace."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    def _read(self, path: Path, file: str) -> str:
        try:
            if path.stat().st_size > MAX_INPUT_FILE_BYTES:
                raise PadwanError(
                    "file-too-large",
                    f"{file} is larger than the service takes (2 GB).",
                    "Split it into several prompt files.",
                )
            data = path.read_bytes()
        except FileNotFoundError:
            raise PadwanError(
                "file-not-found", f"There is no file {file}.", "Paths start at the workspace root.", {"file": file}
            ) from None
        except OSError as error:
            raise PadwanError(
                "file-not-readable", f"{file} cannot be read: {error.strerror}.", "Check the file.", {"file": file}
            ) from None
        text, problem = decode(data)
        if problem:
            raise PadwanError(
                "not-utf8", f"{file}: {problem.message}", "Editors offer it as an encoding.", {"file": file}
            )
        return text

    def _resolve(self, given: str) -> Path:
        if "\0" in given:
            raise PadwanError("invalid-path", "A path cannot hold a NUL character.", "Give another path.")
        path = Path(os.path.normpath(self.root / Path(given).expanduser()))
        if not self._confined:
            return path
        real = path.resolve()
        if not real.is_relative_to(self.root.resolve()):
            raise PadwanError(
                "outside-workspace",
                f"{given} is outside the workspace.",
                "Give a path in the workspace; relative paths start at its root.",
                {"path": given},
            )
        return real
