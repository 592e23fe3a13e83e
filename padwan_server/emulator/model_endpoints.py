"""Models over HTTP, and single requests to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from padwan_server.emulator import wire
from padwan_server.emulator.answers import AnswerFunction, prompt_text, result, tokens
from padwan_server.emulator.batch_endpoints import model_not_found
from padwan_server.emulator.creation import checked_request
from padwan_server.emulator.envelope import invalid, of_rpc_code
from padwan_server.emulator.exchange import Exchange, json_response, page_of
from padwan_server.emulator.scenario import Scenario

MODELS = {
    "gemini-3.8-flash": ["generateContent", "countTokens", "batchGenerateContent"],
    "gemini-3.7-flash": ["generateContent", "countTokens", "batchGenerateContent"],
    "gemini-embedding-001": ["asyncBatchEmbedContent"],
}
"""Those that are listed; any other works as well unless the scenario refuses it."""


class ModelEndpoints:
    """List and get of models; generateContent and countTokens for one request."""

    def __init__(self, scenario: Scenario, exchange: Exchange, function: AnswerFunction | None) -> None:
        self._scenario = scenario
        self._exchange = exchange
        self._function = function

    def routes(self, root: str) -> Iterator[Route]:
        """The routes under one version."""
        route = self._exchange.route
        yield route(f"{root}/models/{{model}}:generateContent", "generate", self._generate, "POST")
        yield route(f"{root}/models/{{model}}:countTokens", "generate", self._count, "POST")
        yield route(f"{root}/models", "models", self._list)
        yield route(f"{root}/models/{{model}}", "models", self._get)

    async def _generate(self, request: Request) -> Response:
        model = self._model(request, "generateContent")
        asked = checked_request(_decoded(await request.body()), "")
        answer = result(asked, self._scenario.default, model, "", self._function)
        if "error" in answer:
            raise of_rpc_code(answer["error"]["code"], answer["error"].get("message", ""))
        return json_response(answer["response"], wire.GenerateContentResponse)

    async def _count(self, request: Request) -> Response:
        self._model(request, "countTokens")
        asked = _decoded(await request.body())
        asked = asked.get("generateContentRequest", asked)
        count = tokens(prompt_text(asked))
        details = [{"modality": "TEXT", "tokenCount": count}]
        return json_response({"totalTokens": count, "promptTokensDetails": details}, wire.CountTokensResponse)

    async def _list(self, request: Request) -> Response:
        found, token = page_of(list(MODELS), request)
        return json_response({"models": [_resource(model) for model in found], **token}, wire.ListModelsResponse)

    async def _get(self, request: Request) -> Response:
        return json_response(_resource(self._model(request, "generateContent")), wire.Model)

    def _model(self, request: Request, method: str) -> str:
        model: str = request.path_params["model"]
        if model in self._scenario.refuse_models:
            raise model_not_found(model, method)
        return model


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        message = msgspec.json.decode(body or b"{}")
    except msgspec.MsgspecError as error:
        raise invalid("", f"Invalid JSON payload received. {error}") from None
    if not isinstance(message, dict):
        raise invalid("", "Invalid JSON payload received. Expected an object.")
    return message


def _resource(model: str) -> dict[str, Any]:
    return {
        "name": f"models/{model}",
        "version": "emulated",
        "displayName": model,
        "description": "Emulated: nothing reaches Google.",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": MODELS.get(model, MODELS["gemini-3.8-flash"]),
    }
