"""A job on the wire: the long-running operation that stands for it."""

from __future__ import annotations

from typing import Any

import msgspec

from padwan_server.emulator.batches import Batch
from padwan_server.emulator.clock import Moment, State, timestamp

_TYPES = "type.googleapis.com/google.ai.generativelanguage.v1main."

_ERRORS = {
    State.CANCELLED: "Batch was cancelled.",
    State.FAILED: "Batch failed.",
    State.EXPIRED: "Batch expired.",
}
"""The first is recorded, the others are guesses."""


def operation(batch: Batch, there: Moment, output: msgspec.Raw | None) -> dict[str, Any]:
    """The operation of a job; ``output`` is what a GET has at its end, and a list leaves out."""
    done = there.state not in (State.PENDING, State.RUNNING)
    kind = "EmbedContentBatch" if batch.embeds else "GenerateContentBatch"
    metadata: dict[str, Any] = {
        "@type": _TYPES + kind,
        "model": f"models/{batch.model}",
    }
    if batch.display_name:
        metadata["displayName"] = batch.display_name
    if batch.input_file:
        metadata["inputConfig"] = {"fileName": batch.input_file}
    if output is not None:
        metadata["output"] = output
    metadata["createTime"] = timestamp(batch.created)
    if done:
        metadata["endTime"] = timestamp(there.since)
    if not (done and batch.embeds and batch.inline):
        # Recorded: an inline embedding batch that has ended says no time of its last change.
        metadata["updateTime"] = timestamp(there.since)
    metadata |= {
        "batchStats": _stats(batch, there),
        "state": there.state.value,
        "name": batch.name,
    }
    made: dict[str, Any] = {"name": batch.name, "metadata": metadata}
    if done:
        made["done"] = True
        made |= _ending(batch, there, output, kind)
    return made


def _stats(batch: Batch, there: Moment) -> dict[str, str]:
    """Counts as strings, zeros left out, as the wire has them."""
    failed = batch.good[: there.served].count("0")
    cut_short = there.state is State.SUCCEEDED and there.served < batch.total
    counts = {
        "requestCount": batch.total,
        "successfulRequestCount": there.served - failed,
        "failedRequestCount": failed + (batch.total - there.served if cut_short else 0),
        "pendingRequestCount": 0 if cut_short else batch.total - there.served,
    }
    return {name: str(count) for name, count in counts.items() if count}


def _ending(batch: Batch, there: Moment, output: msgspec.Raw | None, kind: str) -> dict[str, Any]:
    if there.state is not State.SUCCEEDED:
        ordered = there.state.name == batch.end_state
        code = batch.end_code if ordered else 13
        return {"error": {"code": code, "message": (ordered and batch.end_message) or _ERRORS[there.state]}}
    if output is None:
        return {}
    fields = msgspec.json.decode(output, type=dict[str, msgspec.Raw])
    # Recorded: the output of inline embeddings has the type of the batch itself.
    suffix = "" if batch.embeds and batch.inline else "Output"
    return {"response": {"@type": f"{_TYPES}{kind}{suffix}", **fields}}
