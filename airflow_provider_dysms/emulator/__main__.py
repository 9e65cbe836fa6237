"""``python -m airflow_provider_dysms.emulator``: start, print the connection, serve until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import json
import os
import secrets
import signal
import socket
import sys
import tempfile
import threading
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from airflow_provider_dysms.emulator.app import application
from airflow_provider_dysms.emulator.connection import (
    DEFAULT_KEY,
    INTERNATIONAL_KEY,
    STS_KEY,
    TOKEN_VARIABLE,
    export_lines,
)
from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.generator.generate import generation
from airflow_provider_dysms.emulator.service import ADMIN_PATH, Service
from airflow_provider_dysms.emulator.state import Key
from airflow_provider_dysms.emulator.switches import Switches
from airflow_provider_dysms.emulator.wire import protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulator; return the exit code."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    problem = _host_problem(asked.host, allow_remote=asked.allow_remote)
    if problem:
        parser.error(f"argument --host: {problem}")
    key = Key(access_key_id=asked.access_key_id, access_key_secret=asked.access_key_secret)
    with contextlib.ExitStack() as stack:
        folder = asked.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dysms-emulator-")))
        service = Service([key, STS_KEY, INTERNATIONAL_KEY], switches=_switches(parser, asked.switch), folder=folder)
        if asked.seed_day is not None:
            _generate(service, asked)
        _serve(service, key, asked, stack.enter_context(_listen(asked.host, asked.port)))
    return 0


def _generate(service: Service, asked: argparse.Namespace) -> None:
    for step in generation(
        service,
        send_date=asked.seed_day,
        messages=asked.messages,
        seed=asked.seed,
        log=asked.log,
        truth=asked.truth,
    ):
        if "generated" in step:
            print(f"{step['generated']:,} of {step['of']:,} messages", file=sys.stderr, flush=True)


def _serve(service: Service, key: Key, asked: argparse.Namespace, listening: socket.socket) -> None:
    host, port = listening.getsockname()[:2]
    token = os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(24)
    config = uvicorn.Config(
        application(service, token, any_host=asked.allow_remote),
        http=protocol(service),
        ws="none",
        lifespan="off",
        access_log=False,  # request lines hold phone numbers
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=60,
        backlog=4096,
    )
    # Every address is none that can be called.
    callable_host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    ready = export_lines(key, callable_host, port, f"{ADMIN_PATH}{token}/")
    server = _Server(config, "\n".join(ready), watch_stdin=asked.until_stdin_closes)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(server.serve(sockets=[listening]))


class _Server(uvicorn.Server):
    """Prints lines when it is ready, and takes a signal as a request to end well rather than as a death."""

    def __init__(self, config: uvicorn.Config, ready: str, *, watch_stdin: bool) -> None:
        super().__init__(config)
        self._ready = ready
        self._watch_stdin = watch_stdin

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._watch_stdin:
            # Not every event loop can watch a file.
            threading.Thread(target=self._end_with_stdin, args=(asyncio.get_running_loop(),), daemon=True).start()
        print(self._ready, flush=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            try:
                loop.add_signal_handler(number, self._end)
            except NotImplementedError:  # Windows
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._end))
        yield

    def _end(self) -> None:
        self.should_exit = True

    def _end_with_stdin(self, loop: asyncio.AbstractEventLoop) -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        with contextlib.suppress(RuntimeError):  # the loop has ended before
            loop.call_soon_threadsafe(self._end)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform != "win32":  # there it would let two processes have one port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise SystemExit(
            f"--port {port} on --host {host} cannot be listened on: {error.strerror}; --port 0 takes a free port"
        ) from None
    return listening


def _switches(parser: argparse.ArgumentParser, given: list[str]) -> Switches:
    changes: dict[str, object] = {}
    for each in given:
        name, _, value = each.partition("=")
        try:
            changes[name] = json.loads(value)
        except ValueError:
            changes[name] = value
    try:
        return Switches().changed(changes)
    except InputError as error:
        parser.error(f"argument --switch: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_dysms.emulator", description="The Dysms API on this machine, for tests."
    )
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address, such as 127.0.0.1 or ::1")
    parser.add_argument(
        "--allow-remote",
        action="store_true",
        help="let --host be any address, such as 0.0.0.0 in a container: other machines can then send it numbers in "
        "the clear, and whoever knows the token of the admin path can control it",
    )
    parser.add_argument("--port", type=int, default=8085, help="0 takes a free one")
    parser.add_argument("--access-key-id", default=DEFAULT_KEY.access_key_id)
    parser.add_argument("--access-key-secret", default=DEFAULT_KEY.access_key_secret)
    parser.add_argument("--seed-day", type=date.fromisoformat, help="generate this Beijing day, YYYY-MM-DD")
    parser.add_argument("--messages", type=int, default=1_000, help="how many messages the day has")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds make equal days")
    parser.add_argument("--log", type=Path, help="write the send log of the day here, as CSV")
    parser.add_argument("--truth", type=Path, help="write what became of each message here, as JSON Lines")
    parser.add_argument("--folder", type=_folder, help="the admin path writes below it; default one that is removed")
    parser.add_argument(
        "--switch", action="append", default=[], metavar="NAME=VALUE", help="set a switch, such as sites=joined"
    )
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when whoever started it is gone")
    return parser


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError("must be a folder that is there")
    return path


def _host_problem(host: str, *, allow_remote: bool) -> str | None:
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return "must be an address, such as 127.0.0.1"
    if allow_remote or address.is_loopback:
        return None
    return "must be a loopback address, such as 127.0.0.1; --allow-remote opens the emulator to other machines"


if __name__ == "__main__":
    raise SystemExit(main())
