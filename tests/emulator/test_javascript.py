"""Google's own SDK for JavaScript works with the emulator unchanged."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from padwan_server.emulator.testing import RunningEmulator
from tests.support.javascript import JavaScript

pytestmark = pytest.mark.slow

SCRIPT = """
import { GoogleGenAI } from "@google/genai";
import { writeFileSync, readFileSync } from "node:fs";

const ai = new GoogleGenAI({ apiKey: "any", httpOptions: { baseUrl: process.env.EMULATOR } });
const model = "gemini-3.8-flash";
const told = {};

const src = [{ contents: [{ role: "user", parts: [{ text: "one" }] }], metadata: { key: "a" } }];
const created = await ai.batches.create({ model, src, config: { displayName: "mine" } });
const job = await ai.batches.get({ name: created.name });
told.state = job.state;
told.text = job.dest.inlinedResponses[0].response.candidates[0].content.parts[0].text;
told.listed = [];
for await (const listed of await ai.batches.list()) told.listed.push(listed.displayName);

writeFileSync("in.jsonl", JSON.stringify({ key: "b", request: { contents: [{ parts: [{ text: "two" }] }] } }) + "\\n");
const file = await ai.files.upload({ file: "in.jsonl", config: { mimeType: "application/jsonl" } });
told.size = (await ai.files.get({ name: file.name })).sizeBytes;
const fromFile = await ai.batches.get({ name: (await ai.batches.create({ model, src: file.name })).name });
await ai.files.download({ file: fromFile.dest.fileName, downloadPath: "out.jsonl" });
told.files = [];
for await (const listed of await ai.files.list()) told.files.push(listed.name);
await ai.files.delete({ name: file.name });

const embed = { inlinedRequests: { contents: ["three"], config: { outputDimensionality: 3 } } };
const embedded = await ai.batches.createEmbeddings({ model: "gemini-embedding-001", src: embed });
const vectors = (await ai.batches.get({ name: embedded.name })).dest.inlinedEmbedContentResponses;
told.dimensions = vectors[0].response.embedding.values.length;

told.answer = (await ai.models.generateContent({ model, contents: "four" })).text;
told.tokens = (await ai.models.countTokens({ model, contents: "five" })).totalTokens;
await ai.batches.cancel({ name: created.name });
await ai.batches.delete({ name: created.name });
try { await ai.batches.get({ name: created.name }); } catch (error) { told.gone = error.status; }

const refusals = {
  model: () => ai.batches.create({ model: "gone", src }),
  name: () => ai.batches.get({ name: "batches/nothing" }),
  file: () => ai.batches.create({ model, src: "files/nothing" }),
  requests: () => ai.batches.create({ model, src: [] }),
  long: () => ai.files.get({ name: "files/" + "x".repeat(41) }),
  token: () => ai.batches.list({ config: { pageToken: "odd" } }),
  size: () => ai.batches.create({ model, src: [{ contents: "x".repeat(20_000_001) }] }),
  field: () => ai.batches.create({ model, src: [{ contents: "x", config: { thinkingConfig: { budget: 1 } } }] }),
  key: () => new GoogleGenAI({ apiKey: "bad", httpOptions: { baseUrl: process.env.EMULATOR } }).batches.list(),
  quota: async () => { for (;;) await ai.batches.create({ model: "busy", src }); },
};
told.refused = {};
for (const [name, call] of Object.entries(refusals)) {
  try { await call(); } catch (error) { told.refused[name] = [error.status, error.message]; }
}
// The SDK downloads in the background of its promise.
const soon = () => new Promise((resolve) => setTimeout(resolve, 20));
for (let tries = 0; tries < 200 && !told.line; tries++) {
  try { told.line = JSON.parse(readFileSync("out.jsonl", "utf8")); } catch { await soon(); }
}
console.log(JSON.stringify(told));
"""


REFUSED = {
    "model": (404, "models/gone is not found"),
    "name": (404, "NOT_FOUND"),
    "file": (403, "may not exist"),
    "requests": (400, "no requests are given"),
    "long": (400, "cannot be more than 40 characters"),
    "token": (400, "INVALID_ARGUMENT"),
    "size": (400, "exceeds the limit"),
    "field": (400, "Cannot find field"),
    "key": (400, "API_KEY_INVALID"),
    "quota": (429, "RESOURCE_EXHAUSTED"),
}


@pytest.mark.timeout(430)
def test_every_call(emulate: Callable[..., RunningEmulator], javascript: JavaScript) -> None:
    script = javascript.folder / "every-call.mjs"
    script.write_text(SCRIPT)
    scenario = {
        "refuse_models": ["gone"],
        "refuse_keys": ["bad"],
        "faults": [{"on": "create", "after": 20, "status": 429}],
    }
    ended = javascript.run(script, environment={**os.environ, "EMULATOR": emulate(scenario).url})
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["state"] == "JOB_STATE_SUCCEEDED"
    assert told["text"].endswith("one")
    assert told["listed"] == ["mine"]
    assert int(told["size"]) > 50
    assert told["line"]["key"] == "b"
    assert len(told["files"]) == 2
    assert told["dimensions"] == 3
    assert told["answer"].endswith("four")
    assert told["tokens"] == 1
    assert told["gone"] == 404
    for name, (status, words) in REFUSED.items():
        assert told["refused"][name][0] == status, (name, told["refused"])
        assert words in told["refused"][name][1]
