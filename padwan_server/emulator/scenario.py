"""What is to happen, from a small JSON file (docs/reference/emulator.md describes it)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(ge=0, le=1e9)]
_SPELLINGS = "^(BATCH_STATE_|JOB_STATE_)?"
"""A state may be written as on the wire, as in the SDK, or bare, and is kept bare."""


class Failure(msgspec.Struct, forbid_unknown_fields=True):
    """An error in place of an answer: a google.rpc code, and a message or none."""

    code: Annotated[int, Meta(ge=1, le=16)] = 13
    message: str | None = None


class Outcome(msgspec.Struct, forbid_unknown_fields=True):
    """What a prompt gets. The first of the fields that is set decides; none at all is a plain answer."""

    error: Failure | None = None
    blocked: str | None = None
    """A block reason: the prompt gets no candidates."""
    finish: str | None = None
    """A finish reason such as SAFETY or RECITATION: a candidate without text."""
    truncated: bool = False
    missing: bool = False
    twice: bool = False
    thoughts: str | None = None
    text: str | None = None
    template: str | None = None
    """A text in which ``{prompt}``, ``{key}`` and ``{model}`` are filled in."""
    times: int | None = None
    """In how many jobs it applies; after that the prompt gets a plain answer."""


class Clock(msgspec.Struct, forbid_unknown_fields=True):
    """Seconds that a job is pending, and then running; how fast time goes, and how many jobs of a key run at once."""

    pending: Seconds = 0.5
    running: Seconds = 2.0
    speed: Annotated[float, Meta(ge=0)] = 1.0
    """0: time stands still, and is moved by ``POST /emulator/clock``."""
    parallel: Annotated[int, Meta(ge=1)] | None = None


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    """What one key may have at a time (https://ai.google.dev/gemini-api/docs/batch-api#limits)."""

    jobs: int = 100
    tokens: int | None = None
    """Tokens of the prompts in all active jobs of a model; the service's own limit depends on model and tier."""
    storage: int = 20_000_000_000
    retry_after: Seconds = 30.0


class ExistingJob(msgspec.Struct, forbid_unknown_fields=True):
    """A job that is there from the start, for every key."""

    name: Annotated[str, Meta(pattern=r"^batches/[\w.-]+$")]
    state: Annotated[str, Meta(pattern=f"{_SPELLINGS}(PENDING|RUNNING|SUCCEEDED|FAILED|CANCELLED|EXPIRED)$")] = (
        "SUCCEEDED"
    )
    mode: Literal["inline", "file", "embed"] = "inline"

    def __post_init__(self) -> None:
        """Keep the state bare."""
        self.state = _bare(self.state)


class ExistingFile(msgspec.Struct, forbid_unknown_fields=True):
    """A file that is there from the start, for every key."""

    name: Annotated[str, Meta(pattern=r"^files/[\w.-]+$")]
    text: str = '{"key": "hello", "request": {"contents": [{"parts": [{"text": "Hello"}]}]}}\n'


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """Trouble on the way: for ``times`` requests of a kind, after the first ``after`` of them."""

    on: Literal["any", "create", "get", "list", "cancel", "delete", "upload", "download", "files", "models", "generate"]
    times: int = 1
    after: int = 0
    status: Annotated[int, Meta(ge=400, le=599)] | None = None
    retry_after: Seconds | None = None
    drop: Literal["before", "after"] | None = None
    """Close the connection without an answer, before or after the work was done."""
    delay: Seconds = 0.0
    body: str | None = None
    """Answer 200 with this text."""
    slow: Seconds = 0.0
    """Seconds over which the body of the answer arrives."""


class End(msgspec.Struct, forbid_unknown_fields=True):
    """How jobs end, if not SUCCEEDED."""

    state: Annotated[str, Meta(pattern=f"{_SPELLINGS}(SUCCEEDED|FAILED|EXPIRED)$")] = "SUCCEEDED"
    code: int = 13
    message: str = ""

    def __post_init__(self) -> None:
        """Keep the state bare."""
        self.state = _bare(self.state)


class Scenario(msgspec.Struct, forbid_unknown_fields=True):
    """All of it."""

    answers: dict[str, Outcome] = {}
    default: Outcome = msgspec.field(default_factory=Outcome)
    fail_rate: Annotated[float, Meta(ge=0, le=1)] = 0.0
    seed: int = 0
    clock: Clock = msgspec.field(default_factory=Clock)
    end: End = msgspec.field(default_factory=End)
    order: Literal["as-sent", "reversed", "shuffled"] = "as-sent"
    keys: bool = True
    """Whether results carry their keys."""
    refuse_keys: list[str] = []
    refuse_models: list[str] = []
    faults: list[Fault] = []
    latency: Seconds = 0.0
    """Seconds before every answer."""
    empty_page: int | None = None
    """Which page of a list of jobs, counted from 1, holds none although more follow."""
    limits: Limits = msgspec.field(default_factory=Limits)
    jobs: list[ExistingJob] = []
    files: list[ExistingFile] = []


def _bare(state: str) -> str:
    return state.rpartition("STATE_")[2]


class ScenarioError(Exception):
    """A scenario that cannot be used; the text says why."""


def load(path: Path) -> Scenario:
    """The scenario in a file. Raises ScenarioError."""
    try:
        return parse(msgspec.json.decode(path.read_bytes()))
    except (OSError, msgspec.MsgspecError) as error:
        raise ScenarioError(f"{path.name}: {error}") from None


def parse(value: Any) -> Scenario:
    """The scenario in a JSON value. Raises msgspec.ValidationError."""
    return msgspec.convert(value, Scenario)


def checked(scenario: Scenario) -> Scenario:
    """The same, once more held against what it may be. Raises ScenarioError."""
    try:
        return parse(msgspec.to_builtins(scenario))
    except msgspec.MsgspecError as error:
        raise ScenarioError(str(error)) from None
