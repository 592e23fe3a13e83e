"""Models over HTTP, and single requests to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from padwan_server.emulator import wire
from padwan_server.emulator.answers import AnswerFunction, prompt_text, result, tokens
from padwan_server.emulator.creation import read_message
from padwan_server.emulator.envelope import of_rpc_code, refused
from padwan_server.emulator.exchange import Exchange, body_of, json_response, version_of
from padwan_server.emulator.messages import member
from padwan_server.emulator.model_name import checked_model
from padwan_server.emulator.paging import page_of
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
        model = checked_model(request, "generateContent", self._scenario)
        asked = read_message(await body_of(request), "GenerateContentRequest", version_of(request))
        if not asked.get("contents"):
            raise refused("GenerateContentRequest.contents", "contents is not specified")
        answer = result(asked, self._scenario.default, model, "", self._function)
        if "error" in answer:
            raise of_rpc_code(answer["error"]["code"], answer["error"].get("message", ""))
        return json_response(answer["response"], wire.GenerateContentResponse)

    async def _count(self, request: Request) -> Response:
        checked_model(request, "countTokens", self._scenario)
        asked = read_message(await body_of(request), "CountTokensRequest", version_of(request))
        count = tokens(prompt_text(member(asked, "generate_content_request") or asked))
        details = [{"modality": "TEXT", "tokenCount": count}]
        return json_response({"totalTokens": count, "promptTokensDetails": details}, wire.CountTokensResponse)

    async def _list(self, request: Request) -> Response:
        page = page_of(list(MODELS), request)
        models = [_resource(model) for model in page.found]
        return json_response({"models": models, **page.token}, wire.ListModelsResponse)

    async def _get(self, request: Request) -> Response:
        return json_response(_resource(checked_model(request, "getModel", self._scenario)), wire.Model)


def _resource(model: str) -> dict[str, Any]:
    return {
        "name": f"models/{model}",
        "baseModelId": model,
        "version": "emulated",
        "displayName": model,
        "description": "Emulated: nothing reaches Google.",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": MODELS.get(model, MODELS["gemini-3.8-flash"]),
    }
