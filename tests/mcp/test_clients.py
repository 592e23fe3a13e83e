"""Clients that other people made: the TypeScript SDK, old and new, doing the main job on the emulator."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.assistant import SERVER
from tests.support.javascript import JavaScript
from tests.support.service import workspace_scenario

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
  return { action: "accept", content: {} };
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
    workspace_scenario(workspace, {"clock": {"pending": 0.2, "running": 0.2}, "answers": {"bad": error}})
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
    assert told["progress"][-1].startswith("SUCCEEDED 2/2")
    assert told["polled"]["outcomes"] == {"error": 1, "ok": 1}
    assert [answer["outcome"] for answer in told["results"]] == ["ok", "error"]
    assert told["exported"]["rows"] == 2
    assert told["again"]["submitted"]["total"] == 1
    assert "has no parameter nothing" in told["refused"]
    assert (workspace / "out.csv").read_text().count("\n") == 3
    if name == "new":
        assert told["version"] == "2026-07-28"
