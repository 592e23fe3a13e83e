"""A batch job as one answer of the service tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from padwan_server.gemini.errors import bad_answer
from padwan_server.gemini.states import JobState, parse_state


@dataclass(frozen=True)
class RequestCounts:
    """Requests of a job. The wire has them as strings and omits zeros."""

    total: int = 0
    succeeded: int = 0
    failed: int = 0
    pending: int = 0


@dataclass(frozen=True)
class ServiceFailure:
    """Why the service gave a job up: a google.rpc code and a sentence."""

    code: int
    message: str


@dataclass(frozen=True)
class RemoteJob:
    """One look at a job. Results that came with it are kept undecoded."""

    name: str
    state: JobState
    display_name: str = ""
    model: str = ""
    counts: RequestCounts = RequestCounts()
    create_time: datetime | None = None
    end_time: datetime | None = None
    error: ServiceFailure | None = None
    responses_file: str = ""
    inline_responses: tuple[msgspec.Raw, ...] = ()
    has_output: bool = False
    """Whether the answer held any results, or said where they are; a list never does."""

    @property
    def lacks_output(self) -> bool:
        """Whether there should be results, and are none yet."""
        succeeded = self.state in (JobState.SUCCEEDED, JobState.PARTIALLY_SUCCEEDED)
        return succeeded and self.counts.succeeded > 0 and not self.has_output


@dataclass(frozen=True)
class JobPage:
    """Some jobs, newest first; the token of the next page is empty at the end."""

    jobs: list[RemoteJob]
    next_page_token: str = ""


class _Responses(msgspec.Struct, rename="camel"):
    inlined_responses: list[msgspec.Raw] = []


class _Output(msgspec.Struct, rename="camel"):
    inlined_responses: _Responses | None = None
    responses_file: str = ""


class _Stats(msgspec.Struct, rename="camel"):
    request_count: int = 0
    successful_request_count: int = 0
    failed_request_count: int = 0
    pending_request_count: int = 0


class _Metadata(msgspec.Struct, rename="camel"):
    state: str = ""
    name: str = ""
    display_name: str = ""
    model: str = ""
    batch_stats: _Stats | None = None
    create_time: str = ""
    end_time: str = ""
    output: msgspec.Raw = msgspec.Raw(b"null")


class _Failure(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Operation(msgspec.Struct):
    """A long-running operation. ``metadata.output`` and ``response`` hold the same, so one is left unread."""

    name: str = ""
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    done: bool = False
    response: _Output | None = None
    error: _Failure | None = None


class _Operations(msgspec.Struct, rename="camel"):
    operations: list[_Operation] = []
    next_page_token: str = ""


# Lax: the wire writes 64-bit integers as strings.
_decode_operation = msgspec.json.Decoder(_Operation, strict=False).decode
_decode_operations = msgspec.json.Decoder(_Operations, strict=False).decode
_decode_output = msgspec.json.Decoder(_Output | None).decode


def parse_job(body: bytes) -> RemoteJob:
    """The job in an answer. Raises ServiceError ``bad-answer``."""
    try:
        return _job(_decode_operation(body))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise bad_answer(error) from None


def parse_page(body: bytes) -> JobPage:
    """The jobs in the answer to a list; an empty list is ``{}``. Raises ServiceError ``bad-answer``."""
    try:
        found = _decode_operations(body)
        return JobPage([_job(operation) for operation in found.operations], found.next_page_token)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise bad_answer(error) from None


def _job(operation: _Operation) -> RemoteJob:
    metadata = operation.metadata
    name = operation.name or metadata.name
    if not name:
        raise msgspec.ValidationError("a job without a name")
    output = operation.response or _decode_output(metadata.output)
    stats = metadata.batch_stats or _Stats()
    return RemoteJob(
        name=name,
        state=_state(operation),
        display_name=metadata.display_name,
        model=metadata.model.removeprefix("models/"),
        counts=RequestCounts(
            stats.request_count,
            stats.successful_request_count,
            stats.failed_request_count,
            stats.pending_request_count,
        ),
        create_time=_time(metadata.create_time),
        end_time=_time(metadata.end_time),
        error=ServiceFailure(operation.error.code, operation.error.message) if operation.error else None,
        responses_file=output.responses_file if output else "",
        inline_responses=_inline(output),
        has_output=output is not None,
    )


def _inline(output: _Output | None) -> tuple[msgspec.Raw, ...]:
    return tuple(output.inlined_responses.inlined_responses) if output and output.inlined_responses else ()


def _state(operation: _Operation) -> JobState:
    """The state told, or what ``done`` says of an operation that tells none."""
    state = parse_state(operation.metadata.state)
    if state is JobState.UNSPECIFIED and operation.done:
        return JobState.FAILED if operation.error else JobState.SUCCEEDED
    return state


def _time(wire: str) -> datetime | None:
    """A time of the wire, whose nanoseconds Python cannot hold."""
    seconds, _, fraction = wire.removesuffix("Z").partition(".")
    try:
        return datetime.fromisoformat(f"{seconds}.{fraction[:6]:0<6}+00:00")
    except ValueError:
        return None


def line_of(item: Any) -> bytes:
    """An inline response as a line of a results file would hold it: the key at the top level."""
    raw = bytes(item)
    try:
        fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        metadata = msgspec.json.decode(fields.pop("metadata", b"{}"), type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        return raw
    if "key" in metadata:
        fields = {"key": metadata.pop("key"), **fields}
    if metadata:
        fields["metadata"] = msgspec.Raw(msgspec.json.encode(metadata))
    return msgspec.json.encode(fields)
