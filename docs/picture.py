"""Draws docs/pictures/demo.svg: what the demo prints, as a terminal shows it."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parent / "pictures" / "demo.svg"


def main() -> None:
    """Run the demo and draw its output."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": "110"}
    command = [sys.executable, "-m", "padwan_server", "demo"]
    told = subprocess.run(command, capture_output=True, check=True, env=environment).stdout.decode()  # noqa: S603
    told = re.sub(r"\S*/(padwan-demo)-\w+", r"/tmp/\1", told)  # noqa: S108 only in a picture
    told = re.sub(r"\S*/bin/padwan-server", "padwan-server", told)
    # Of a bar that moves, the last picture.
    told = re.sub(r"[^\n]*\r(?=[^\n])", "", re.sub(r"\x1b\[(\?25[lh]|2K|1A)", "", told))
    console = Console(record=True, width=110, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(told.strip()))
    drawn = console.export_svg(title="padwan-server demo")
    # Whoever looks at it loads no font from elsewhere.
    PICTURE.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
