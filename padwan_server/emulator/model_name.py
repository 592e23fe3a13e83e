"""Models by their names, and the service's words for those that it does not have."""

from __future__ import annotations

import re

from starlette.requests import Request

from padwan_server.emulator.envelope import RpcError, refused
from padwan_server.emulator.exchange import version_of
from padwan_server.emulator.scenario import Scenario

_NAME = re.compile(r"[\w.@-]+")


def checked_model(request: Request, method: str, scenario: Scenario) -> str:
    """The model that a request is for. Raises RpcError for one that is impossible, or that the scenario refuses."""
    model: str = request.path_params["model"]
    if not _NAME.fullmatch(model):
        field = "name" if method == "getModel" else "model"
        raise refused(f"{method[0].upper()}{method[1:]}Request.{field}", "unexpected model name format")
    if model not in scenario.refuse_models:
        return model
    version = version_of(request)
    if method == "getModel":
        raise RpcError("NOT_FOUND", f"Model is not found: models/{model} for api version {version}")
    raise RpcError(
        "NOT_FOUND",
        f"models/{model} is not found for API version {version}, or is not supported for {method}. "
        "Call ModelService.ListModels to see the list of available models and their supported methods.",
    )
