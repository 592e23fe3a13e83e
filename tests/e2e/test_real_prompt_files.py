"""What other people's prompt files hold is what arrives at the service, character for character."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator
from tests.support.language_client import open_editor
from tests.support.service import service_environment

pytestmark = pytest.mark.slow

DATA = Path(__file__).parent.parent / "data"


def contents(text: str) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": text}]}]}


def strings(path: Path) -> list[tuple[str, Any]]:
    prompts = json.loads(path.read_text("utf-8"))
    return [(f"prompt-{position}", contents(prompt)) for position, prompt in enumerate(prompts)]


def objects(path: Path) -> list[tuple[str, Any]]:
    return [(entry["key"], contents(entry["prompt"])) for entry in json.loads(path.read_text("utf-8"))]


def gemini_lines(path: Path) -> list[tuple[str, Any]]:
    lines = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]
    return [(line["key"], line["request"]) for line in lines]


def text_lines(path: Path) -> list[tuple[str, Any]]:
    text = path.read_bytes().decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
    prompts = [line.strip() for line in text.split("\n") if line.strip()]
    return [(f"prompt-{position}", contents(prompt)) for position, prompt in enumerate(prompts)]


FILES = {
    "hebrew_strings.json": (strings, 96),
    "rtl_objects.json": (objects, 330),
    "humaneval_objects.json": (objects, 164),
    "humaneval_gemini.jsonl": (gemini_lines, 164),
    "afrikaans_dups.json": (objects, 1000),
    "emoji_riddles.txt": (text_lines, 34),
    "emoji_riddles_bom_crlf.txt": (text_lines, 34),
    "spanish_58k.txt": (text_lines, 58037),
}


@pytest.mark.parametrize("name", FILES)
async def test_every_prompt_arrives_as_it_stands(
    workspace: Path, environment: dict[str, str], emulate: Callable[..., RunningEmulator], name: str
) -> None:
    emulator = emulate()
    shutil.copy(DATA / name, workspace)
    read, count = FILES[name]
    async with open_editor(
        workspace, environment=service_environment(environment, emulator), options={"backend": "gemini"}
    ) as editor:
        job = (await editor.command("create", file=name))["job"]
        await editor.command("poll", job=job, results=False)
        await editor.command("export", job=job, output="out.jsonl")
    expected = read(DATA / name)
    assert len(expected) == count
    arrived = [(request["key"], request["request"]) for request in emulator.job_requests(job)]
    assert arrived == expected
    exported = [json.loads(line) for line in (workspace / "out.jsonl").read_text("utf-8").split("\n") if line]
    assert [line["key"] for line in exported] == [key for key, _ in expected]
    for line, (_, request) in zip(exported, expected, strict=True):
        assert line["response"]["candidates"][0]["content"]["parts"][0]["text"].endswith(
            request["contents"][0]["parts"][0]["text"]
        )


def test_every_file_of_the_folder_is_covered() -> None:
    files = {path.name for path in DATA.iterdir()} - {"ORIGIN.md"}
    assert files - FILES.keys() == {"emoji_riddles_utf16le.txt"}


async def test_utf_16_is_refused_and_nothing_is_sent(
    workspace: Path, environment: dict[str, str], emulate: Callable[..., RunningEmulator]
) -> None:
    emulator = emulate()
    shutil.copy(DATA / "emoji_riddles_utf16le.txt", workspace)
    async with open_editor(
        workspace, environment=service_environment(environment, emulator), options={"backend": "gemini"}
    ) as editor:
        with pytest.raises(Exception, match="UTF-8") as caught:
            await editor.command("create", file="emoji_riddles_utf16le.txt")
    assert caught.value.data["code"] == "not-utf8"  # type: ignore[attr-defined]
    assert emulator.requests() == []
