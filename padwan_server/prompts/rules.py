"""Every rule that a prompt file is held to, in one table, from which docs/rules.md derives."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from padwan_server.prompts.problem import Fix, Problem, Severity
from padwan_server.prompts.span import Span


class Code(StrEnum):
    """The stable names of the rules, the same in every front end."""

    JSON_SYNTAX = "json-syntax"
    TOP_LEVEL_OBJECT = "top-level-object"
    TOP_LEVEL_STRING = "top-level-string"
    TOP_LEVEL_VALUE = "top-level-value"
    EMPTY_FILE = "empty-file"
    WRONG_TYPE = "wrong-type"
    MISSING_PROMPT = "missing-prompt"
    BLANK_PROMPT = "blank-prompt"
    PROMPT_AND_REQUEST = "prompt-and-request"
    EMPTY_KEY = "empty-key"
    DUPLICATE_KEY = "duplicate-key"
    DUPLICATE_MEMBER = "duplicate-member"
    LONE_SURROGATE = "lone-surrogate"
    NOT_UTF8 = "not-utf8"
    BYTE_ORDER_MARK = "byte-order-mark"
    UNKNOWN_FIELD = "unknown-field"
    BLANK_LINE = "blank-line"
    MIXED_ARRAY = "mixed-array"
    MORE_PROBLEMS = "more-problems"


class Rule(NamedTuple):
    """One line of the table: what is looked for, and how bad it is."""

    code: Code
    severity: Severity
    description: str


RULES = (
    Rule(
        Code.JSON_SYNTAX,
        Severity.ERROR,
        "The text is not JSON: the message says what is missing or too much, and where.",
    ),
    Rule(Code.TOP_LEVEL_OBJECT, Severity.ERROR, "The JSON file holds an object where an array of prompts is expected."),
    Rule(Code.TOP_LEVEL_STRING, Severity.ERROR, "The JSON file holds a string where an array of prompts is expected."),
    Rule(
        Code.TOP_LEVEL_VALUE, Severity.ERROR, "The JSON file holds a number, a Boolean or null and no array of prompts."
    ),
    Rule(Code.EMPTY_FILE, Severity.ERROR, "The file holds no prompt at all."),
    Rule(Code.WRONG_TYPE, Severity.ERROR, "An entry, a prompt, a key or a request has the wrong JSON type."),
    Rule(Code.MISSING_PROMPT, Severity.ERROR, "An entry has neither a prompt nor a request with contents."),
    Rule(Code.BLANK_PROMPT, Severity.ERROR, "A prompt is empty or holds white space only."),
    Rule(
        Code.PROMPT_AND_REQUEST,
        Severity.ERROR,
        "An entry has both a prompt and a request, so it is unclear which to send.",
    ),
    Rule(Code.EMPTY_KEY, Severity.ERROR, "A key is empty or holds white space only."),
    Rule(
        Code.DUPLICATE_KEY, Severity.ERROR, "Two entries have the same key, so their answers could not be told apart."
    ),
    Rule(Code.DUPLICATE_MEMBER, Severity.ERROR, "An object names a member twice, so one of its values would be lost."),
    Rule(Code.LONE_SURROGATE, Severity.ERROR, "Half of a surrogate pair, which no UTF-8 text can hold."),
    Rule(Code.NOT_UTF8, Severity.ERROR, "The file's bytes are not UTF-8."),
    Rule(
        Code.BYTE_ORDER_MARK, Severity.WARNING, "The file starts with a byte order mark. It is no part of any prompt."
    ),
    Rule(
        Code.UNKNOWN_FIELD, Severity.WARNING, "An entry has a field that is not sent; perhaps another name was meant."
    ),
    Rule(Code.MORE_PROBLEMS, Severity.INFORMATION, "Stands for all the problems that are too many to be shown."),
    Rule(Code.BLANK_LINE, Severity.INFORMATION, "A JSON Lines file has a blank line. It is skipped."),
    Rule(Code.MIXED_ARRAY, Severity.HINT, "An array holds strings as well as objects."),
)

_SEVERITIES = {rule.code: rule.severity for rule in RULES}


def problem(
    code: Code, message: str, span: Span, fix: Fix | None = None, related: tuple[tuple[Span, str], ...] = ()
) -> Problem:
    """A problem with the severity that the table gives to its rule."""
    return Problem(code.value, _SEVERITIES[code], message, span, fix, related)
