"""The subcommands that start programs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from padwan_server.cli.errors import print_error
from padwan_server.errors import PadwanError

_BACKENDS = click.Choice(["gemini", "emulator"])
Backend = Literal["gemini", "emulator"]


def _address(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, int] | None:
    if value is None:
        return None
    host, _colon, port = value.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise click.BadParameter("give HOST:PORT, e.g. 127.0.0.1:2087")
    return host.strip("[]"), int(port)


@click.command()
@click.option("--tcp", metavar="HOST:PORT", callback=_address, help="Serve one client there instead of on stdio.")
@click.option("--stdio", is_flag=True, help="Serve on stdio: the default, and what some editors insist on saying.")
def lsp(tcp: tuple[str, int] | None, stdio: bool) -> None:  # noqa: ARG001 click's call
    """Run the language server. Editors start it; see README.md for their settings."""
    from padwan_server.lsp.server import run

    try:
        run(tcp)
    except OSError as error:
        raise click.ClickException(f"The server cannot listen there: {error.strerror}.") from None


@click.command()
@click.option("--backend", type=_BACKENDS, default="gemini", show_default=True, help="Where jobs run.")
@click.option("--root", type=click.Path(path_type=Path), help="The workspace folder; all paths stay in it.")
def mcp(backend: Backend, root: Path | None) -> int:
    """Run the tool server on stdio. AI assistants start it; see README.md for their settings."""
    from padwan_server.mcp.server import run
    from padwan_server.operations.settings import Settings

    try:
        return run(root, Settings(backend=backend))
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
