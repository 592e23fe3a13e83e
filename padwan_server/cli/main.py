"""``padwan-server``: finds the subcommand and loads that alone."""

from __future__ import annotations

import importlib
import os
import sys

import click

from padwan_server import __version__
from padwan_server.cli.errors import print_error
from padwan_server.cli.terminal import say
from padwan_server.errors import PadwanError

_COMMANDS = {
    "lsp": ("padwan_server.cli.servers", "The language server, for editors."),
    "mcp": ("padwan_server.cli.servers", "The tool server, for AI assistants."),
    "batch": ("padwan_server.cli.batch", "Create, watch, export and retry batch jobs."),
    "emulator": ("padwan_server.cli.servers", "A local imitation of the Gemini Batch service."),
    "doctor": ("padwan_server.cli.doctor", "What works here, and what to do about the rest."),
    "run": ("padwan_server.cli.scripting", "One operation with JSON parameters, for scripts."),
    "schema": ("padwan_server.cli.scripting", "The JSON Schemas of all operations."),
    "demo": ("padwan_server.cli.servers", "The main job, shown in a few seconds without a key."),
}
"""Each subcommand, the module that has it under its name, and the line of help that needs no loading."""


class _Commands(click.Group):
    """Subcommands that are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(_COMMANDS[cmd_name][0]), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", prog_name="padwan-server")
def cli() -> None:
    """Gemini batch jobs where people already work: in the editor, for AI assistants, and here."""


def main() -> int:
    """Run the command line; the exit code. An unexpected error is told by its kind, without a traceback."""
    _open_closed_streams()
    try:
        code = cli.main(prog_name="padwan-server", standalone_mode=False)
    except click.exceptions.Exit as end:
        code = end.exit_code
    except click.exceptions.Abort:
        print_error(_aborted(), as_json=_as_json())
        code = 130
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message(), err=True)
        code = error.exit_code
    except click.ClickException as error:
        print_error(_in_our_words(error), as_json=_as_json())
        code = error.exit_code
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        _drop_output()
        code = 1
    except PadwanError as error:
        # Raised outside of any operation.
        writable = error.code != "output-not-writable"
        if not writable:
            _drop_output()
        print_error(error, as_json=writable and _as_json())
        code = 1
    except Exception as error:
        if os.environ.get("PADWAN_DEBUG"):
            raise
        print_error(_internal(error), as_json=_as_json())
        code = 1
    return code if isinstance(code, int) else 0


def _as_json() -> bool:
    """Whether errors are the one JSON value too. ``run`` and ``schema`` never print anything else."""
    return "--json" in sys.argv or sys.argv[1:2] in (["run"], ["schema"])


def _open_closed_streams() -> None:
    """Stand in for streams that our caller closed, in the order of their numbers: else the next file that is opened,
    the ledger say, would get the number of standard output."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 open to the end


def _drop_output() -> None:
    """What is still in the buffer of standard output cannot be written, at the end of the program either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _aborted() -> PadwanError:
    return PadwanError(
        "interrupted", "Interrupted. A job that was sent goes on.", "See the jobs: padwan-server batch list"
    )


def _in_our_words(error: click.ClickException) -> PadwanError:
    """The same code as in every other front end, with the help that fits."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else "padwan-server"
    return PadwanError("invalid-params", error.format_message(), f"See {command} --help.")


def _internal(error: Exception) -> PadwanError:
    message = f"padwan-server met an error of its own ({type(error).__name__})."
    return PadwanError("internal", message, "Please report it; PADWAN_DEBUG=1 shows where it arose.")
