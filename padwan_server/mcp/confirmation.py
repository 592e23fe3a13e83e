"""Asking the person behind an assistant before money is spent, in the way of either era of the protocol."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

import mcp_types as types
from mcp.server import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from padwan_server.errors import PadwanError
from padwan_server.jobs.clock import uncounted
from padwan_server.mcp.untrusted import in_one_line

Mode = Literal["auto", "always", "never"]

_ANSWER, _YES = "answer", "Yes"

_FORM: types.ElicitRequestedSchema = {
    "type": "object",
    "properties": {_ANSWER: {"type": "string", "title": "Your answer", "enum": [_YES, "No"]}},
    "required": [_ANSWER],
}
"""Something is to be filled in: of a question without that, VS Code's chat (1.139) shows nothing and waits for ever."""


class QuestionOpen(Exception):  # noqa: N818 no error: the call is made again with the answer
    """The question must go to the client as the result of this call, which the client then repeats (2026-07-28)."""

    def __init__(self, question: str, agreed: list[str]) -> None:
        super().__init__(question)
        self.question = question
        self.agreed = agreed

    def result(self) -> types.InputRequiredResult:
        """The question as a result. What was agreed to before travels along, sealed by the server."""
        request = types.ElicitRequest(
            params=types.ElicitRequestFormParams(message=self.question, requested_schema=_FORM)
        )
        return types.InputRequiredResult(
            input_requests={_name(self.question): request}, request_state=json.dumps(self.agreed)
        )


class Confirmation:
    """The questions of one call."""

    def __init__(
        self, context: ServerRequestContext[Any, Any], params: types.CallToolRequestParams, mode: Mode
    ) -> None:
        self._context = context
        self._mode = mode
        self._answers = params.input_responses or {}
        self._agreed: list[str] = json.loads(params.request_state) if params.request_state else []

    async def approve(self, question: str) -> None:
        """Stop what the person does not want. Raises PadwanError ``not-confirmed`` or ``nobody-to-ask``."""
        answer = await self.confirm(question)
        if answer is False:
            raise PadwanError(
                "not-confirmed",
                "Nothing was sent: the user was asked and did not agree.",
                "Ask them what they want; only they can have the server started with --confirm never.",
            )
        if answer is None and self._mode == "always":
            raise PadwanError(
                "nobody-to-ask",
                "Nothing was sent: the user is to be asked before it costs money, and this client cannot ask.",
                "Tell them to send it in their editor or shell, or to set confirm to auto.",
            )

    async def confirm(self, question: str) -> bool | None:
        """Whether the person says yes; None where nobody can be asked or is to be."""
        if self._mode == "never" or not self._can_ask:
            return None
        # The name of a file or of a job must not add sentences of its own.
        question = in_one_line(question)
        if self._context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return self._answered(question)
        try:
            with uncounted():
                answer = await self._context.session.elicit_form(question, _FORM, self._context.request_id)
        except MCPError:
            # A client that can ask, and did not: nobody agreed.
            return False
        return _agrees(answer)

    @property
    def _can_ask(self) -> bool:
        capabilities = self._context.session.client_capabilities
        able = capabilities.elicitation if capabilities else None
        # Neither mode named means forms (2025-06-18).
        return able is not None and (able.form is not None or able.url is None)

    def _answered(self, question: str) -> bool:
        """The answer that came with this call. Raises QuestionOpen if none did: to another question is to none."""
        name = _name(question)
        answer = self._answers.get(name)
        if name not in self._agreed and not isinstance(answer, types.ElicitResult):
            raise QuestionOpen(question, self._agreed)
        if isinstance(answer, types.ElicitResult) and not _agrees(answer):
            return False
        self._agreed = [*self._agreed, name]
        return True


def _agrees(answer: types.ElicitResult) -> bool:
    """Whether a person agreed. Who accepts without filling anything in, as clients without forms do, agrees too."""
    return answer.action == "accept" and (not answer.content or answer.content.get(_ANSWER) == _YES)


def _name(question: str) -> str:
    return "confirm-" + hashlib.sha256(question.encode()).hexdigest()[:16]
