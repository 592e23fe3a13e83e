"""A peer that no server in Python can beat: it reads each message and answers that there is nothing to say."""

from __future__ import annotations

import json
import sys
from typing import Any


def send(message: dict[str, Any]) -> None:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    sys.stdout.buffer.flush()


def read() -> dict[str, Any]:
    length = 0
    while (header := sys.stdin.buffer.readline()).strip():
        if header.lower().startswith(b"content-length:"):
            length = int(header.split(b":")[1])
    message: dict[str, Any] = json.loads(sys.stdin.buffer.read(length) or b'{"method": "exit"}')
    return message


def main() -> None:
    while (message := read()).get("method") != "exit":
        if message.get("method") in ("textDocument/didOpen", "textDocument/didChange"):
            document = message["params"]["textDocument"]
            told = {"uri": document["uri"], "version": document["version"], "diagnostics": []}
            send({"method": "textDocument/publishDiagnostics", "params": told})
        elif "id" in message:
            send({"id": message["id"], "result": {"capabilities": {"textDocumentSync": 2}}})


if __name__ == "__main__":
    main()
