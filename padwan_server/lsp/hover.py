"""What is behind a prompt: its text as it will be sent, and what its last job answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lsprotocol import types

from padwan_server.lsp.last_jobs import LastJob
from padwan_server.prompts.record import Record

if TYPE_CHECKING:
    from padwan_server.jobs.chain import Beside
    from padwan_server.lsp.server import PadwanLanguageServer

_SHOWN = 2000
"""Characters of a text at most."""


class Hovers:
    """Hovers over prompts."""

    def __init__(self, server: PadwanLanguageServer) -> None:
        self._server = server

    def register(self) -> None:
        """Take part in the protocol."""
        self._server.on(types.TEXT_DOCUMENT_HOVER, self._hover)

    async def _hover(self, params: types.HoverParams) -> types.Hover | None:
        view = await self._server.scope.view(params.text_document.uri)
        if view is None:
            return None
        document, prompts, convert = view
        record = prompts.record_at(convert.offset(params.position))
        if record is None:
            return None
        job = await self._server.last_jobs.of(document)
        beside = (await job.beside([record]))[0] if job else None
        words = [*_of_record(record), *(_of_job(job, beside) if job else ())]
        text = "\n\n".join(words)
        return types.Hover(types.MarkupContent(self._kind, text), convert.range(record.span))

    @property
    def _kind(self) -> types.MarkupKind:
        text_document = self._server.client_capabilities.text_document
        formats = text_document and text_document.hover and text_document.hover.content_format
        return types.MarkupKind.PlainText if formats and formats[0] == "plaintext" else types.MarkupKind.Markdown


def _of_record(record: Record) -> Iterator[str]:
    size = f"{len(record.text):,} characters, {len(record.text.encode('utf-8', 'surrogatepass')):,} bytes"
    yield f"{_quoted(record.key)} · {size}"
    yield _fenced(record.text)


def _of_job(job: LastJob, beside: Beside | None) -> Iterator[str]:
    root = job.chain.root
    if not root.stored:
        done = root.succeeded + root.failed
        yield f"Job {_quoted(root.name or root.id)} is {root.state}: {done} of {root.total} done."
    if beside is None:
        return
    if beside.answer is None:
        yield f"Changed since job {_quoted(beside.job.name)}: its answer was to another text."
        return
    answer = beside.answer.answer
    tokens = f" · {answer.input_tokens} + {answer.output_tokens} tokens" if answer.output_tokens is not None else ""
    yield f"{beside.answer.outcome} in {_quoted(beside.job.name)}{tokens}"
    if text := answer.content or answer.error:
        yield _fenced(text)


def _quoted(word: str) -> str:
    return "`" + word.replace("`", "'").replace("\n", " ")[:100] + "`"


def _fenced(text: str) -> str:
    """A text between fences that it cannot end itself."""
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{shown}\n{fence}"
