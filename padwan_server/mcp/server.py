"""The tool server: its root, its session and its life."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

import mcp_types as types
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from padwan_server import __version__
from padwan_server.errors import PadwanError
from padwan_server.jobs.progress import JobProgress
from padwan_server.mcp.tools import failure, operation_of, success, tools, within_a_call
from padwan_server.operations.settings import Settings
from padwan_server.session.roots import find_root
from padwan_server.session.session import Session

logger = logging.getLogger(__name__)

_INSTRUCTIONS = """Gemini batch jobs: many prompts at half the price, answered within a day.
Write a prompt file, check it with batch_validate, send it with batch_create, then batch_poll until done is true.
Read results with batch_status (results: true), write them with batch_export, retry failures with batch_retry."""

Context = ServerRequestContext[dict[str, Any]]


def build(session: Session) -> Server[dict[str, Any]]:
    """The server over a session."""

    async def list_tools(_: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=tools())

    async def call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        return await _call(session, context, params)

    return Server(
        "padwan-server",
        version=__version__,
        title="Gemini batch jobs",
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def _call(session: Session, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    operation = operation_of(params.name)
    if operation is None:
        raise MCPError(types.INVALID_PARAMS, f"There is no tool {params.name}.")
    looks = 0

    async def report(look: JobProgress) -> None:
        # Progress must increase from message to message, and a job's counts may stand still.
        nonlocal looks
        looks += 1
        words = f"{look.state} {look.done}/{look.total}" + (f". {look.note}" if look.note else "")
        await context.session.report_progress(looks, None, words)

    try:
        arguments = within_a_call(operation, dict(params.arguments or {}))
        result = await operation(arguments, session.context(report))
    except PadwanError as error:
        return failure(error)
    except Exception as error:  # noqa: BLE001 whatever it is, its text may hold what a model should not see
        logger.error("internal error: %s", type(error).__name__)  # noqa: TRY400 nor should a log
        return failure(PadwanError("internal", "padwan-server met an error of its own.", "Please report it."))
    return success(result.model_dump(mode="json"))


def workspace_root(given: Path | None) -> Path:
    """The folder that all paths stay in. Raises PadwanError ``invalid-root``."""
    named = given or (Path(os.environ["CLAUDE_PROJECT_DIR"]) if os.environ.get("CLAUDE_PROJECT_DIR") else None)
    root = (named or find_root(Path.cwd())).expanduser().resolve()
    if not root.is_dir():
        raise PadwanError("invalid-root", f"There is no folder {root}.", "Give --root a folder that exists.")
    if root in (Path(root.anchor), Path.home().resolve()):
        raise PadwanError(
            "invalid-root", f"{root} is too much to open to an assistant.", "Give --root the folder of one project."
        )
    return root


def run(root: Path | None, settings: Settings) -> int:
    """Serve on stdio until the client leaves or a signal comes. Ends the process: a thread may still wait for input.

    Raises PadwanError ``invalid-root``.
    """
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
    session = Session(workspace_root(root), settings, confined=True)
    asyncio.run(_serve(session))
    logging.shutdown()
    os._exit(0)


async def _serve(session: Session) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    serving = asyncio.create_task(_speak(session))
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    await session.aclose()
    sys.stdout.flush()
    # A reader thread waits for input that may never come, and the SDK would wait for it.
    os._exit(0)


async def _speak(session: Session) -> None:
    server = build(session)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
