"""``python -m airflow_provider_dysms.emulator``: start, print the connection, serve until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import os
import signal
import socket
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from airflow_provider_dysms.emulator.app import application
from airflow_provider_dysms.emulator.connection import DEFAULT_KEY, STS_KEY, export_line
from airflow_provider_dysms.emulator.generator import generate
from airflow_provider_dysms.emulator.service import Service
from airflow_provider_dysms.emulator.state import Key
from airflow_provider_dysms.emulator.wire import protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulator; return the exit code."""
    asked = _parser().parse_args(arguments)
    key = Key(access_key_id=asked.access_key_id, access_key_secret=asked.access_key_secret)
    service = Service([key, STS_KEY])
    if asked.seed_day is not None:
        generate(
            service,
            send_date=asked.seed_day,
            messages=asked.messages,
            seed=asked.seed,
            log=asked.log,
            truth=asked.truth,
        )
    with _listen(asked.host, asked.port) as listening:
        host, port = listening.getsockname()[:2]
        config = uvicorn.Config(
            application(service),
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
        server = _Server(config, export_line(key, host, port), watch_stdin=asked.until_stdin_closes)
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(server.serve(sockets=[listening]))
    return 0


class _Server(uvicorn.Server):
    """Prints a line when it is ready, and takes a signal as a request to end well rather than as a death."""

    def __init__(self, config: uvicorn.Config, ready: str, *, watch_stdin: bool) -> None:
        super().__init__(config)
        self._ready = ready
        self._watch_stdin = watch_stdin

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._watch_stdin:
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._end_with_stdin)
        print(self._ready, flush=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        yield

    def _end(self) -> None:
        self.should_exit = True

    def _end_with_stdin(self) -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            self._end()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise SystemExit(
            f"--port {port} on {host} cannot be had: {error.strerror}; --port 0 takes a free one"
        ) from None
    return listening


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_dysms.emulator", description="The Dysms API on this machine, for tests."
    )
    parser.add_argument("--host", type=_loopback, default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=8085, help="0 takes a free one")
    parser.add_argument("--access-key-id", default=DEFAULT_KEY.access_key_id)
    parser.add_argument("--access-key-secret", default=DEFAULT_KEY.access_key_secret)
    parser.add_argument("--seed-day", type=date.fromisoformat, help="generate this Beijing day, YYYY-MM-DD")
    parser.add_argument("--messages", type=int, default=1_000, help="how many messages the day has")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds make equal days")
    parser.add_argument("--log", type=Path, help="write the send log of the day here, as CSV")
    parser.add_argument("--truth", type=Path, help="write what became of each message here, as JSON Lines")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when whoever started it is gone")
    return parser


def _loopback(text: str) -> str:
    try:
        inside = ipaddress.ip_address("127.0.0.1" if text == "localhost" else text).is_loopback
    except ValueError:
        inside = False
    if not inside:
        raise argparse.ArgumentTypeError(
            "must be a loopback address, such as 127.0.0.1: it checks keys, it is not safe"
        )
    return text


if __name__ == "__main__":
    raise SystemExit(main())
