"""Writes the pages that derive from the code; with --check tells which are stale and writes nothing."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from padwan_server import __version__
from padwan_server.cli.main import cli
from padwan_server.cli.run import DONE, FAILED, INTERRUPTED, NOT_SUCCESSFUL, TIMED_OUT, USAGE
from padwan_server.errors import CODES
from padwan_server.exports.format import ExportFormat
from padwan_server.mcp.tools import tools
from padwan_server.operations.operation import Operation
from padwan_server.operations.settings import settings_schema
from padwan_server.operations.table import OPERATIONS
from padwan_server.prompts.rules import RULES
from padwan_server.prompts.schema import prompt_file_schema
from padwan_server.service import MODELS

DOCS = Path(__file__).parent
REFERENCE = DOCS / "reference"
VSCODE = DOCS.parent / "editors" / "vscode"
NVIM = DOCS.parent / "editors" / "nvim"
NOTE = "<!-- Written by docs/derive.py from the code: change it there, then run `make derive`. -->\n\n"
LUA_NOTE = "-- Written by docs/derive.py from the code: change it there, then run `make derive`.\n"

PALETTE = "padwan.run."
"""What the palette's commands begin with: the language client takes the server's own names."""
JOB_MENU = "operations"
"""The group of a job's context menu that holds every operation on a job."""
OF_STATES = {
    name: rf" && viewItem =~ /^job\.({states})/"
    for name, states in {
        "poll": "running|waiting",
        "results": "done",
        "cancel": "running|waiting",
        "retry": "done",
        "export": "done",
        "resolve": "uncertain|waiting",
        "delete": "done",
    }.items()
}
"""Which jobs an operation is for, by what the view calls them; without an entry it is for all."""
OWN_SETTINGS = ("padwan.server.command", "padwan.interpreter")
"""Settings that are the extension's alone."""
ICONS = {
    "create": "run-all",
    "poll": "eye",
    "cancel": "stop-circle",
    "retry": "debug-rerun",
    "export": "export",
    "resolve": "question",
}
"""For commands that stand as buttons beside jobs."""
EXIT_CODES = {
    DONE: "done",
    FAILED: "failed; standard error says why, and the next step",
    USAGE: "wrong usage: an option or a parameter",
    NOT_SUCCESSFUL: "`status` with results, or `poll`: the job ended without success",
    TIMED_OUT: "`poll`: the time of `--timeout` is up; the job goes on",
    INTERRUPTED: "Ctrl-C; a job that was sent goes on",
}


def pages() -> dict[Path, str]:
    """Every derived page and what it must hold."""
    return {
        REFERENCE / "commands.md": NOTE + "".join(commands_page()),
        REFERENCE / "operations.md": NOTE + "".join(operations_page()),
        REFERENCE / "tools.md": NOTE + "".join(tools_page()),
        REFERENCE / "settings.md": NOTE + "".join(settings_page()),
        REFERENCE / "errors.md": NOTE + "".join(errors_page()),
        REFERENCE / "rules.md": NOTE + "".join(rules_page()),
        REFERENCE / "prompt-file.schema.json": json.dumps(prompt_file_schema(), indent=1) + "\n",
        VSCODE / "package.json": _json(vscode_manifest()),
        VSCODE / "src" / "derived" / "operations.json": _json(vscode_operations()),
        VSCODE / "LICENSE": (DOCS.parent / "LICENSE").read_text(encoding="utf-8"),
        NVIM / "lua/padwan/operations.lua": f"{LUA_NOTE}return {_lua(list(map(_command, OPERATIONS.values())))}\n",
        NVIM / "lua/padwan/settings.lua": f"{LUA_NOTE}return {_lua(_defaults())}\n",
        NVIM / "doc/padwan-operations.txt": "".join(help_page()),
        NVIM / "doc/tags": "".join(help_tags()),
    }


def commands_page() -> Iterator[str]:
    """The command line as click has it."""
    yield "# Shell commands\n\nEvery command prints this with `--help`. `batch` has a command for each of "
    yield "[the operations](operations.md). `--json` prints one JSON value, an error too. "
    yield "Data goes to standard output, all else to standard error.\n\n## Exit codes\n\n| code | |\n|---|---|\n"
    yield from (f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())
    yield from _commands(cli, click.Context(cli, info_name="padwan-server"))


def _commands(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, click.Context(command, parent=context, info_name=name))
        elif command and command.add_help_option:
            yield from _shell_command(command, click.Context(command, parent=context, info_name=name))
        elif command:
            yield f"\n## padwan-server {name}\n\n{command.help}\n\n[Its options](emulator.md)\n"


def _shell_command(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"\n## {context.command_path}\n\n{command.help}\n\n| option | default | |\n|---|---|---|\n"
    for parameter in command.params:
        yield from _option_row(parameter, context)
    examples = [line.strip() for line in (command.epilog or "").splitlines() if line.startswith("  ")]
    if examples:
        yield "\n```sh\n" + "\n".join(examples) + "\n```\n"


def _option_row(parameter: click.Parameter, context: click.Context) -> Iterator[str]:
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    told = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
    words, _, default = (told[1] if told else "").partition("[default: ")
    kind = "" if getattr(parameter, "is_flag", False) else f" {parameter.make_metavar(context).replace('|', ' / ')}"
    # An argument's metavar is its name; a choice among all operations would fill the page.
    kind = kind if len(kind) < 60 else " NAME"
    needed = "*required*" if parameter.required else f"`{default.rstrip(']')}`" if default else ""
    words = re.sub(r"\s*\[required\]", "", words).replace("|", "\\|").strip()
    shown = f"{names}{kind}" if told else kind.strip()
    yield f"| {shown} | {needed} | {words} |\n"


def operations_page() -> Iterator[str]:
    """The operations with their parameters and results."""
    yield "# Operations\n\nEvery front end has the same operations, with the same parameters, results and errors.\n"
    types: dict[str, Any] = {}
    for operation in OPERATIONS.values():
        yield from _operation(operation)
        types |= operation.output_schema().get("$defs", {})
    for name, described in types.items():
        yield f"\n## {name}\n\n{described['description']}\n\n"
        yield from _fields(name, described)


def _operation(operation: Operation[Any, Any]) -> Iterator[str]:
    name = operation.name
    yield f"\n## {name}\n\n{operation.description}\n\n"
    yield f"Language server `padwan.batch.{name}` · tool `batch_{name}` · shell `padwan-server batch {name}` · "
    yield f"effect: {operation.effect.value}\n\n"
    yield "| parameter | type | default | |\n|---|---|---|---|\n"
    schema = operation.input_schema()
    for parameter, described in schema.get("properties", {}).items():
        default = "*required*" if parameter in schema.get("required", ()) else _default(described)
        yield f"| `{parameter}` | {_type(described)} | {default} | {described.get('description', '')} |\n"
    yield "\n"
    yield from _fields("result", operation.output_schema())


def _fields(title: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f"| {title} | type | |\n|---|---|---|\n"
    for field, described in schema.get("properties", {}).items():
        yield f"| `{field}` | {_type(described)} | {described.get('description', '')} |\n"


def tools_page() -> Iterator[str]:
    """The operations as assistants have them."""
    yield "# Tools\n\nWhat an assistant is told of each tool; [operations](operations.md) describe the results.\n"
    for tool in tools():
        yield f"\n## {tool.name}\n\n{tool.description}\n\n"
        hints = tool.annotations
        if hints:
            kinds = [("reads only", hints.read_only_hint), ("destructive", hints.destructive_hint)]
            yield f"{', '.join(kind for kind, holds in kinds if holds) or 'changes something'}\n\n"
        yield "| argument | type | default | |\n|---|---|---|---|\n"
        for name, described in tool.input_schema["properties"].items():
            default = "*required*" if name in tool.input_schema.get("required", ()) else _default(described)
            yield f"| `{name}` | {_type(described)} | {default} | {described['description']} |\n"


def settings_page() -> Iterator[str]:
    """The settings."""
    yield "# Settings\n\nEditors have them under `padwan.`, e.g. `padwan.backend`.\n\n"
    yield "| setting | type | default | |\n|---|---|---|---|\n"
    for name, described in settings_schema().items():
        yield f"| `padwan.{name}` | {_type(described)} | {_default(described)} | {described['description']} |\n"


def errors_page() -> Iterator[str]:
    """The codes of errors."""
    yield "# Error codes\n\nAn error has a code that never changes, a message, a hint (the next step) and data. "
    yield "The codes are the same in the language server (`error.data.code`), the tool server and the shell.\n\n"
    yield "| code | when |\n|---|---|\n"
    for code, when in sorted(CODES.items()):
        yield f"| `{code}` | {when} |\n"


def rules_page() -> Iterator[str]:
    """The rules of prompt files."""
    yield "# Rules of prompt files\n\nOnly errors stop a submission. "
    yield "The setting `padwan.rules` shows a rule's findings as "
    yield 'bad as you say, or not at all: `{"duplicate-prompt": "off", "unknown-field": "error"}`. What you make an '
    yield "error stops a submission too; what is an error here does so however you show it.\n\n"
    yield "| code | severity | what it finds |\n|---|---|---|\n"
    for rule in RULES:
        yield f"| `{rule.code}` | {rule.severity.name.lower()} | {rule.description} |\n"


def vscode_manifest() -> dict[str, Any]:
    """The VS Code extension's manifest: its own parts as they are, with the commands and settings of the server."""
    manifest: dict[str, Any] = json.loads((VSCODE / "package.json").read_text(encoding="utf-8"))
    contributes = manifest["contributes"]
    manifest["version"] = __version__
    commands = [command for command in contributes["commands"] if not command["command"].startswith(PALETTE)]
    contributes["commands"] = [*map(_palette_command, OPERATIONS.values()), *commands]
    menu = [entry for entry in contributes["menus"]["view/item/context"] if entry.get("group") != JOB_MENU]
    of_jobs = [operation.name for operation in OPERATIONS.values() if "job" in operation.params.model_fields]
    contributes["menus"]["view/item/context"] = menu + [
        {"command": PALETTE + name, "when": f"view == padwan.jobs{OF_STATES.get(name, '')}", "group": JOB_MENU}
        for name in of_jobs
    ]
    properties = contributes["configuration"]["properties"]
    own = {name: described for name, described in properties.items() if name in OWN_SETTINGS}
    contributes["configuration"]["properties"] = own | {
        f"padwan.{name}": described for name, described in settings_schema().items()
    }
    return manifest


def _palette_command(operation: Operation[Any, Any]) -> dict[str, str]:
    command = {"command": PALETTE + operation.name, "title": operation.title, "category": "Padwan"}
    return command | ({"icon": f"$({ICONS[operation.name]})"} if operation.name in ICONS else {})


def vscode_operations() -> dict[str, Any]:
    """What the VS Code extension knows of the operations: enough to ask for the parameters of any."""
    return {"operations": list(map(_vscode_operation, OPERATIONS.values())), "models": MODELS}


def _vscode_operation(operation: Operation[Any, Any]) -> dict[str, Any]:
    schema = operation.input_schema()
    return {
        "name": operation.name,
        "title": operation.title,
        "description": operation.description,
        "effect": operation.effect.value,
        "parameters": schema.get("properties", {}),
        "required": schema.get("required", []),
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _command(operation: Operation[Any, Any]) -> dict[str, Any]:
    """What Neovim knows of an operation: enough to complete it, read its arguments and ask for what is missing."""
    schema = operation.input_schema()
    return {
        "name": operation.name,
        "title": operation.title,
        "effect": operation.effect.value,
        "parameters": [
            {
                "name": name,
                "type": described["type"],
                "required": name in schema.get("required", ()),
                "values": _values(name, described),
                "description": described.get("description", ""),
            }
            for name, described in schema.get("properties", {}).items()
        ],
    }


def _values(name: str, described: dict[str, Any]) -> list[Any]:
    """What a parameter can be, if that is a short list."""
    if name == "format":
        return [kind.value for kind in ExportFormat]
    if name == "model":
        return list(MODELS)
    if described["type"] == "boolean":
        return [True, False]
    return list(described.get("enum") or described.get("items", {}).get("enum") or ())


def _defaults() -> dict[str, Any]:
    return {name: described["default"] for name, described in settings_schema().items()}


def help_page() -> Iterator[str]:
    """The operations as a page of Neovim's help."""
    yield f"*padwan-operations.txt*  Every operation and every setting{'*padwan-operations*':>21}\n\n"
    yield "Written by docs/derive.py from the code.  How to use them: |padwan|.\n\n"
    for operation in OPERATIONS.values():
        schema = operation.input_schema()
        yield from _help_head(f":Padwan {operation.name}", f"padwan-{operation.name}", operation.description)
        for name, described in schema.get("properties", {}).items():
            note = " (required)" if name in schema.get("required", ()) else ""
            yield from _help_entry(f"{name}={note}", str(described.get("description", "")))
        yield "\n"
    yield from _help_head("Settings", "padwan-settings", "Set as `settings = { padwan = { … } }`, see |padwan-config|.")
    for name, described in settings_schema().items():
        yield from _help_entry(f"{name}  (default: {json.dumps(described['default'])})", described["description"])
    yield "\n vim:tw=78:ts=8:noet:ft=help:norl:\n"


def help_tags() -> Iterator[str]:
    """The index of Neovim's help, as ``:helptags`` writes it: not every plugin manager does so for a folder."""
    texts = {
        "padwan.txt": (NVIM / "doc/padwan.txt").read_text(encoding="utf-8"),
        "padwan-operations.txt": "".join(help_page()),
    }
    tags = {tag: page for page, text in texts.items() for tag in re.findall(r"(?<!\S)\*([^*\s|]+)\*(?!\S)", text)}
    for tag, page in sorted(tags.items()):
        yield f"{tag}\t{page}\t/*{tag}*\n"


def _help_head(title: str, tag: str, text: str) -> Iterator[str]:
    yield f"{'-' * 78}\n{title:<40}{f'*{tag}*':>38}\n\n{textwrap.fill(text, 78)}\n\n"


def _help_entry(name: str, text: str) -> Iterator[str]:
    yield f"  {name}\n{textwrap.fill(text, 78, initial_indent=' ' * 8, subsequent_indent=' ' * 8)}\n"


def _lua(value: Any, indent: str = "") -> str:
    """A JSON value as Lua, laid out as stylua does."""
    inner = indent + "  "
    match value:
        case dict():
            members = [f"{name} = {_lua(member, inner)}" for name, member in value.items()]
        case list() | tuple():
            members = [_lua(member, inner) for member in value]
        case str() if '"' in value and "'" not in value:
            return f"'{value}'"
        case _:
            return json.dumps(value, ensure_ascii=False)
    if not members:
        return "{}"
    return "{\n" + "".join(f"{inner}{member},\n" for member in members) + indent + "}"


def _type(described: dict[str, Any]) -> str:
    if "enum" in described:
        return " / ".join(f"`{value}`" for value in described["enum"])
    if "$ref" in described:
        return str(described["$ref"].rsplit("/", 1)[-1])
    if "anyOf" in described:
        return " or ".join(_type(option) for option in described["anyOf"])
    if described.get("type") == "array":
        return f"list of {_type(described.get('items', {}))}"
    return str(described.get("type", "any"))


def _default(described: dict[str, Any]) -> str:
    if described.get("default") in (None, ""):
        return ""
    default = described["default"]
    return f"`{json.dumps(default) if isinstance(default, list | tuple | dict) else default}`"


def main() -> int:
    """Write the stale pages, or only name them."""
    check = "--check" in sys.argv[1:]
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(pages()[path], encoding="utf-8")
        print(f"{'stale' if check else 'written'}: {path.relative_to(DOCS.parent)}")  # noqa: T201
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
