"""Batch jobs: made whole at once, revealed by the clock."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from padwan_server.emulator import wire
from padwan_server.emulator.answers import AnswerFunction, prompt_text, result, tokens
from padwan_server.emulator.clock import SECOND, Moment, State, moment
from padwan_server.emulator.disk import read_records, write_record
from padwan_server.emulator.embeddings import embedding_result
from padwan_server.emulator.envelope import RpcError
from padwan_server.emulator.scenario import Outcome, Scenario

_CANCELLED = {"code": 1}
"""What a request gets that was not served before its job was cancelled (recorded: a code without a message)."""


EVERYBODY = ""
"""The owner of what is there from the start."""


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
    embeds: bool = False
    tokens: int = 0
    """Of the prompts, for the quota."""

    @property
    def inline(self) -> bool:
        """Whether its requests came with the create."""
        return not self.input_file

    @property
    def end(self) -> int:
        """When it is to end, in nanoseconds."""
        return self.created + int((self.pending + self.running) * SECOND)

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

    def __init__(self, folder: Path, scenario: Scenario, function: AnswerFunction | None = None) -> None:
        """``function`` makes the texts of answers, if the scenario does not."""
        self._function = function
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._scenario = scenario
        self._seen: dict[str, int] = {}
        records = read_records(folder, ".json", Batch)
        self._batches = {batch.name: batch for batch in sorted(records, key=lambda batch: batch.created)}

    def create(self, batch: Batch, items: Iterator[Item]) -> Batch:
        """Make a job of its requests, in the order of their results. Raises what ``items`` raises."""
        try:
            self._make(batch, items)
        except BaseException:
            self.discard(batch)
            raise
        return batch

    def _make(self, batch: Batch, items: Iterator[Item]) -> None:
        good = bytearray()
        with self.requests_path(batch.name).open("wb") as requests, self.results_path(batch.name).open("wb") as results:
            for item in items:
                requests.write(msgspec.json.encode({"key": item.name, "request": item.request}) + b"\n")
                batch.tokens += tokens(prompt_text(_generating(item.request or {})))
                lines = list(self._results(item, batch))
                results.writelines(line + b"\n" for line in lines)
                good += b"0" if lines and lines[0].startswith(b'{"error"') else b"1"
                batch.total += 1
        batch.good = good.decode()

    def admit(self, batch: Batch) -> None:
        """Let a job in that was made."""
        batch.pending += self._queued(batch)
        self._batches[batch.name] = batch
        self.save(batch)

    def discard(self, batch: Batch) -> None:
        """Forget a job that was made and is not let in."""
        for path in (self.requests_path(batch.name), self.results_path(batch.name)):
            path.unlink(missing_ok=True)

    def _queued(self, batch: Batch) -> float:
        """Seconds until a job may start that waits for others of its owner, of which so many run at once."""
        if self._scenario.clock.parallel is None:
            return 0.0
        start = batch.created + int(batch.pending * SECOND)
        others = (other for other in self.owned(batch.owner) if other.cancelled is None)
        ends = sorted(end for other in others if (end := other.end) > start)
        ahead = len(ends) - self._scenario.clock.parallel
        return (ends[ahead] - start) / SECOND if ahead >= 0 else 0.0

    def _results(self, item: Item, batch: Batch) -> Iterator[bytes]:
        needed = "content" if batch.embeds else "contents"
        if item.request is None or not item.request.get(needed):
            error = {"code": 3, "message": f"{needed} is not specified"}
            yield self._line(item, {"error": error}, batch)
            return
        outcome = self.outcome(item.name)
        if outcome.missing:
            return
        line = self._line(item, self._answer(item, item.request, outcome, batch), batch)
        yield line
        if outcome.twice:
            yield line

    def _answer(self, item: Item, request: dict[str, Any], outcome: Outcome, batch: Batch) -> dict[str, Any]:
        if batch.embeds:
            return embedding_result(request, outcome, inline=batch.inline)
        return result(request, outcome, batch.model, item.name, self._function)

    def _line(self, item: Item, answer: dict[str, Any], batch: Batch) -> bytes:
        named: dict[str, Any] = {}
        if self._scenario.keys:
            named = {"metadata": item.metadata} if batch.inline and item.metadata else {}
            named = named if batch.inline or item.key is None else {"key": item.key}
        line = msgspec.json.encode({**answer, **named})
        wire.check_result(line, embeds=batch.embeds)
        return line

    def outcome(self, key: str) -> Outcome:
        """What the scenario has for a prompt."""
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
        if batch is None or batch.owner not in (owner, EVERYBODY):
            raise RpcError("NOT_FOUND", "Requested entity was not found.")
        return batch

    def has(self, name: str) -> bool:
        """Whether there is a job of this name."""
        return name in self._batches

    def owned(self, owner: str) -> list[Batch]:
        """The owner's jobs, newest first."""
        return [batch for batch in self.all() if batch.owner in (owner, EVERYBODY)]

    def all(self) -> list[Batch]:
        """All jobs, newest first."""
        return list(reversed(self._batches.values()))

    def delete(self, batch: Batch) -> None:
        """Forget a job."""
        del self._batches[batch.name]
        self._record(batch.name).unlink(missing_ok=True)
        self.discard(batch)

    def save(self, batch: Batch) -> None:
        """Write a job's record."""
        write_record(self._record(batch.name), batch)

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


def _generating(request: dict[str, Any]) -> dict[str, Any]:
    """A request whose contents are where those of a GenerateContentRequest are."""
    return {"contents": [request["content"]]} if "content" in request else request


def new_name() -> str:
    """A name as the service gives them: 36 letters and digits."""
    return "batches/" + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(36))


def _unserved(line: bytes) -> bytes:
    fields = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    fields.pop("response", None)
    return msgspec.json.encode({**fields, "error": _CANCELLED})
