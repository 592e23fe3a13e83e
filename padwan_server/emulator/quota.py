"""What one key may have at a time, and the service's refusals."""

from __future__ import annotations

from padwan_server.emulator.batches import Batches
from padwan_server.emulator.clock import State
from padwan_server.emulator.envelope import RpcError
from padwan_server.emulator.files import Files
from padwan_server.emulator.scenario import Limits

_ACTIVE = (State.PENDING, State.RUNNING)
_LINK = {
    "@type": "type.googleapis.com/google.rpc.Help",
    "links": [
        {
            "description": "Learn more about Gemini API quotas",
            "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
        }
    ],
}


class Quota:
    """Limits of concurrent jobs, of their tokens for each model, and of stored bytes."""

    def __init__(self, limits: Limits, batches: Batches, files: Files) -> None:
        self._limits = limits
        self._batches = batches
        self._files = files

    def check_job(self, owner: str, now: int) -> None:
        """Refuse a job too many. Raises RpcError."""
        active = sum(batch.at(now).state in _ACTIVE for batch in self._batches.owned(owner))
        if active >= self._limits.jobs:
            raise self._exceeded("BatchConcurrentRequestsPerProject")

    def check_tokens(self, owner: str, model: str, added: int, now: int) -> None:
        """Refuse tokens too many for a model. Raises RpcError."""
        if self._limits.tokens is None:
            return
        mine = [batch for batch in self._batches.owned(owner) if batch.model == model]
        queued = sum(batch.tokens for batch in mine if batch.at(now).state in _ACTIVE)
        if queued + added > self._limits.tokens:
            raise self._exceeded("BatchEnqueuedTokensPerModelPerProject")

    def check_storage(self, owner: str, added: int, now: int) -> None:
        """Refuse bytes too many. Raises RpcError."""
        if sum(file.size for file in self._files.owned(owner, now)) + added > self._limits.storage:
            raise self._exceeded("FileStorageBytesPerProject")

    def _exceeded(self, quota: str) -> RpcError:
        violation = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota}]}
        wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{self._limits.retry_after:g}s"}
        return RpcError(
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details. For more information on "
            "this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current usage, "
            "head to: https://ai.dev/rate-limit. ",
            [_LINK, violation, wait],
        )
