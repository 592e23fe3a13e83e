"""The subcommands that start programs."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from padwan_server.cli.errors import print_error
from padwan_server.errors import PadwanError

if TYPE_CHECKING:
    from padwan_server.lsp.server import Companion

_BACKENDS = click.Choice(["gemini", "emulator"])
Backend = Literal["gemini", "emulator"]


def _address(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, int] | None:
    if value is None:
        return None
    host, _colon, port = value.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise click.BadParameter("give HOST:PORT, e.g. 127.0.0.1:2087")
    return host.strip("[]"), int(port)


def _settings(_: click.Context, __: click.Parameter, value: str) -> dict[str, Any]:
    try:
        read = json.loads(value)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise click.BadParameter("give one JSON object")
    return read


@click.command()
@click.option("--tcp", metavar="HOST:PORT", callback=_address, help="Serve one client there instead of on stdio.")
@click.option("--stdio", is_flag=True, help="Serve on stdio: the default, and what some editors insist on saying.")
@click.option("with_tools", "--mcp", is_flag=True, help="Serve AI assistants too; .padwan/mcp.json says where.")
def lsp(tcp: tuple[str, int] | None, stdio: bool, with_tools: bool) -> None:  # noqa: ARG001 click's call
    """Run the language server. Editors start it; docs/start has their settings."""
    from padwan_server.lsp.server import run

    try:
        run(tcp, _tool_server if with_tools else None)
    except OSError as error:
        raise click.ClickException(f"The server cannot listen there: {error.strerror}.") from None


def _tool_server() -> Companion:
    from padwan_server.mcp.attached import serve

    return serve


@click.command()
@click.option("--backend", type=_BACKENDS, show_default="gemini", help="Where jobs run.")
@click.option("--root", type=click.Path(path_type=Path), help="The workspace folder; all paths stay in it.")
@click.option(
    "--confirm",
    type=click.Choice(["auto", "always", "never"]),
    show_default="auto",
    help="Ask you before money is spent: where the client can ask, always (else nothing is sent), or never.",
)
@click.option(
    "--settings",
    metavar="JSON",
    default="{}",
    callback=_settings,
    help="What an editor has under padwan. in its settings, as one object; the options above go before.",
)
@click.option("--http", is_flag=True, help="Serve over HTTP on 127.0.0.1; .padwan/mcp.json has address and token.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port for --http; any free one unless given.")
def mcp(*, root: Path | None, settings: dict[str, Any], http: bool, port: int, **options: str | None) -> int:
    """Run the tool server on stdio. AI assistants start it; docs/start has their settings."""
    from padwan_server.mcp.life import run
    from padwan_server.operations.settings import parse_settings

    try:
        chosen = parse_settings(settings | {name: value for name, value in options.items() if value})
        if http:
            from padwan_server.mcp.http import serving

            run(root, chosen, partial(serving, port=port))
        run(root, chosen)
    except PadwanError as error:
        print_error(error, as_json=False)
        return 1


@click.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def emulator(options: tuple[str, ...]) -> int:
    """Run a local imitation of the Gemini Batch service; it prints its URL when it is ready."""
    from padwan_server.emulator.program import main

    return main(list(options))


@click.command()
@click.option("--backend", type=_BACKENDS, default="emulator", show_default=True, help="gemini asks before it sends.")
def demo(backend: Backend) -> int:
    """Show the main job: check a prompt file, send it, watch it, export it, retry what failed."""
    from padwan_server.demo.demo import run

    return run(backend)
