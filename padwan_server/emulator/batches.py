"""Batch jobs: made whole at once, revealed by the clock."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from padwan_server.emulator.answers import result
from padwan_server.emulator.clock import Moment, State, moment, timestamp
from padwan_server.emulator.envelope import RpcError
from padwan_server.emulator.scenario import Outcome, Scenario

_TYPES = "type.googleapis.com/google.ai.generativelanguage.v1main."
_CANCELLED = {"code": 1}
"""What a request gets that was not served before its job was cancelled (recorded: a code without a message)."""


class Item(msgspec.Struct):
    """One request as it arrived. Inline requests have metadata, lines of a file a key."""

    request: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    key: str | None = None

    @property
    def name(self) -> str:
        """Its key, however it travels."""
        return self.key if self.key is not None else str((self.metadata or {}).get("key", ""))


@dataclass
class Batch:
    """A job. ``good`` has a 0 for each request, in the order in which they are served, that ends in an error."""

    name: str
    owner: str
    model: str
    display_name: str
    input_file: str
    created: int
    pending: float
    running: float
    end_state: str
    end_code: int
    end_message: str
    total: int = 0
    good: str = ""
    cancelled: int | None = None

    @property
    def inline(self) -> bool:
        """Whether its requests came with the create."""
        return not self.input_file

    def at(self, now: int) -> Moment:
        """Where it is at ``now``."""
        there = moment(
            now,
            self.created,
            pending=self.pending,
            running=self.running,
            total=self.total,
            cancelled=self.cancelled,
        )
        if there.state is State.SUCCEEDED and self.cancelled is None and self.end_state != "SUCCEEDED":
            return there._replace(state=State[self.end_state], served=0)
        return there


class Batches:
    """All jobs of the service, under ``folder``: a record, the requests as they arrived, and the results."""

    def __init__(self, folder: Path, scenario: Scenario) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._scenario = scenario
        self._seen: dict[str, int] = {}
        records = [msgspec.json.decode(path.read_bytes(), type=Batch) for path in folder.glob("*.json")]
        self._batches = {batch.name: batch for batch in sorted(records, key=lambda batch: batch.created)}

    def create(self, batch: Batch, items: Iterator[Item | None]) -> Batch:
        """Take a job in with its requests (None: a line that cannot be read), and write its results."""
        good = []
        ordered = self._ordered(items)
        with self.requests_path(batch.name).open("wb") as requests, self.results_path(batch.name).open("wb") as results:
            for item in ordered:
                if item is not None:
                    requests.write(msgspec.json.encode({"key": item.name, "request": item.request}) + b"\n")
                lines = list(self._results(item, batch))
                results.writelines(line + b"\n" for line in lines)
                good.append("0" if lines and lines[0].startswith(b'{"error"') else "1")
                batch.total += 1
        batch.good = "".join(good)
        self._batches[batch.name] = batch
        self.save(batch)
        return batch

    def _ordered(self, items: Iterator[Item | None]) -> Iterator[Item | None]:
        if self._scenario.order == "as-sent":
            return items
        found = list(items)
        if self._scenario.order == "reversed":
            found.reverse()
        else:
            random.Random(self._scenario.seed).shuffle(found)  # noqa: S311 meant to be repeatable
        return iter(found)

    def _results(self, item: Item | None, batch: Batch) -> Iterator[bytes]:
        if item is None or item.request is None or not item.request.get("contents"):
            error = {"code": 3, "message": "contents is not specified"}
            yield self._line(item or Item(), {"error": error}, batch)
            return
        outcome = self._outcome(item.name)
        if outcome.missing:
            return
        line = self._line(item, result(item.request, outcome, batch.model), batch)
        yield line
        if outcome.twice:
            yield line

    def _line(self, item: Item, answer: dict[str, Any], batch: Batch) -> bytes:
        named: dict[str, Any] = {}
        if self._scenario.keys:
            named = {"metadata": item.metadata} if batch.inline and item.metadata else {}
            named = named if batch.inline or item.key is None else {"key": item.key}
        return msgspec.json.encode({**answer, **named})

    def _outcome(self, key: str) -> Outcome:
        outcome = self._scenario.answers.get(key)
        if outcome is not None:
            self._seen[key] = self._seen.get(key, 0) + 1
            return outcome if outcome.times is None or self._seen[key] <= outcome.times else Outcome()
        chance = random.Random(f"{self._scenario.seed}\0{key}").random()  # noqa: S311 meant to be repeatable
        if chance < self._scenario.fail_rate:
            return msgspec.convert({"error": {"code": 13, "message": "Internal error encountered."}}, Outcome)
        return self._scenario.default

    def get(self, name: str, owner: str) -> Batch:
        """A job of this owner. Raises RpcError in the service's words."""
        batch = self._batches.get(name)
        if batch is None or batch.owner != owner:
            raise RpcError("NOT_FOUND", "Requested entity was not found.")
        return batch

    def owned(self, owner: str) -> list[Batch]:
        """The owner's jobs, newest first."""
        return [batch for batch in self.all() if batch.owner == owner]

    def all(self) -> list[Batch]:
        """All jobs, newest first."""
        return list(reversed(self._batches.values()))

    def delete(self, batch: Batch) -> None:
        """Forget a job."""
        del self._batches[batch.name]
        for path in (self._record(batch.name), self.requests_path(batch.name), self.results_path(batch.name)):
            path.unlink(missing_ok=True)

    def save(self, batch: Batch) -> None:
        """Write a job's record."""
        self._record(batch.name).write_bytes(msgspec.json.encode(asdict(batch)))

    def results(self, batch: Batch, served: int) -> Iterator[bytes]:
        """The results after ``served`` requests: those that were not served are errors."""
        with self.results_path(batch.name).open("rb") as lines:
            for position, line in enumerate(lines):
                yield line.rstrip() if position < served or served >= batch.total else _unserved(line)

    def requests_path(self, name: str) -> Path:
        """The requests as they arrived, in the order in which they are served."""
        return self._folder / f"{name.removeprefix('batches/')}.requests"

    def results_path(self, name: str) -> Path:
        """The results that the clock reveals."""
        return self._folder / f"{name.removeprefix('batches/')}.results"

    def _record(self, name: str) -> Path:
        return self._folder / f"{name.removeprefix('batches/')}.json"


def new_name() -> str:
    """A name as the service gives them: 36 letters and digits."""
    return "batches/" + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(36))


def _unserved(line: bytes) -> bytes:
    fields = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    fields.pop("response", None)
    return msgspec.json.encode({**fields, "error": _CANCELLED})


def wire(batch: Batch, there: Moment, output: msgspec.Raw | None) -> dict[str, Any]:
    """The long-running operation that stands for a job."""
    done = there.state not in (State.PENDING, State.RUNNING)
    metadata: dict[str, Any] = {
        "@type": _TYPES + "GenerateContentBatch",
        "model": f"models/{batch.model}",
        "displayName": batch.display_name,
    }
    if batch.input_file:
        metadata["inputConfig"] = {"fileName": batch.input_file}
    if output is not None:
        metadata["output"] = output
    metadata["createTime"] = timestamp(batch.created)
    if done:
        metadata["endTime"] = timestamp(there.since)
    metadata |= {
        "updateTime": timestamp(there.since),
        "batchStats": _stats(batch, there),
        "state": there.state.value,
        "name": batch.name,
    }
    operation: dict[str, Any] = {"name": batch.name, "metadata": metadata}
    if done:
        operation["done"] = True
        operation |= _ending(batch, there, output)
    return operation


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


def _ending(batch: Batch, there: Moment, output: msgspec.Raw | None) -> dict[str, Any]:
    if there.state is State.CANCELLED:
        return {"error": {"code": 13, "message": "Batch was cancelled."}}
    if there.state is not State.SUCCEEDED:
        return {"error": {"code": batch.end_code, "message": batch.end_message}}
    fields = msgspec.json.decode(output, type=dict[str, msgspec.Raw]) if output is not None else {}
    return {"response": {"@type": _TYPES + "GenerateContentBatchOutput", **fields}}
