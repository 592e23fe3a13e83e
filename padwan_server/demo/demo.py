"""The demo's story, told while it happens."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from padwan_server.demo.client import DemoEditor, open_editor
from padwan_server.errors import PadwanError

EMULATOR = "emulator"

SAMPLE = Path(__file__).parent / "sample"
PROMPT_FILE = "planets.prompts.json"

_SCENARIO = {
    "clock": {"pending": 1, "running": 2},
    "answers": {
        "venus": {"error": {"code": 13, "message": "Internal error encountered."}, "times": 1},
        "jupiter": {"error": {"code": 4, "message": "Deadline exceeded."}, "times": 1},
    },
}
"""Two prompts fail the first time, so that there is something to retry."""


def run(backend: str = "emulator") -> int:
    """Show the main job at ``backend`` and return an exit code: 0 if every step did what it should."""
    console = Console(highlight=False, soft_wrap=True)
    if backend == "gemini" and not _agreed(console):
        return 1
    workspace = Path(tempfile.mkdtemp(prefix="padwan-demo-"))
    shutil.copy(SAMPLE / PROMPT_FILE, workspace)
    if backend == "emulator":
        folder = workspace / ".padwan" / "emulator"
        folder.mkdir(parents=True, mode=0o700)
        (folder / "scenario.json").write_text(json.dumps(_SCENARIO), encoding="utf-8")
    try:
        asyncio.run(_Story(console, workspace, backend).tell())
    except PadwanError as error:
        console.print(f"[bold red]{escape(f'error[{error.code}]')}[/]: {escape(str(error))}")
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted. A job that was sent goes on at the service.")
        return 130
    return 0


def _agreed(console: Console) -> bool:
    """Real requests cost money, so they need the user's word."""
    prompts = len(json.loads((SAMPLE / PROMPT_FILE).read_text(encoding="utf-8")))
    console.print(f"This sends {prompts} short prompts to the Gemini API with your key, which costs money.")
    console.print("A batch job there takes from minutes to a day.")
    try:
        return input("Send them? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        console.print("Nobody answered, so nothing was sent.")
        return False


class _Story:
    """What happens, step by step."""

    def __init__(self, console: Console, workspace: Path, backend: str) -> None:
        self._console = console
        self._workspace = workspace
        self._backend = backend
        self._step = 0

    async def tell(self) -> None:
        """All steps. Raises PadwanError at the first that does not do what it should."""
        where = "the embedded emulator (no key needed)" if self._backend == EMULATOR else "the Gemini API"
        self._console.print(f"[bold]padwan-server demo[/] on {where}, in {escape(str(self._workspace))}\n")
        async with open_editor(self._workspace / PROMPT_FILE, self._backend) as editor:
            await self._mend(editor)
            job = await self._send(editor)
            await self._poll(editor, job)
            await self._export(editor, job, "first")
            await self._retry(editor, job)
        self._farewell()

    async def _mend(self, editor: DemoEditor) -> None:
        self._says(f"The language server checks {PROMPT_FILE} while you type")
        problems = await editor.open()
        _require(bool(problems), "the faulty sample has no problems")
        for problem in problems:
            place = f"{PROMPT_FILE}:{problem.range.start.line + 1}:{problem.range.start.character + 1}"
            self._console.print(f"   [red]{place}[/] {escape(problem.message)} [dim]\\[{problem.code}][/]")
        title = await editor.fix(problems[0])
        self._says(f"Quick fix: {escape(title)}")
        left = await editor.problems()
        _require(not left, "the quick fix left problems behind")
        self._console.print("   no problems left")

    async def _send(self, editor: DemoEditor) -> str:
        self._says("One command sends the file as a batch job")
        created = await editor.command("create", file=PROMPT_FILE, name="padwan-demo")
        self._console.print("   {total} prompts are {job}, model {model}".format(**created))
        return str(created["job"])

    async def _poll(self, editor: DemoEditor, job: str) -> None:
        self._says("Progress shows where you work")
        columns = (
            TextColumn("   {task.description:<10}"),
            BarColumn(complete_style="cyan", finished_style="green"),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._console) as progress:
            bar = progress.add_task("PENDING", total=None)

            def moved(look: Any) -> None:
                done = look.succeeded + look.failed
                progress.update(bar, description=look.state, completed=done, total=look.total)
                if not self._console.is_terminal:
                    self._console.print(f"   {look.state} {done}/{look.total}")

            editor.on_progress = moved
            polled = await editor.command("poll", job=job, interval=1, results=False)
        state = polled["state"]
        _require(state == "SUCCEEDED", f"the job ended {state}: {polled['error']}")
        self._console.print(f"   {state}: {_counted(polled['outcomes'])}")

    async def _export(self, editor: DemoEditor, job: str, what: str) -> int:
        """The number of prompts without an answer."""
        self._says("Results go to json, csv and txt beside the prompts" if what == "first" else "One whole result")
        for extension in ("json", "csv", "txt"):
            written = await editor.command("export", job=job, output=f"results.{extension}", overwrite=what != "first")
            self._console.print(
                f"   {written['output']}: {written['rows']} rows, {written['failed']} without an answer"
            )
        return int(written["failed"])

    async def _retry(self, editor: DemoEditor, job: str) -> None:
        self._says("Failed prompts are retried alone")
        report = await editor.command("retry", job=job)
        for failed in report["failed"]:
            self._console.print(f"   [yellow]{escape(failed['key'])}[/] {escape(failed['error'])}")
        if not report["failed"]:
            _require(self._backend != EMULATOR, "the emulator failed none of the prompts")
            self._console.print(f"   {escape(report['message'])}")
            return
        again = await editor.command("retry", job=job, submit=True)
        self._console.print(f"   {escape(again['message'])}")
        await self._poll(editor, again["submitted"]["job"])
        failed = await self._export(editor, job, "whole")
        _require(not failed or self._backend != EMULATOR, "the retry left prompts without an answer")

    def _farewell(self) -> None:
        self._says("Done")
        self._console.print(f"   The files are in {escape(str(self._workspace))}")
        self._console.print("   Next: connect your editor or assistant (README.md), or try the shell there:")
        self._console.print(f"     cd {escape(str(self._workspace))}")
        self._console.print(f"     {escape(_program())} batch list --backend emulator")
        self._console.print("   With a key of yours (https://aistudio.google.com/apikey), the real service:")
        self._console.print("     export GEMINI_API_KEY=…")
        self._console.print(f"     {escape(_program())} demo --backend gemini")

    def _says(self, what: str) -> None:
        self._step += 1
        self._console.print(f"[bold cyan]{self._step}.[/] {what}")


def _program() -> str:
    """What the person has to type to run us: after ``make demo`` we are in no search path."""
    return "padwan-server" if shutil.which("padwan-server") else str(Path(sys.executable).parent / "padwan-server")


def _counted(outcomes: dict[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())


def _require(held: bool, otherwise: str) -> None:
    if not held:
        raise PadwanError("demo-failed", f"The demo failed: {otherwise}.", "Please report it.")


if __name__ == "__main__":
    sys.exit(run())
