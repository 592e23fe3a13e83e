"""The program: its options, its one line of output, and its end."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import ipaddress
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from padwan_server.emulator.answers import AnswerFunction
    from padwan_server.emulator.scenario import Scenario

_HANDOVER = 2.0
"""Seconds to wait for an emulator that is about to leave the folder of its state."""


def main(argv: list[str] | None = None) -> int:
    """Serve until a signal comes or the last lease is gone; the exit code. stdout holds the address alone."""
    options = _options().parse_args(argv)
    if not (options.allow_remote or _loopback(options.host)):
        print(f"{options.host} is not this machine alone: add --allow-remote if you mean it.", file=sys.stderr)  # noqa: T201
        return 2
    from padwan_server.emulator.scenario import ScenarioError  # noqa: PLC0415 --help needs none of it

    try:
        scenario, function = _scenario(options), _function(options.answer)
    except ScenarioError as error:
        print(f"The scenario cannot be used: {error}", file=sys.stderr)  # noqa: T201
        return 2
    folder = options.state or Path(tempfile.mkdtemp(prefix="padwan-emulator-"))
    from filelock import FileLock, Timeout  # noqa: PLC0415 --help does without it

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "emulator.lock", timeout=_HANDOVER):
            return asyncio.run(_serve(options, scenario, function, folder))
    except Timeout:
        print(f"The emulator cannot start: another one uses {folder}.", file=sys.stderr)  # noqa: T201
        return 1
    except OSError as error:
        print(f"The emulator cannot start: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        if options.state is None:
            shutil.rmtree(folder, ignore_errors=True)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="padwan-server emulator", description="A local Gemini Batch and Files service. Prints its URL when ready."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=0, help="port to listen on (default: any that is free)")
    parser.add_argument("--allow-remote", action="store_true", help="listen on an address that others can reach")
    parser.add_argument("--scenario", type=Path, help="JSON file of what is to happen (docs/reference/emulator.md)")
    parser.add_argument("--state", type=Path, help="folder to keep jobs and files in (default: gone at the end)")
    parser.add_argument("--fail-rate", type=float, help="share of prompts that fail, from 0 to 1")
    parser.add_argument("--seed", type=int, help="makes what is random repeatable")
    parser.add_argument("--pending", type=float, help="seconds that a job is pending (default: 0.5)")
    parser.add_argument("--running", type=float, help="seconds that a job then runs (default: 2)")
    parser.add_argument("--speed", type=float, help="how fast time goes (default: 1; 0: moved by hand alone)")
    parser.add_argument("--answer", metavar="MODULE:FUNCTION", help="Python that makes the texts of answers")
    parser.add_argument("--lease", type=Path, help="folder of locked files, one for each user; see --linger")
    parser.add_argument("--linger", type=float, default=60, help="seconds to stay after the last lease (default: 60)")
    return parser


def _port(word: str) -> int:
    number = int(word)
    if not 0 <= number < 1 << 16:
        raise argparse.ArgumentTypeError(f"{word} is no port: give a number from 0 to 65535")
    return number


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _scenario(options: argparse.Namespace) -> Scenario:
    """The scenario file with the options over it."""
    from padwan_server.emulator.scenario import Scenario, checked, load  # noqa: PLC0415 see main

    scenario = load(options.scenario) if options.scenario else Scenario()
    for name in ("fail_rate", "seed"):
        if getattr(options, name) is not None:
            setattr(scenario, name, getattr(options, name))
    for name in ("pending", "running", "speed"):
        if getattr(options, name) is not None:
            setattr(scenario.clock, name, getattr(options, name))
    return checked(scenario)


def _function(named: str | None) -> AnswerFunction | None:
    """The function that makes the texts of answers. Raises ScenarioError."""
    from padwan_server.emulator.scenario import ScenarioError  # noqa: PLC0415 see main

    if named is None:
        return None
    module, _, name = named.partition(":")
    # Python itself looks in the current folder only when it is started with -m; last, so that it hides none of ours.
    sys.path.append(str(Path.cwd()))
    try:
        function: AnswerFunction = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ScenarioError(f"--answer {named}: {error}") from None
    if not callable(function):
        raise ScenarioError(f"--answer {named}: it is no function")
    return function


async def _serve(options: argparse.Namespace, scenario: Scenario, function: AnswerFunction | None, folder: Path) -> int:
    import socket  # noqa: PLC0415 see main

    import uvicorn  # noqa: PLC0415

    from padwan_server.emulator.lease import last_user_gone  # noqa: PLC0415
    from padwan_server.emulator.server import Server  # noqa: PLC0415
    from padwan_server.emulator.service import Service  # noqa: PLC0415

    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    # The protocol is named because asyncio sends answers without delay only then.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((options.host, options.port))
        config = uvicorn.Config(
            Service(folder, scenario, function).app(),
            log_level="critical",
            access_log=False,
            timeout_graceful_shutdown=1,
            lifespan="off",
        )
        server = Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, server.stop)
            except NotImplementedError:  # Windows
                signal.signal(number, lambda *_: server.stop())
        await server.ready.wait()
        host = f"[{options.host}]" if ":" in options.host else options.host
        print(f"http://{host}:{listener.getsockname()[1]}", flush=True)  # noqa: T201 the one line
        if options.lease:
            leaving = asyncio.create_task(last_user_gone(options.lease, options.linger))
            leaving.add_done_callback(lambda _: server.stop())
        await serving
    return 0
