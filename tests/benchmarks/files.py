"""The prompt files of the workloads: made up anew, the same each time."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from string import ascii_lowercase

EDITED = "Which single character is typed and removed here: "
"""The prompt in the middle of each file, behind which a character comes and goes."""


def _prompts(number: int) -> list[str]:
    chance = random.Random(number)
    words = ["".join(chance.choices(ascii_lowercase, k=chance.randint(2, 8))) for _ in range(500)]
    prompts = [" ".join(chance.choices(words, k=18)) + f" {index}" for index in range(number)]
    prompts[number // 2] = EDITED
    return prompts


def _objects(number: int) -> list[dict[str, str]]:
    return [{"key": f"key-{index}", "prompt": prompt} for index, prompt in enumerate(_prompts(number))]


def _on_lines(number: int) -> str:
    return "[\n" + ",\n".join(f"  {json.dumps(entry)}" for entry in _objects(number)) + "\n]\n"


def _on_one_line(number: int) -> str:
    return json.dumps(_objects(number))


def _json_lines(number: int) -> str:
    return "".join(f"{json.dumps(entry)}\n" for entry in _objects(number))


def _text(number: int) -> str:
    return "".join(f"{prompt}\n" for prompt in _prompts(number))


def _broken(number: int) -> str:
    """A quote too much some entries before the middle, and behind it a repeated key, to be found all the same."""
    lines = _on_lines(number).split("\n")
    place = number // 2 - 10
    lines[place] = lines[place].replace('"prompt"', '""prompt"')
    lines[-4] = lines[-5]
    return "\n".join(lines)


LAYOUTS: dict[str, tuple[str, Callable[[int], str]]] = {
    "lines": ("json", _on_lines),
    "one-line": ("json", _on_one_line),
    "broken": ("json", _broken),
    "jsonl": ("jsonl", _json_lines),
    "text": ("txt", _text),
}
"""How the prompts stand in a file, and the file's extension."""


def make(folder: Path, layout: str, number: int) -> Path:
    """A prompt file of so many prompts in ``folder``."""
    extension, text = LAYOUTS[layout]
    path = folder / f"{layout}-{number}.prompts.{extension}"
    if not path.exists():
        path.write_text(text(number), encoding="utf-8")
    return path
