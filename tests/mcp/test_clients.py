"""Clients that other people made do the main job on the emulator.

The TypeScript SDK, old and new; Claude Code and Gemini CLI against imitations of their models' APIs, set up as their
pages in docs/start/ say.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.assistant import SERVER
from tests.support.javascript import JavaScript
from tests.support.main_job import STEPS, check, prepare
from tests.support.scripted_model import DONE, ScriptedModel, scripted_model
from tests.support.service import workspace_scenario

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(460)]

OLD = """
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const client = new Client({ name: "old", version: "1" }, { capabilities: { elicitation: {} } });
client.setRequestHandler(ElicitRequestSchema, async (request) => answer(request.params.message));
"""

NEW = """
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const options = { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: "auto" } };
const client = new Client({ name: "new", version: "1" }, options);
client.setRequestHandler("elicitation/create", async (request) => answer(request.params.message));
"""

JOURNEY = """
const told = { asked: [], progress: [] };
function answer(message) {
  told.asked.push(message);
  return { action: "accept", content: { answer: "Yes" } };
}
const [command, ...args] = JSON.parse(process.env.SERVER);
await client.connect(new StdioClientTransport({ command, args, env: process.env }));
told.version = client.getNegotiatedProtocolVersion?.() ?? "";
told.instructions = client.getInstructions();

async function call(name, args, options) {
  const params = { name: "batch_" + name, arguments: args };
  const result = await client.callTool(params, ...(options ? OPTIONS(options) : []));
  if (result.isError) throw new Error(result.content[0].text);
  if (JSON.stringify(JSON.parse(result.content[0].text)) !== JSON.stringify(result.structuredContent))
    throw new Error("text and structure differ");
  return result.structuredContent;
}

told.tools = (await client.listTools()).tools.map((tool) => tool.name);
told.resources = (await client.listResources()).resources.length;
told.prompts = (await client.listPrompts()).prompts.length;
told.valid = (await call("validate", { file: "ask.jsonl" })).valid;
const { job } = await call("create", { file: "ask.jsonl", max_requests: 2 });
told.polled = await call("poll", { job, interval: 1 }, { onprogress: (p) => told.progress.push(p.message) });
told.results = (await call("results", { job })).results;
told.exported = await call("export", { job, output: "out.csv", guard_formulas: true });
told.again = await call("retry", { job, submit: true });
told.resource = JSON.parse((await client.readResource({ uri: "padwan://jobs" })).contents[0].text).jobs.length;
try { await call("validate", { nothing: 1 }); } catch (error) { told.refused = error.message; }
await client.close();
console.log(JSON.stringify(told));
"""


@pytest.mark.parametrize(("name", "head", "options"), [("old", OLD, "[undefined, options]"), ("new", NEW, "[options]")])
def test_the_main_job_by_the_typescript_sdk(
    workspace: Path, environment: dict[str, str], javascript: JavaScript, name: str, head: str, options: str
) -> None:
    error = {"error": {"code": 13, "message": "It broke."}, "times": 1}
    workspace_scenario(workspace, {"clock": {"pending": 1.5, "running": 0}, "answers": {"bad": error}})
    (workspace / "ask.jsonl").write_text('{"key": "good", "prompt": "one"}\n{"key": "bad", "prompt": "two"}\n')
    script = javascript.folder / f"journey-{name}.mjs"
    script.write_text(head + JOURNEY.replace("OPTIONS(options)", options))
    server = [sys.executable, *SERVER, "--root", str(workspace), "--backend", "emulator"]
    ended = javascript.run(script, environment={**environment, "SERVER": json.dumps(server)})
    assert ended.returncode == 0, ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout)
    assert len(told["tools"]) == 9
    assert (told["resources"], told["prompts"], told["resource"]) == (2, 3, 2)
    assert told["instructions"].startswith("Gemini batch jobs")
    assert told["valid"]
    assert [message[:14] for message in told["asked"]] == ["Send 2 prompts", "Send 1 prompt "]
    # The SDK may drop progress that comes together with the result.
    assert told["progress"][0] == "PENDING 0/2"
    assert told["polled"]["outcomes"] == {"error": 1, "ok": 1}
    assert [answer["outcome"] for answer in told["results"]] == ["ok", "error"]
    assert told["exported"]["rows"] == 2
    assert told["again"]["submitted"]["total"] == 1
    assert "has no parameter nothing" in told["refused"]
    assert (workspace / "out.csv").read_text().count("\n") == 3
    if name == "new":
        assert told["version"] == "2026-07-28"


@pytest.fixture
def project(workspace: Path, environment: dict[str, str]) -> Path:
    """A workspace with prompts, in an environment where padwan-server is found as it is after an installation."""
    prepare(workspace)
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return workspace


def snippet(page: str) -> dict[str, Any]:
    """The configuration that a page of docs/start/ gives: the emulator is in it."""
    text = (ROOT / "docs" / "start" / page).read_text(encoding="utf-8")
    configuration: dict[str, Any] = json.loads(text.partition("```json")[2].partition("\n")[2].partition("```")[0])
    return configuration


def claude(
    javascript: JavaScript, project: Path, environment: dict[str, str], model: ScriptedModel, *arguments: str
) -> None:
    """Run Claude Code without a person. Its model is at hand; what it would ask of its makers' servers is off."""
    (project / ".mcp.json").write_text(json.dumps(with_arguments(snippet("claude-code.md"), *arguments)))
    environment |= {
        "ANTHROPIC_BASE_URL": model.url,
        "ANTHROPIC_API_KEY": "any",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "ENABLE_TOOL_SEARCH": "false",
        "MCP_CONNECTION_NONBLOCKING": "false",
    }
    program = javascript.package("@anthropic-ai/claude-code") / "cli-wrapper.cjs"
    options = ["--mcp-config", ".mcp.json", "--strict-mcp-config", "--allowedTools", "mcp__padwan"]
    ended = javascript.run(program, "-p", "go", *options, environment=environment, folder=project, seconds=120)
    assert ended.returncode == 0, ended.stderr
    assert DONE in ended.stdout


def with_arguments(configuration: dict[str, Any], *arguments: str) -> dict[str, Any]:
    for server in next(iter(configuration.values())).values():
        server["args"] += arguments
    return configuration


def test_the_main_job_by_claude_code(project: Path, environment: dict[str, str], javascript: JavaScript) -> None:
    with scripted_model(STEPS) as model:
        claude(javascript, project, environment, model, "--confirm", "never")
    check(model.tools, model.seen, project)


def test_claude_code_without_a_person_sends_nothing_that_a_person_was_to_agree_to(
    project: Path, environment: dict[str, str], javascript: JavaScript
) -> None:
    with scripted_model(STEPS[:2]) as model:
        claude(javascript, project, environment, model)
    assert "[not-confirmed]" in model.seen[1]


def test_the_main_job_by_gemini_cli(project: Path, environment: dict[str, str], javascript: JavaScript) -> None:
    settings = {"security": {"auth": {"selectedType": "gemini-api-key"}}, **snippet("gemini-cli.md")}
    (project / ".gemini").mkdir()
    (project / ".gemini" / "settings.json").write_text(json.dumps(settings))
    program = javascript.package("@google/gemini-cli") / "bundle" / "gemini.js"
    with scripted_model(STEPS) as model:
        environment |= {
            "GOOGLE_GEMINI_BASE_URL": model.url,
            "GEMINI_API_KEY": "any",
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
        }
        options = ["--approval-mode", "yolo", "-m", "gemini-3.8-flash"]
        ended = javascript.run(program, "-p", "go", *options, environment=environment, folder=project, seconds=120)
        assert ended.returncode == 0, ended.stderr
        assert DONE in ended.stdout
    check(model.tools, model.seen, project)


def claude_commands(page: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"```sh\nclaude (mcp add .*?)```", text, re.DOTALL)


def test_claude_code_adds_the_server_as_the_page_says(
    project: Path, environment: dict[str, str], javascript: JavaScript
) -> None:
    [stdio] = claude_commands("start/claude-code.md")
    [http] = claude_commands("how-to/assistants-over-http.md")
    environment |= {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}

    def claude_says(*arguments: str) -> str:
        program = javascript.package("@anthropic-ai/claude-code") / "cli-wrapper.cjs"
        ended = javascript.run(program, *arguments, environment=environment, folder=project, seconds=120)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    serving = subprocess.Popen(
        [sys.executable, *SERVER, "--http", "--root", str(project)], stdout=subprocess.PIPE, env=environment
    )
    try:
        assert serving.stdout
        serving.stdout.readline()
        told = json.loads((project / ".padwan" / "mcp.json").read_text())
        for name in ("url", "token"):
            http = http.replace(f"$(jq -r .{name} .padwan/mcp.json)", told[name])
        for how in (stdio, http.replace(" padwan ", " padwan-over-http ").replace("\\\n", "")):
            claude_says(*shlex.split(how))
        listed = claude_says("mcp", "list")
    finally:
        serving.terminate()
        serving.communicate(timeout=30)
    assert re.search(r"^padwan: padwan-server mcp .*Connected", listed, re.MULTILINE), listed
    assert re.search(r"^padwan-over-http: http://127.0.0.1:\d+/mcp .*Connected", listed, re.MULTILINE), listed
