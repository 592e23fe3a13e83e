"""One batch job as the ledger knows it: usually one job at the service, several where its prompts were too many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from padwan_server.gemini.states import JobState

WAITING = "WAITING"
"""The request has not left: the service cannot have it."""

SUBMITTING = "SUBMITTING"
"""The request is about to leave or on its way: the service may have it."""

UNCERTAIN = "SUBMIT_UNCERTAIN"
"""The request left and no answer came back: the service may or may not have it."""

_TERMINAL = frozenset(state.value for state in JobState if state.terminal)

_TELLING = ("RUNNING", "UPDATING", "PENDING", "QUEUED", "UNSPECIFIED", "PAUSED", "CANCELLING", UNCERTAIN, SUBMITTING)
"""States of parts, the first one that any part is in being that of the job, until all have ended."""


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


def new_id() -> str:
    """A name of our own: it exists before the service gives one, and no two are the same."""
    return uuid4().hex


@dataclass(frozen=True)
class Part:
    """One job at the service. Counts are requests as the service last told them."""

    id: str
    """Names its files of requests and results; that of the first part is the job's own."""
    tag: str
    """Stands in its display name at the service, and is another one for each time that it is sent."""
    name: str = ""
    """``batches/<id>``, empty until the service has answered."""
    state: str = WAITING
    ended: datetime | None = None
    input_file: str = ""
    """``files/<id>`` of its uploaded requests, empty when they go inline or have not been uploaded."""
    uploaded: datetime | None = None
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    pending: int = 0
    error: str = ""
    """Why the service gave it up, in its words."""
    stored: bool = False
    """Its results are in the workspace's folder, or it never had any."""
    warning: str = ""
    """What the reader of its results must know, e.g. that they were joined by order."""

    @property
    def terminal(self) -> bool:
        """Whether it has ended."""
        return self.state in _TERMINAL


@dataclass(frozen=True)
class Job:
    """What was submitted together, and how far it is."""

    endpoint: str
    """``emulator`` or the address of the service."""
    key_fingerprint: str
    """Tells API keys apart without being one."""
    display_name: str
    model: str
    id: str = field(default_factory=new_id)
    source: str = ""
    """The prompt file that it was made from, as its user would write it."""
    retry_of: str = ""
    """The ``id`` of the job whose failed prompts this one sends again."""
    fingerprint: str = ""
    """Tells submissions apart: of all requests, the model, the endpoint and the key."""
    created: datetime = field(default_factory=now)
    looked: datetime | None = None
    """When the service last told how far it is."""
    trouble: str = ""
    """What went wrong at the last try to ask or to send, empty after a success."""
    parts: tuple[Part, ...] = ()

    @property
    def name(self) -> str:
        """``batches/<id>`` of its first part, empty until the service has answered."""
        return self.parts[0].name if self.parts else ""

    @property
    def state(self) -> str:
        """One state for all parts."""
        states = [part.state for part in self.parts]
        if len(set(states)) == 1:
            return states[0]
        if states and all(part.terminal for part in self.parts):
            return _ended(set(states))
        telling = [state for state in _TELLING if state in states]
        # Some have ended and the others wait to be sent.
        return telling[0] if telling else JobState.PENDING.value if states else WAITING

    @property
    def terminal(self) -> bool:
        """Whether all of it has ended."""
        return bool(self.parts) and all(part.terminal for part in self.parts)

    @property
    def stored(self) -> bool:
        """Whether all its results are in the workspace's folder."""
        return bool(self.parts) and all(part.stored for part in self.parts)

    @property
    def ended(self) -> datetime | None:
        """When the last of it ended."""
        return max((part.ended for part in self.parts if part.ended), default=None) if self.terminal else None

    @property
    def total(self) -> int:
        """Its requests."""
        return sum(part.total for part in self.parts)

    @property
    def succeeded(self) -> int:
        """Requests that the service answered."""
        return sum(part.succeeded for part in self.parts)

    @property
    def failed(self) -> int:
        """Requests that failed at the service."""
        return sum(part.failed for part in self.parts)

    @property
    def pending(self) -> int:
        """Requests without an answer yet."""
        return sum(part.pending for part in self.parts)

    @property
    def error(self) -> str:
        """Why the service gave it up, or some of it."""
        return self._told(lambda part: part.error)

    @property
    def warning(self) -> str:
        """What the reader of its results must know."""
        return self._told(lambda part: part.warning)

    def _told(self, what: Callable[[Part], str]) -> str:
        return " ".join(dict.fromkeys(filter(None, map(what, self.parts))))

    @property
    def sent(self) -> bool:
        """Whether the service has taken any of it."""
        return any(part.name for part in self.parts)

    @property
    def uncertain(self) -> bool:
        """Whether a person must say what is to become of a part of it."""
        return any(part.state == UNCERTAIN for part in self.parts)

    @property
    def unanswered(self) -> bool:
        """Whether some of it has left and no answer has come."""
        return any(part.state in (SUBMITTING, UNCERTAIN) for part in self.parts)

    @property
    def waiting(self) -> bool:
        """Whether some of it has yet to be sent."""
        return any(part.state == WAITING for part in self.parts)


def _ended(states: set[str]) -> str:
    """What is to be said of parts that ended in different ways."""
    if states & {JobState.SUCCEEDED.value, JobState.PARTIALLY_SUCCEEDED.value}:
        return JobState.PARTIALLY_SUCCEEDED.value
    return next(state.value for state in (JobState.FAILED, JobState.EXPIRED, JobState.CANCELLED) if state in states)


def display_name(job: Job, part: Part) -> str:
    """What the service's own pages show: parts of one job are told apart."""
    number = [other.id for other in job.parts].index(part.id) + 1
    return f"{job.display_name} ({number} of {len(job.parts)})" if len(job.parts) > 1 else job.display_name
