"""Results and errors as a model gets them: whole in their text and in their structure, short, and safe to read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import mcp_types as types
from pydantic import BaseModel

from padwan_server.errors import PadwanError
from padwan_server.mcp import exported
from padwan_server.mcp.untrusted import Fence, clean, in_one_line
from padwan_server.mcp.uris import failures_uri, results_uri
from padwan_server.operations.context import Shown, Workspace
from padwan_server.operations.export import ExportResult
from padwan_server.operations.operation import Result
from padwan_server.operations.results import ResultsResult
from padwan_server.operations.retry import FailedPrompt, RetryResult
from padwan_server.operations.status import StatusResult
from padwan_server.operations.views import JobView, ResultView

LONGEST = 16_000
"""Characters of one answer's JSON at most: clients cut at 25,000 tokens (Claude Code) or less."""

LONGEST_TEXT = 10_000
"""Characters of one result's text at most."""

SHOWN = Shown(results=100, chars=4000, jobs=20)
"""What operations tell to assistants; of that, an answer holds what fits."""

_LONGEST_STRING = 1000
"""Characters of any other string: names, errors, keys."""

OMITTED = {
    "type": "object",
    "additionalProperties": {"type": "integer"},
    "description": "How many entries of which list were left out to keep the answer short.",
}
"""The schema of the member ``omitted``, which only shortened answers have."""


def success(result: Result, workspace: Workspace) -> types.CallToolResult:
    """``result`` as the answer of a tool, with links to what did not fit, and to the file that was written."""
    told = told_of(result)
    links = [exported.link(result, workspace)] if isinstance(result, ExportResult) else _links(result, told)
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=_json(told)), *links]
    return types.CallToolResult(content=content, structured_content=told)


def failure(error: PadwanError) -> types.CallToolResult:
    """An error that the model can read and act upon.

    In text alone: clients hold whatever structure there is against the output schema, and would show their own error.
    """
    return types.CallToolResult(content=[types.TextContent(type="text", text=error_text(error))], is_error=True)


def error_text(error: PadwanError) -> str:
    """What went wrong, what to do, and the code; what others said stands in a fence."""
    told = _fitted({"error": _plain(error.to_json(), Fence())})
    shown = told["error"]
    text = f"{shown['message']} {shown['hint']}".strip() + f" [{shown['code']}]"
    return text + ("\n" + _json(shown["data"]) if shown["data"] else "")


def told_of(result: Result) -> dict[str, Any]:
    """``result`` in JSON values, cleaned, fenced and cut to length."""
    told = _fitted(_plain(result, Fence()))
    dropped = told.get("omitted", {}).get("results", 0)
    if dropped and isinstance(result, StatusResult):
        told["results_omitted"] += dropped
    if dropped and isinstance(result, ResultsResult):
        told["next_offset"] = told["offset"] + len(told["results"])
    return told


def text_of(result: Result) -> str:
    """``result`` as the text of a resource."""
    return _json(told_of(result))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# Cleaning

_FENCED: tuple[tuple[type[BaseModel], tuple[str, ...]], ...] = (
    (ResultView, ("content", "error")),
    (FailedPrompt, ("error",)),
    (JobView, ("name", "error")),
)
"""The members that hold what a model or a service said, or whoever named a job."""


def _plain(value: Any, fence: Fence) -> Any:
    """JSON values whose strings are short and hold nothing unseen."""
    if isinstance(value, BaseModel):
        return _members(value, fence)
    if isinstance(value, dict):
        return {_short(str(name)): _plain(member, fence) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member, fence) for member in value]
    return fence.around_quote(_short(value)) if isinstance(value, str) else value


def _members(model: BaseModel, fence: Fence) -> dict[str, Any]:
    fenced = next((names for kind, names in _FENCED if isinstance(model, kind)), ())
    members: dict[str, Any] = {}
    for name, value in model:
        if name in fenced and isinstance(model, JobView):
            members[name] = fence.around_all(in_one_line(value[:_LONGEST_STRING]))
        elif name in fenced:
            longest = LONGEST_TEXT if name == "content" else _LONGEST_STRING
            members[name] = fence.around(getattr(model, "key", ""), clean(value[:longest]))
        elif name == "file" and isinstance(model, JobView):
            members[name] = in_one_line(_without_place(value)[:_LONGEST_STRING])
        else:
            members[name] = _plain(value, fence)
    if isinstance(model, ResultView):
        members["omitted_chars"] += max(len(model.content) - LONGEST_TEXT, 0)
    return members


def _without_place(path: str) -> str:
    """A prompt file's path from the root; of one that lies elsewhere, where a person has sent it from, the name."""
    for flavour in (PurePosixPath, PureWindowsPath):
        if flavour(path).is_absolute():
            return flavour(path).name
    return path


def _short(text: str) -> str:
    text = clean(text[: _LONGEST_STRING + 1])
    return text if len(text) <= _LONGEST_STRING else text[: _LONGEST_STRING - 1] + "…"


# Cutting


def _fitted(told: dict[str, Any]) -> dict[str, Any]:
    """``told`` with its longest lists cut at their ends until it is short enough; ``omitted`` says by how much."""
    omitted: dict[str, int] = {}
    while (over := len(_json(told)) - LONGEST) > 0:
        found = max(_lists(told), key=lambda item: len(_json(item[1])), default=None)
        if found is None or not found[1]:
            break
        name, longest = found
        dropped = _drop(longest, over + _ROOM_FOR_OMITTED)
        omitted[name] = omitted.get(name, 0) + dropped
        told["omitted"] = omitted
    return told


_ROOM_FOR_OMITTED = 100


def _lists(value: Any, name: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Every list in ``value`` with the name of its member."""
    if isinstance(value, dict):
        for member, inner in value.items():
            yield from _lists(inner, member)
    elif isinstance(value, list):
        yield name, value
        for inner in value:
            yield from _lists(inner, name)


def _drop(members: list[Any], characters: int) -> int:
    """Take entries off the end until that much is saved or none is left; how many."""
    before = len(members)
    while members and characters > 0:
        characters -= len(_json(members.pop())) + 1
    return before - len(members)


# Links


def _links(result: Result, told: dict[str, Any]) -> Sequence[types.ResourceLink]:
    """Where the rest is."""
    if isinstance(result, StatusResult) and told["results_omitted"]:
        return [_link(results_uri(result.job, len(told["results"])), "The other results")]
    if isinstance(result, ResultsResult) and told["next_offset"] is not None:
        return [_link(results_uri(result.job, told["next_offset"]), "The next results")]
    if isinstance(result, RetryResult) and told.get("omitted", {}).get("failed"):
        return [_link(failures_uri(result.job), "The failed prompts")]
    return []


def _link(uri: str, name: str) -> types.ResourceLink:
    return types.ResourceLink(type="resource_link", uri=uri, name=name, mime_type="application/json")
