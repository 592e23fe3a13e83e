"""The newest job of each open prompt file, as the workspace remembers it: no service is asked for what is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from padwan_server.errors import PadwanError
from padwan_server.lsp.documents import PromptTextDocument
from padwan_server.lsp.errors import log_not_shown
from padwan_server.prompts.document import PROBLEMS_SHOWN, PromptDocument
from padwan_server.prompts.problem import Problem
from padwan_server.prompts.record import Record
from padwan_server.prompts.rules import Code, problem

if TYPE_CHECKING:
    from padwan_server.jobs.chain import Beside, Chain
    from padwan_server.jobs.history import History
    from padwan_server.jobs.job import Job
    from padwan_server.jobs.results import StoredAnswer
    from padwan_server.lsp.server import PadwanLanguageServer

T = TypeVar("T")


class LastJob(NamedTuple):
    """The newest job of a prompt file, with its retries."""

    chain: Chain
    history: History

    async def beside(self, records: Iterable[Record]) -> list[Beside | None]:
        """What it has for each of some records."""
        records = list(records)
        return await self._read(
            lambda: [self.chain.beside(r.key, r.digest, generated=r.generated) for r in records], [None] * len(records)
        )

    async def failures(self, limit: int) -> list[StoredAnswer]:
        """The first prompts that it has no good answer to."""
        return await self._read(lambda: self.chain.failures(limit), [])

    async def failed(self) -> int:
        """How many prompts it has no good answer to."""
        return await self._read(self.chain.failed, 0)

    async def _read(self, function: Callable[[], T], otherwise: T) -> T:
        """What cannot be read is not shown; whoever asks for the job is told why."""
        try:
            return await self.history.read(function)
        except PadwanError as error:
            log_not_shown(error)
            return otherwise


class LastJobs:
    """Finds them."""

    def __init__(self, server: PadwanLanguageServer) -> None:
        self._server = server
        self._failures: dict[str, tuple[list[Job], list[StoredAnswer], int]] = {}

    async def of(self, document: PromptTextDocument) -> LastJob | None:
        """The job of a document, if there is one. A ledger that cannot be read is as good as none here."""
        path = Path(document.path)
        if not self._server.remembers(path):
            return None
        session = self._server.session_for(str(path))
        try:
            chain = await session.latest(path)
        except PadwanError as error:
            log_not_shown(error)
            return None
        return LastJob(chain, session.history) if chain else None

    async def failed(
        self, document: PromptTextDocument, prompts: PromptDocument, *, everything: bool = False
    ) -> list[Problem]:
        """The prompts of a document that its last job has no good answer to, each where it stands now.

        The first PROBLEMS_SHOWN of them unless ``everything`` is wanted.
        """
        job = await self.of(document)
        if job is None:
            return []
        failures = await (job.failures(job.chain.root.total) if everything else self._failures_of(document, job))
        found = [_failed(record, failure) for failure in failures for record in await _records(failure, prompts)]
        return sorted(found, key=lambda p: p.span)

    async def _failures_of(self, document: PromptTextDocument, job: LastJob) -> list[StoredAnswer]:
        """What failed, read again only when the job or a retry of it has moved: this is asked for at every key."""
        jobs, failures, _ = self._failures.get(document.uri, ([], [], 0))
        if jobs != job.chain.jobs:
            failures, total = await job.failures(PROBLEMS_SHOWN), await job.failed()
            self._failures[document.uri] = (job.chain.jobs, failures, total)
        return failures

    def untold(self, document: PromptTextDocument) -> int:
        """How many more have failed than those that were found last."""
        _, failures, total = self._failures.get(document.uri, ([], [], 0))
        return total - len(failures)


async def _records(failure: StoredAnswer, prompts: PromptDocument) -> list[Record]:
    """The records that still have the text which failed."""
    named = [record for record in prompts.records_of(failure.key) if record.digest == failure.digest]
    if named or not _is_default(failure.key):
        return named
    # The prompt has moved: the file is read for its text once, and then block by block as it changes.
    blocks = prompts.snapshot()
    await asyncio.to_thread(lambda: [block.digests for _, block in blocks])
    moved = prompts.record_with(failure.digest)
    return [moved] if moved and moved.generated else []


def _is_default(key: str) -> bool:
    return key.startswith("prompt-")


def _failed(record: Record, failure: StoredAnswer) -> Problem:
    reason = failure.answer.error or failure.answer.finish_reason or failure.outcome
    message = f"The last job has no answer to this prompt ({failure.outcome}): {reason[:300]}"
    return problem(Code.FAILED_REQUEST, message, record.prompt_span)
