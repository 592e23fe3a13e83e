"""Error codes are a promise: all are listed, and all that are listed exist."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import padwan_server
from padwan_server.errors import CODES, PadwanError

PACKAGE = Path(padwan_server.__file__).parent
_ERRORS = {"PadwanError", "ServiceError"}


def raised_codes() -> Iterator[str]:
    """The first arguments of all errors that the package makes, where they are literal."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ERRORS:
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value


def test_every_code_that_is_raised_is_listed() -> None:
    assert set(raised_codes()) - CODES.keys() == set()


def test_every_listed_code_stands_somewhere_in_the_package() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py") if path.name != "errors.py")
    source += (PACKAGE / "gemini" / "errors.py").read_text(encoding="utf-8")
    assert [code for code in CODES if f'"{code}"' not in source] == []


def test_an_error_says_what_is_wrong_and_the_next_step() -> None:
    error = PadwanError("no-api-key", "No API key is set.", "Set one.", {"a": 1})
    assert str(error) == "No API key is set. Set one."
    assert error.to_json() == {
        "code": "no-api-key",
        "message": "No API key is set.",
        "hint": "Set one.",
        "data": {"a": 1},
    }
