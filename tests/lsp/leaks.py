"""Runs many commands in one server and tells what is left of them."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

from padwan_server.lsp.server import PadwanLanguageServer

COMMANDS = 50


class Wire:
    """The client's end: every message that the server writes."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.done = threading.Event()

    def write(self, data: bytes) -> None:
        self.messages.append(json.loads(data.split(b"\r\n\r\n", 1)[1]))

    def close(self) -> None:
        """Nothing to close."""


async def run() -> dict[str, int]:
    server = PadwanLanguageServer()
    wire = Wire()
    server.protocol.set_writer(wire)
    capabilities = {"window": {"workDoneProgress": True}}
    send(server, 0, "initialize", {"processId": None, "rootUri": None, "capabilities": capabilities})
    for number in range(1, COMMANDS):
        arguments = [{"prompts": ["x"], "unknown": number % 2}] if number % 3 else [{"prompts": ["x"]}]
        params = {"command": "padwan.batch.validate", "arguments": arguments, "workDoneToken": f"t{number}"}
        send(server, number, "workspace/executeCommand", params)
        send(server, None, "textDocument/didClose", {"textDocument": {"uri": f"file:///{number}"}})
    while len([m for m in wire.messages if "id" in m]) < COMMANDS:
        await asyncio.sleep(0)
    protocol = server.protocol
    return {
        "futures": len(protocol._request_futures),
        "result_types": len(protocol._result_types),
        "tokens": len(server.work_done_progress.tokens),
    }


def send(server: PadwanLanguageServer, number: int | None, method: str, params: Any) -> None:
    message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if number is None else {"id": number})
    server.protocol.receive(json.dumps(message).encode())


def main() -> None:
    print(json.dumps(asyncio.run(run())))
