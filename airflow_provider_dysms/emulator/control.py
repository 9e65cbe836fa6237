"""Starts an emulator process from Python, controls it over its admin path, and stops it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import shutil
import ssl
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from airflow_provider_dysms.emulator.connection import (
    INTERNATIONAL_KEY,
    STS_KEY,
    TOKEN_VARIABLE,
    airflow_connection,
    base_url,
)
from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.process import Process, parse_connection, read_ready_lines, stop_process
from airflow_provider_dysms.emulator.service import ADMIN_PATH
from airflow_provider_dysms.emulator.state import AccessKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType


class Emulator:
    """A running emulator that a test controls.

    ::

        with Emulator.start() as emulator:
            emulator.add_message(phone_number="139...", state="failed")
    """

    def __init__(
        self, process: Process, host: str, port: int, key: AccessKey, token: str, ca_bundle: str | None = None
    ) -> None:
        self._process = process
        self.host = host
        self.port = port
        self.access_key_id = key.access_key_id
        self.access_key_secret = key.access_key_secret
        self._key = key
        #: A temporary access key of the same account, with its security token.
        self.sts = STS_KEY
        #: The access key of the international account. The first key cannot query the international site once its
        #: account has messages of the mainland site.
        self.international = INTERNATIONAL_KEY
        #: File of the certificate authority to trust, if the emulator was started with ``--tls``; else ``None``.
        self.ca_bundle = ca_bundle
        self._tls = None if ca_bundle is None else ssl.create_default_context(cafile=ca_bundle)
        self._admin_path = f"{ADMIN_PATH}{token}/"

    @classmethod
    def start(cls, *arguments: str, timeout: float = 120.0) -> Emulator:
        """Start an emulator on a free port and wait until it serves.

        :param arguments: additional arguments of the command line
        :param timeout: seconds to wait, default 120, because a machine under load is slow
        :raises RuntimeError: the emulator ended or was not ready in time; the message says which
        """
        token = secrets.token_urlsafe(24)
        # The emulator ends when its standard input closes, so that it does not outlive a parent process that is killed.
        command = [sys.executable, "-m", __package__, "--port", "0", "--until-stdin-closes", *arguments]
        # Every user of the machine can see a process's arguments; only its owner can see its environment.
        environment = {**os.environ, TOKEN_VARIABLE: token}
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)  # noqa: S603
        try:
            printed = parse_connection(read_ready_lines(process, timeout))
        except BaseException:
            stop_process(process)
            raise
        key = AccessKey(access_key_id=printed["login"], access_key_secret=printed["password"])
        return cls(process, printed["host"], printed["port"], key, token, printed["extra"].get("ca_bundle"))

    def stop(self) -> int:
        """Stop the emulator; return its exit code."""
        return stop_process(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def url(self) -> str:
        """The address of the emulator, without a slash at the end."""
        return base_url(self.host, self.port, is_tls=self._tls is not None)

    @property
    def admin_url(self) -> str:
        """The address of the admin path including its token, with a slash at the end."""
        return f"{self.url}{self._admin_path}"

    def connection(self, key: AccessKey | None = None, **extra: object) -> dict[str, Any]:
        """Return an Airflow connection to the emulator.

        :param key: the access key of the connection, default the first one; pass :attr:`international` for the
            international account
        :param extra: additional extras of the connection, such as ``quota_share=1``
        """
        return airflow_connection(key or self._key, self.host, self.port, self.ca_bundle, **extra)

    def connection_json(self, key: AccessKey | None = None, **extra: object) -> str:
        """Return an Airflow connection as JSON, for ``AIRFLOW_CONN_<ID>``; see :meth:`connection`."""
        return json.dumps(self.connection(key, **extra))

    def configure(self, **switches: object) -> dict[str, Any]:
        """Set switches; return every switch and its value."""
        return dict(self._post("switches", switches))

    def switches(self) -> dict[str, Any]:
        """Return every switch and its value."""
        return dict(self._get("switches"))

    def quotas(self, **requests_per_second: int) -> dict[str, int]:
        """Set the quotas of some actions, in requests per second; return all quotas."""
        return dict(self._post("quotas", requests_per_second))

    def fault(self, kind: str, **plan: Any) -> dict[str, Any]:
        """Plan a fault; it happens once unless ``times`` says otherwise.

        :param kind: a kind of :mod:`.faults`
        :param plan: the other fields of :class:`.Fault`
        :raises InputError: the kind or a field is unknown, or the fault could never happen
        """
        return dict(self._post("faults", {"kind": kind, **plan})[0])

    def faults(self) -> list[dict[str, Any]]:
        """Return the planned faults; ``fired`` says how often each has happened."""
        return list(self._get("faults"))

    def fired(self) -> dict[str, int]:
        """Return how often the planned faults have happened, by kind."""
        return dict(self._get("fired"))

    def clear_faults(self) -> list[dict[str, Any]]:
        """Remove all planned faults; return them, each with how often it has ``fired``."""
        return list(self._request("DELETE", "faults"))

    def add_message(self, **message: Any) -> dict[str, Any]:
        """Add a message; return it with all its fields. See :func:`.message_json.parse_message`."""
        return self.add_messages([message])[0]

    def add_messages(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Add many messages at once; return them."""
        return list(self._post("messages", messages))

    def messages(self) -> list[dict[str, Any]]:
        """Return all messages, oldest first."""
        return list(self._get("messages"))

    def generate(
        self,
        *,
        send_date: date,
        log: Path | str | None = None,
        truth: Path | str | None = None,
        progress: Callable[[int, int], None] | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """Generate a day; return its counts. See :func:`.generator.generate.generate_in_steps`.

        :param send_date: the Beijing day
        :param log: path of the send log to write; any path, because this process copies the file there
        :param truth: path of the expected verdicts to write; any path
        :param progress: called every few thousand messages with the number generated so far and the total
        :param options: the other arguments of the generator
        :raises InputError: an argument is invalid, or a path is in a folder that does not exist
        """
        paths = {name: path for name, path in (("log", log), ("truth", truth)) if path is not None}
        file_names = {name: f"{name}-{secrets.token_hex(8)}" for name in paths}
        for name, path in paths.items():
            if not Path(path).absolute().parent.is_dir():
                raise InputError(f"{name} is in a folder that does not exist")
        folder = Path(self._get("state")["folder"])
        result = self._generate({"send_date": send_date.isoformat(), **file_names, **options}, progress)
        for name, path in paths.items():
            shutil.copyfile(folder / file_names[name], path)
            (folder / file_names[name]).unlink()
        return result

    def _generate(self, arguments: dict[str, Any], progress: Callable[[int, int], None] | None) -> dict[str, Any]:
        with self._send("POST", "generate", json.dumps(arguments, default=_encode).encode()) as response:
            step: dict[str, Any] = {}
            for line in response:
                step = json.loads(line)
                if "generated" in step and progress is not None:
                    progress(step["generated"], step["of"])
        if "error" in step:
            raise InputError(step["error"])
        return step

    def add_account(self, **key: Any) -> None:
        """Add or replace an access key; the arguments are those of :class:`.state.AccessKey`."""
        self._post("accounts", key)

    def accounts(self) -> list[dict[str, Any]]:
        """Return the access keys, without their secrets but with their ``account`` and ``site``."""
        return list(self._get("accounts"))

    def add_templates(self, templates: Mapping[str, str]) -> None:
        """Register templates: code -> text with ``${name}`` for each parameter."""
        self._post("templates", dict(templates))

    def push_receipts(self, url: str, **push: Any) -> dict[str, int]:
        """Push the receipts of all messages to a receiver on this machine; return counts. See :class:`.Push`."""
        return dict(self._post("receipts", {"url": url, **push}))

    def huawei_sends(self) -> list[dict[str, Any]]:
        """Return all messages as the answers to sends by Huawei Cloud have them."""
        return list(self._get("huawei"))

    def now(self) -> datetime:
        """Return the emulator's time."""
        return datetime.fromisoformat(self._get("clock")["now"])

    def set_clock(self, now: datetime, *, frozen: bool = False) -> None:
        """Set the emulator's clock, which keeps running unless it is ``frozen``."""
        self._post("clock", {"now": now, "frozen": frozen})

    def advance(self, seconds: float) -> None:
        """Move the emulator's clock forward by some seconds, or back if they are negative."""
        self._post("clock", {"advance": seconds})

    def tick(self) -> int:
        """Give every waiting message its outcome now; return how many there were."""
        return int(self._post("clock", {"tick": True})["settled"])

    def requests(self) -> dict[str, dict[str, int]]:
        """Return for each action ``requests``, ``throttled`` and ``worst_second``, the most arrivals in a second."""
        return dict(self._get("requests")["actions"])

    def connections(self) -> int:
        """Return how many connections have carried API requests."""
        return int(self._get("requests")["connections"])

    def calls(self) -> list[dict[str, Any]]:
        """Return the last 100,000 correctly signed requests, each with ``action`` and ``parameters``, oldest first."""
        return list(self._get("calls"))

    def reset(self, what: str = "all") -> None:
        """Forget everything (``all``), or only nonces, counts and used quotas (``requests``)."""
        self._post("reset", {"what": what})

    def _get(self, name: str) -> Any:
        return self._request("GET", name)

    def _post(self, name: str, body: object) -> Any:
        return self._request("POST", name, json.dumps(body, default=_encode).encode())

    def _request(self, method: str, name: str, body: bytes | None = None) -> Any:
        with self._send(method, name, body) as response:
            return json.loads(response.read())

    def _connect(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self.host, self.port, timeout=300)
        return http.client.HTTPSConnection(self.host, self.port, timeout=300, context=self._tls)

    @contextlib.contextmanager
    def _send(self, method: str, name: str, body: bytes | None = None) -> Iterator[http.client.HTTPResponse]:
        connection = self._connect()
        try:
            connection.request(method, self._admin_path + name, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status == 400:
                raise InputError(json.loads(response.read())["error"])
            if response.status != 200:
                raise RuntimeError(f"the emulator's admin path answered {name} with HTTP status {response.status}")
            yield response
        finally:
            connection.close()


def _encode(value: object) -> str:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise InputError("a datetime must have a time zone")
    if isinstance(value, date):
        return value.isoformat()
    raise InputError(f"a {type(value).__name__} cannot be sent to the emulator")
