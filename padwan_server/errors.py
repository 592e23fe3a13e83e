"""The one error that people, assistants and programs see."""

from __future__ import annotations

from typing import Any


class PadwanError(Exception):
    """Something that the user can understand and act upon.

    ``code`` is stable and the same in every front end (docs/errors.md lists them all), ``message`` says in the user's
    words what is wrong, ``hint`` is the next step, and ``data`` holds JSON values that a program may want. None of
    them ever holds an API key, and ``message`` never quotes a whole prompt.
    """

    def __init__(self, code: str, message: str, hint: str = "", data: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.data = data or {}

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def to_json(self) -> dict[str, Any]:
        """The error as every front end hands it on: ``code``, ``message``, ``hint`` and ``data``."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "data": self.data}
