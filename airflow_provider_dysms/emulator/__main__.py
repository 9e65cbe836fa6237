"""The command ``python -m airflow_provider_dysms.emulator``: prints its connections and serves until it is stopped."""

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
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from airflow_provider_dysms.emulator.app import application
from airflow_provider_dysms.emulator.certificate import write_certificate
from airflow_provider_dysms.emulator.connection import (
    DEFAULT_KEY,
    INTERNATIONAL_KEY,
    STS_KEY,
    TOKEN_VARIABLE,
    shell_exports,
)
from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.generator.generate import generate_in_steps
from airflow_provider_dysms.emulator.responses import http_protocol
from airflow_provider_dysms.emulator.service import ADMIN_PATH, Service
from airflow_provider_dysms.emulator.state import AccessKey
from airflow_provider_dysms.emulator.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Connections that may wait until they are accepted.
BACKLOG = 4096


def main(arguments: Sequence[str] | None = None, *, prog: str = "python -m airflow_provider_dysms.emulator") -> int:
    """Run the emulator; return the exit code.

    :param arguments: the command line, default that of the process
    :param prog: what the user typed in front of the arguments, for messages
    """
    parser = _build_parser(prog)
    options = parser.parse_args(arguments)
    problem = _host_problem(options.host, allow_remote=options.allow_remote)
    if problem:
        parser.error(f"argument --host: {problem}")
    key = AccessKey(access_key_id=options.access_key_id, access_key_secret=options.access_key_secret)
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dysms-emulator-")))
        service = Service(
            [key, STS_KEY, INTERNATIONAL_KEY], switches=_parse_switches(parser, options.switch), folder=folder
        )
        # From here on a client that connects waits until the emulator is ready, instead of being refused.
        server_socket = stack.enter_context(_bind_socket(options.host, options.port))
        tls = write_certificate(folder, server_socket.getsockname()[0]) if options.tls else None
        if options.seed_day is not None:
            _generate_day(service, options)
        _serve(service, key, options, server_socket, tls)
    return 0


def _generate_day(service: Service, options: argparse.Namespace) -> None:
    for step in generate_in_steps(
        service,
        send_date=options.seed_day,
        messages=options.messages,
        seed=options.seed,
        log=options.log,
        truth=options.truth,
    ):
        if "generated" in step:
            print(f"{step['generated']:,} of {step['of']:,} messages", file=sys.stderr, flush=True)


def _serve(
    service: Service,
    key: AccessKey,
    options: argparse.Namespace,
    server_socket: socket.socket,
    tls: tuple[Path, Path] | None,
) -> None:
    host, port = server_socket.getsockname()[:2]
    token = os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(24)
    config = uvicorn.Config(
        application(service, token, allow_any_host=options.allow_remote),
        http=http_protocol(service),
        ws="none",
        lifespan="off",
        access_log=False,  # request lines contain phone numbers
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=60,
        backlog=BACKLOG,
        ssl_certfile=tls and tls[1],
    )
    # A server can listen on a wildcard address, but a client cannot connect to one.
    connect_host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    ready_lines = shell_exports(key, connect_host, port, f"{ADMIN_PATH}{token}/", str(tls[0]) if tls else None)
    server = _Server(config, "\n".join(ready_lines), watch_stdin=options.until_stdin_closes)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(server.serve(sockets=[server_socket]))


class _Server(uvicorn.Server):
    """A server that prints a message when it is ready, and ends with exit code 0 on SIGTERM and SIGINT."""

    def __init__(self, config: uvicorn.Config, ready_message: str, *, watch_stdin: bool) -> None:
        super().__init__(config)
        self._ready_message = ready_message
        self._watch_stdin = watch_stdin

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._watch_stdin:
            # A thread, because not every event loop can watch a file.
            threading.Thread(target=self._exit_with_stdin, args=(asyncio.get_running_loop(),), daemon=True).start()
        print(self._ready_message, flush=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            try:
                loop.add_signal_handler(number, self._request_exit)
            except NotImplementedError:  # Windows
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._request_exit))
        yield

    def _request_exit(self) -> None:
        self.should_exit = True

    def _exit_with_stdin(self, loop: asyncio.AbstractEventLoop) -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        with contextlib.suppress(RuntimeError):  # the loop has already ended
            loop.call_soon_threadsafe(self._request_exit)


def _bind_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server_socket = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform != "win32":  # on Windows this option would let two processes use one port
        server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server_socket.bind((host, port))
        server_socket.listen(BACKLOG)
    except OSError as error:
        server_socket.close()
        raise SystemExit(
            f"cannot listen on --host {host} --port {port}: {error.strerror}; --port 0 selects a free port"
        ) from None
    return server_socket


def _parse_switches(parser: argparse.ArgumentParser, assignments: list[str]) -> Switches:
    changes: dict[str, object] = {}
    for assignment in assignments:
        name, _, value = assignment.partition("=")
        try:
            changes[name] = json.loads(value)
        except ValueError:
            changes[name] = value
    try:
        return Switches().with_changes(changes)
    except InputError as error:
        parser.error(f"argument --switch: {error}")


def _build_parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description="Run an emulator of the Dysms API, for tests.")
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on, such as 127.0.0.1 or ::1")
    parser.add_argument(
        "--allow-remote",
        action="store_true",
        help="allow any address for --host, such as 0.0.0.0 in a container; other machines can then send phone numbers "
        "unencrypted, and everyone who knows the token of the admin path can control the emulator",
    )
    parser.add_argument("--port", type=int, default=8085, help="port to listen on; 0 selects a free one")
    parser.add_argument(
        "--tls",
        action="store_true",
        help="serve over HTTPS; the printed connections name the file of the certificate authority to trust",
    )
    parser.add_argument("--access-key-id", default=DEFAULT_KEY.access_key_id, help="id of the first access key")
    parser.add_argument("--access-key-secret", default=DEFAULT_KEY.access_key_secret, help="its secret")
    parser.add_argument("--seed-day", type=_day, help="generate this Beijing day, YYYY-MM-DD or yesterday")
    parser.add_argument("--messages", type=int, default=1_000, help="number of messages of that day")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds make equal days")
    parser.add_argument("--log", type=Path, help="write the send log of that day to this CSV file")
    parser.add_argument("--truth", type=Path, help="write the expected verdict of each message to this JSON Lines file")
    parser.add_argument("--folder", type=_folder, help="folder for files that the admin path writes, default temporary")
    parser.add_argument(
        "--switch", action="append", default=[], metavar="NAME=VALUE", help="set a switch, such as sites=joined"
    )
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when the standard input closes")
    return parser


def _day(text: str) -> date:
    if text == "yesterday":
        return (datetime.now(timezone(timedelta(hours=8))) - timedelta(days=1)).date()
    return date.fromisoformat(text)


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError("must be an existing folder")
    return path


def _host_problem(host: str, *, allow_remote: bool) -> str | None:
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return "must be an IP address, such as 127.0.0.1"
    if allow_remote or address.is_loopback:
        return None
    return "must be a loopback address, such as 127.0.0.1; --allow-remote opens the emulator to other machines"


if __name__ == "__main__":
    raise SystemExit(main())
