"""A model that does what a test says, behind imitations of the APIs that assistants' programs talk to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.main_job import Step, job_in

DONE = "All is done."


class ScriptedModel:
    """Calls one tool after the other, whoever asks; ``seen`` is what the program showed it of each result."""

    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps
        self.seen: list[str] = []
        self.tools: list[str] = []
        self.url = ""

    def next(self, tools: list[str], results: list[str]) -> tuple[str, dict[str, Any]] | None:
        """The next call, given all tools and all results so far; None at the end."""
        self.tools, self.seen = tools, results
        if len(results) >= len(self._steps):
            return None
        wanted, arguments = self._steps[len(results)]
        name = next(tool for tool in tools if tool.endswith(wanted))
        return name, {key: job_in(results) if value == "JOB" else value for key, value in arguments.items()}

    def anthropic(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        """The events of one answer of the Messages API."""
        tools = [tool["name"] for tool in asked.get("tools", [])]
        results = [
            json.dumps(block["content"], ensure_ascii=False)
            for message in asked["messages"]
            if isinstance(message["content"], list)
            for block in message["content"]
            if block["type"] == "tool_result"
        ]
        # Programs also ask for titles and the like, without tools.
        call = self.next(tools, results) if any("batch_" in tool for tool in tools) else None
        if call:
            block = {"type": "tool_use", "id": f"toolu_{len(results)}", "name": call[0], "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(call[1])}
        else:
            block, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": DONE}
        usage = {"input_tokens": 1, "output_tokens": 1}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": asked["model"], "content": []}
        return [
            {"type": "message_start", "message": {**message, "stop_reason": None, "usage": usage}},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "tool_use" if call else "end_turn"}, "usage": usage},
            {"type": "message_stop"},
        ]

    def gemini(self, asked: dict[str, Any]) -> dict[str, Any]:
        """One answer of generateContent."""
        tools = [f["name"] for tool in asked.get("tools", []) for f in tool.get("functionDeclarations", [])]
        results = [
            json.dumps(part["functionResponse"]["response"], ensure_ascii=False)
            for content in asked["contents"]
            for part in content.get("parts", [])
            if "functionResponse" in part
        ]
        call = self.next(tools, results) if any("batch_" in tool for tool in tools) else None
        part: dict[str, Any] = {"functionCall": {"name": call[0], "args": call[1]}} if call else {"text": DONE}
        candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
        return {"candidates": [candidate], "usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 2}}


@contextmanager
def scripted_model(steps: list[Step]) -> Iterator[ScriptedModel]:
    """A model at a free port of this machine."""
    model = ScriptedModel(steps)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
            if self.path.startswith("/v1/messages?") or self.path == "/v1/messages":
                events = model.anthropic(asked)
                self._send("".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events), stream=True)
            elif "streamGenerateContent" in self.path:
                self._send(f"data: {json.dumps(model.gemini(asked))}\r\n\r\n", stream=True)
            elif "generateContent" in self.path:
                self._send(json.dumps(model.gemini(asked)))
            else:
                self._send(json.dumps({"input_tokens": 1, "totalTokens": 1}))

        def do_GET(self) -> None:
            self._send("{}")

        def do_HEAD(self) -> None:
            self._send("")

        def _send(self, text: str, *, stream: bool = False) -> None:
            body = text.encode()
            self.send_response(200)
            self.send_header("content-type", "text/event-stream" if stream else "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Standard error is the test's."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        model.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield model
        finally:
            server.shutdown()
            thread.join()
