"""Lays out the Lua of editors/nvim with stylua and looks at it with luacheck; with --check it writes nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PLUGIN = Path(__file__).parent / "nvim"
TOOLS = Path(__file__).parents[1] / "build" / "stylua"
# The package holds stylua as WebAssembly, so nothing has to be downloaded or compiled after it.
STYLUA = "@johnnymorganz/stylua@2.5.2"

SCRIPT = """
import { readFileSync, writeFileSync } from "node:fs";
import { Config, IndentType, LuaVersion, OutputVerification, formatCode } from "@johnnymorganz/stylua";

// Each run takes its configuration with it.
function layout() {
  const config = Config.new();
  config.column_width = 120;
  config.indent_type = IndentType.Spaces;
  config.indent_width = 2;
  config.syntax = LuaVersion.LuaJIT;
  return config;
}

const [mode, ...files] = process.argv.slice(2);
for (const file of files) {
  const before = readFileSync(file, "utf8");
  const after = formatCode(before, layout(), undefined, OutputVerification.None);
  if (before !== after) {
    console.log(`${mode === "--check" ? "not laid out by stylua" : "laid out"}: ${file}`);
    if (mode === "--check") process.exitCode = 1;
    else writeFileSync(file, after);
  }
}
"""


def main() -> int:
    """Run both tools; 1 if something is to be mended, or a tool is missing where all must be there."""
    check = "--check" in sys.argv[1:]
    files = [str(path) for path in sorted(PLUGIN.rglob("*.lua"))]
    failed = _missing("npm", "stylua") if not shutil.which("npm") else _stylua(files, check=check)
    if not shutil.which("luacheck"):
        return failed | _missing("luacheck", "luacheck")
    luacheck = ["luacheck", "--quiet", "--no-color", "--config", str(PLUGIN / ".luacheckrc"), *files]
    return failed | subprocess.run(luacheck, check=False).returncode  # noqa: S603


def _missing(program: str, what: str) -> int:
    """Say that a look was left out; an error where CI is to make every look."""
    print(f"{program} is not on the PATH: {what} was left out.", file=sys.stderr)  # noqa: T201
    return 1 if os.environ.get("CI") == "true" else 0


def _stylua(files: list[str], *, check: bool) -> int:
    if not (TOOLS / "node_modules").exists():
        TOOLS.mkdir(parents=True, exist_ok=True)
        (TOOLS / "package.json").write_text(json.dumps({"private": True}))
        install = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", STYLUA]
        subprocess.run(install, cwd=TOOLS, check=True)  # noqa: S603
    script = TOOLS / "stylua.mjs"
    script.write_text(SCRIPT)
    mode = "--check" if check else "--write"
    return subprocess.run(["node", str(script), mode, *files], check=False).returncode  # noqa: S603, S607


if __name__ == "__main__":
    sys.exit(main())
