"""The shapes of the service's answers, each field with its type: what the emulator sends is held against them.

From Google's description of the API (v1beta, revision 20251218), which tests compare them with; where recorded answers
of the live service depart from it, they count (docs/reference/emulator.md lists where).
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

Timestamp = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")]
Int64 = Annotated[str, Meta(pattern=r"^-?\d+$")]
Count = Annotated[str, Meta(pattern=r"^[1-9]\d*$")]
"""A count is a string, and left out if it is zero."""

StateName = Annotated[str, Meta(pattern="^BATCH_STATE_(PENDING|RUNNING|SUCCEEDED|FAILED|CANCELLED|EXPIRED)$")]


class _Message(msgspec.Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """A message of the API."""


class Status(_Message):
    code: int
    message: str | UnsetType = UNSET
    details: list[dict[str, Any]] | UnsetType = UNSET


class Part(_Message):
    text: str
    thought: bool | UnsetType = UNSET


class Content(_Message):
    parts: list[Part] | UnsetType = UNSET
    role: str | UnsetType = UNSET


class ModalityTokenCount(_Message):
    modality: str
    token_count: int | UnsetType = UNSET


class UsageMetadata(_Message):
    prompt_token_count: int | UnsetType = UNSET
    candidates_token_count: int | UnsetType = UNSET
    thoughts_token_count: int | UnsetType = UNSET
    total_token_count: int | UnsetType = UNSET
    prompt_tokens_details: list[ModalityTokenCount] | UnsetType = UNSET
    service_tier: str | UnsetType = UNSET
    """Recorded since 2026, and not in the description."""


class Candidate(_Message):
    content: Content
    finish_reason: str
    index: int


class PromptFeedback(_Message):
    block_reason: str


class GenerateContentResponse(_Message):
    candidates: list[Candidate] | UnsetType = UNSET
    prompt_feedback: PromptFeedback | UnsetType = UNSET
    usage_metadata: UsageMetadata | UnsetType = UNSET
    model_version: str | UnsetType = UNSET
    response_id: str | UnsetType = UNSET


class ContentEmbedding(_Message):
    values: list[float]


class EmbedContentResponse(_Message):
    embedding: ContentEmbedding
    usage_metadata: UsageMetadata | UnsetType = UNSET
    """Recorded with inline results, and not in the description."""
    token_count: Int64 | UnsetType = UNSET
    """Recorded with results in a file, and not in the description."""


class InlinedResponse(_Message):
    metadata: dict[str, Any] | UnsetType = UNSET
    key: str | UnsetType = UNSET
    """Recorded in place of metadata in a line of a file of results; a batch of inline requests has none."""
    response: GenerateContentResponse | UnsetType = UNSET
    error: Status | UnsetType = UNSET


class InlinedEmbedContentResponse(_Message):
    metadata: dict[str, Any] | UnsetType = UNSET
    key: str | UnsetType = UNSET
    response: EmbedContentResponse | UnsetType = UNSET
    error: Status | UnsetType = UNSET


class InlinedResponses(_Message):
    inlined_responses: list[InlinedResponse]


class InlinedEmbedContentResponses(_Message):
    inlined_responses: list[InlinedEmbedContentResponse]


class GenerateContentBatchOutput(_Message):
    responses_file: str | UnsetType = UNSET
    inlined_responses: InlinedResponses | UnsetType = UNSET
    type: str | UnsetType = msgspec.field(default=UNSET, name="@type")


class EmbedContentBatchOutput(_Message):
    responses_file: str | UnsetType = UNSET
    inlined_responses: InlinedEmbedContentResponses | UnsetType = UNSET
    type: str | UnsetType = msgspec.field(default=UNSET, name="@type")


class InputConfig(_Message):
    file_name: str


class BatchStats(_Message):
    request_count: Count | UnsetType = UNSET
    successful_request_count: Count | UnsetType = UNSET
    failed_request_count: Count | UnsetType = UNSET
    pending_request_count: Count | UnsetType = UNSET


class _Batch(_Message):
    type: str = msgspec.field(name="@type")
    model: str
    create_time: Timestamp
    batch_stats: BatchStats
    state: StateName
    name: str
    display_name: str | UnsetType = UNSET
    update_time: Timestamp | UnsetType = UNSET
    input_config: InputConfig | UnsetType = UNSET
    end_time: Timestamp | UnsetType = UNSET


class GenerateContentBatch(_Batch):
    output: GenerateContentBatchOutput | UnsetType = UNSET


class EmbedContentBatch(_Batch):
    output: EmbedContentBatchOutput | UnsetType = UNSET


class _Operation(_Message):
    name: str
    done: bool | UnsetType = UNSET
    error: Status | UnsetType = UNSET


class GenerateOperation(_Operation):
    metadata: GenerateContentBatch | UnsetType = UNSET
    response: GenerateContentBatchOutput | UnsetType = UNSET


class EmbedOperation(_Operation):
    metadata: EmbedContentBatch | UnsetType = UNSET
    response: EmbedContentBatchOutput | UnsetType = UNSET


class ListOperationsResponse(_Message):
    operations: list[msgspec.Raw] | UnsetType = UNSET
    next_page_token: str | UnsetType = UNSET


class File(_Message):
    name: str
    mime_type: str
    size_bytes: Int64
    create_time: Timestamp
    update_time: Timestamp
    expiration_time: Timestamp
    sha256_hash: str
    uri: str
    state: str
    source: str
    display_name: str | UnsetType = UNSET
    download_uri: str | UnsetType = UNSET


class CreateFileResponse(_Message):
    file: File


class ListFilesResponse(_Message):
    files: list[File] | UnsetType = UNSET
    next_page_token: str | UnsetType = UNSET


class Model(_Message):
    name: str
    base_model_id: str
    version: str
    display_name: str
    description: str
    input_token_limit: int
    output_token_limit: int
    supported_generation_methods: list[str]


class ListModelsResponse(_Message):
    models: list[Model] | UnsetType = UNSET
    next_page_token: str | UnsetType = UNSET


class CountTokensResponse(_Message):
    total_tokens: int
    prompt_tokens_details: list[ModalityTokenCount]


class Empty(_Message):
    pass


class _Error(_Message):
    code: int
    message: str
    status: str
    details: list[dict[str, Any]] | UnsetType = UNSET


class ErrorResponse(_Message):
    error: _Error


class WireError(Exception):
    """An answer that the service would not give."""


def check(body: bytes, shape: type[msgspec.Struct]) -> None:
    """Hold an answer against its shape. Raises WireError."""
    try:
        answer = msgspec.json.decode(body, type=shape)
        for operation in answer.operations or () if isinstance(answer, ListOperationsResponse) else ():
            check_operation(bytes(operation))
    except msgspec.ValidationError as error:
        raise WireError(f"{shape.__name__}: {error}") from None


def check_operation(body: bytes) -> None:
    """Hold a job against its shape. Raises WireError."""
    check(body, EmbedOperation if b"EmbedContentBatch" in body else GenerateOperation)


def check_result(body: bytes, *, embeds: bool) -> None:
    """Hold one result against its shape. Raises WireError."""
    try:
        (_EMBEDDED if embeds else _GENERATED).decode(body)
    except msgspec.ValidationError as error:
        raise WireError(f"result: {error}") from None


_GENERATED = msgspec.json.Decoder(InlinedResponse)
_EMBEDDED = msgspec.json.Decoder(InlinedEmbedContentResponse)
