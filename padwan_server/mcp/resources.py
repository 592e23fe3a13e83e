"""Jobs, their results and some help as resources. Listing them asks no service; reading them runs an operation."""

from __future__ import annotations

from typing import Any

import mcp_types as types
from mcp.shared.exceptions import MCPError

from padwan_server.errors import PadwanError
from padwan_server.mcp import exported, uris
from padwan_server.mcp.answers import error_text, text_of
from padwan_server.mcp.calls import Calls
from padwan_server.mcp.uris import Address
from padwan_server.operations.operation import Operation
from padwan_server.operations.table import OPERATIONS

_JSON = "application/json"
_ABSENT = {"job-not-found", "invalid-job", "invalid-params", "other-backend"}

RESOURCES = [
    types.Resource(
        uri=uris.JOBS, name="jobs", title="Batch jobs", description="The newest batch jobs.", mime_type=_JSON
    ),
    types.Resource(
        uri=uris.FORMATS,
        name="formats",
        title="Formats of prompt files and exports",
        description="How to write a prompt file, and what exports hold.",
        mime_type="text/markdown",
    ),
]

TEMPLATES = [
    types.ResourceTemplate(
        uri_template=uris.JOB,
        name="job",
        title="Batch job",
        description="State and counts of a job. Subscribe to hear when it moves.",
        mime_type=_JSON,
    ),
    types.ResourceTemplate(
        uri_template=uris.RESULTS,
        name="results",
        title="Results of a batch job",
        description="The answers of an ended job, page by page.",
        mime_type=_JSON,
    ),
    types.ResourceTemplate(
        uri_template=uris.FAILURES,
        name="failures",
        title="Failures of a batch job",
        description="The prompts of an ended job that have no good answer, and why, page by page.",
        mime_type=_JSON,
    ),
]

_HELP = """# Prompt files
By extension; anything else is read as text.

- `.json`: `["A prompt", {"key": "haiku", "prompt": "Write a haiku."}]`
- `.jsonl`: one record a line, `{"key": "a", "prompt": "…"}` or, with all that the Gemini API takes,
  `{"key": "b", "request": {"contents": [{"parts": [{"text": "…"}]}], "generationConfig": {"temperature": 0}}}`
- `.txt`: one prompt a line.

Keys are unique and join each answer to its prompt; a prompt without one has `prompt-<position>`, counted from 0.
Check a file with batch_validate before batch_create.

# Exports
batch_export writes by extension:

- `.json` and `.csv`: key, content, input_tokens, output_tokens, total_tokens, error, finish_reason
- `.txt`: `[key]`, then the answer
- `.jsonl`: each answer as the service sent it

Use guard_formulas for a csv that people open in a spreadsheet.
"""


async def read(uri: str, calls: Calls) -> types.ReadResourceResult:
    """The resource at ``uri``. Raises MCPError for one that does not exist, and for what cannot be told now."""
    if uri.startswith(exported.SCHEME):
        return _contents(uri, "text/plain", await _exported(uri, calls))
    address = uris.parse(uri)
    if address is None:
        raise _not_found(uri)
    if address.what == "formats":
        return _contents(uri, "text/markdown", _HELP)
    operation, arguments = _operation(address)
    try:
        return _contents(uri, _JSON, text_of(await calls.read(operation, arguments)))
    except PadwanError as error:
        if error.code in _ABSENT:
            raise _not_found(uri) from None
        raise MCPError(types.INTERNAL_ERROR, error_text(error).partition("\n")[0][:1000], {"uri": uri[:500]}) from None


async def _exported(uri: str, calls: Calls) -> str:
    path = exported.path_in(uri)
    try:
        if path is not None:
            return await calls.read_file(path)
    except (PadwanError, OSError):
        # What lies elsewhere, and whether it is there, is nobody's business.
        pass
    raise _not_found(uri)


def _operation(address: Address) -> tuple[Operation[Any, Any], dict[str, Any]]:
    """What to run for an address, with which arguments; those that are no numbers the operation refuses."""
    match address.what:
        case "jobs":
            return OPERATIONS["list"], {}
        case "job":
            return OPERATIONS["status"], {"job": address.job}
        case "results":
            return OPERATIONS["results"], {"job": address.job, **dict(address.page)}
        case _:
            return OPERATIONS["results"], {"job": address.job, "failed_only": True, **dict(address.page)}


def _contents(uri: str, kind: str, text: str) -> types.ReadResourceResult:
    return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, mime_type=kind, text=text)])


def _not_found(uri: str) -> MCPError:
    return MCPError(types.INVALID_PARAMS, "Resource not found", {"uri": uri[:500]})
