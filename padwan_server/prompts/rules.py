"""Every rule that a prompt file is held to, in one table, from which docs/reference/rules.md derives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
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
    DUPLICATE_PROMPT = "duplicate-prompt"
    BAD_REQUEST_FIELD = "bad-request-field"
    RETIRED_MODEL = "retired-model"
    CONTROL_CHARACTER = "control-character"
    LARGE_FILE = "large-file"
    SEVERAL_JOBS = "several-jobs"
    FAILED_REQUEST = "failed-request"
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
    Rule(
        Code.BAD_REQUEST_FIELD,
        Severity.WARNING,
        "A request has a field that the Gemini API does not know, or a value of another type than it takes.",
    ),
    Rule(Code.RETIRED_MODEL, Severity.WARNING, "A request names a model that was shut down, or soon will be."),
    Rule(
        Code.CONTROL_CHARACTER,
        Severity.WARNING,
        "A prompt holds control characters, or characters that turn the direction of text, which nobody sees.",
    ),
    Rule(
        Code.FAILED_REQUEST,
        Severity.WARNING,
        "The last job of this file has no good answer to a prompt. Editors show it until it is retried or changed.",
    ),
    Rule(
        Code.SEVERAL_JOBS, Severity.INFORMATION, "The prompts are more than one job takes, and are split into several."
    ),
    Rule(Code.LARGE_FILE, Severity.INFORMATION, "The prompts are too large to be sent inline and will be uploaded."),
    Rule(Code.MORE_PROBLEMS, Severity.INFORMATION, "Stands for all the problems that are too many to be shown."),
    Rule(Code.BLANK_LINE, Severity.INFORMATION, "A JSON Lines file has a blank line. It is skipped."),
    Rule(Code.MIXED_ARRAY, Severity.HINT, "An array holds strings as well as objects."),
    Rule(Code.DUPLICATE_PROMPT, Severity.HINT, "The same prompt is in the file twice, and would be paid twice."),
)

_SEVERITIES: dict[str, Severity] = {rule.code: rule.severity for rule in RULES}

ALL = frozenset(_SEVERITIES)
"""The codes of all rules."""

ERRORS = frozenset(rule.code for rule in RULES if rule.severity is Severity.ERROR)
"""The codes of the rules that stop a submission."""


class Grades:
    """How bad each rule's findings are to one user: as the table has it, or as the user says; ``off`` hides them.

    What the table calls an error stops a submission even so: the service would refuse it, or an answer would be lost.
    """

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        """``given`` has the name of a severity in lower case, or ``off``, for the code of a rule."""
        given = given or {}
        self._severities = {
            **_SEVERITIES,
            **{code: Severity[word.upper()] for code, word in given.items() if word != "off"},
        }
        self.shown = frozenset(code for code in ALL if given.get(code) != "off")
        """The codes of the rules whose findings are shown."""
        self.stopping = ERRORS | {code for code in self.shown if self._severities[code] is Severity.ERROR}
        """The codes of the rules whose findings stop a submission."""

    def graded(self, found: Problem) -> Problem:
        """A problem with the user's severity."""
        severity = self._severities[found.code]
        return found if severity is found.severity else replace(found, severity=severity)


def number_of(counts: Mapping[str, int], codes: Iterable[str]) -> int:
    """How many of the counted problems have one of these codes."""
    return sum(counts.get(code, 0) for code in codes)


def problem(
    code: Code, message: str, span: Span, fix: Fix | None = None, related: tuple[tuple[Span, str], ...] = ()
) -> Problem:
    """A problem with the severity that the table gives to its rule."""
    return Problem(code.value, _SEVERITIES[code], message, span, fix, related)
