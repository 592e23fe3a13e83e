"""One batch job as the ledger knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from padwan_server.gemini.states import JobState

SUBMITTING = "SUBMITTING"
"""The request is about to leave or on its way: the service may have the job."""

UNCERTAIN = "SUBMIT_UNCERTAIN"
"""The request left and no answer came back: the service may or may not have the job."""


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Job:
    """A row of the ledger. Counts are requests as the service last told them."""

    endpoint: str
    """``emulator`` or the address of the service."""
    key_fingerprint: str
    """Tells API keys apart without being one."""
    display_name: str
    model: str
    id: str = field(default_factory=lambda: uuid4().hex)
    """Our own name of the job: it exists before the service gives one."""
    name: str = ""
    """``batches/<id>``, empty until the service has answered."""
    state: str = SUBMITTING
    source: str = ""
    """The prompt file that it was made from, as its user would write it."""
    retry_of: str = ""
    """The ``id`` of the job whose failed prompts this one sends again."""
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    ended: datetime | None = None
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    pending: int = 0
    error: str = ""
    """Why the service gave the job up, in its words."""
    stored: bool = False
    """Its results are in the workspace's folder."""
    warning: str = ""
    """What the reader of the results must know, e.g. that they were joined by order."""

    @property
    def terminal(self) -> bool:
        """Whether the service has ended it."""
        return self.state in _TERMINAL

    @property
    def known_to_service(self) -> bool:
        """Whether it can be asked for by name."""
        return bool(self.name)


_TERMINAL = frozenset(state.value for state in JobState if state.terminal)
