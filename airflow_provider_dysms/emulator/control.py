"""The emulator from Python: starts the process, talks to its admin path, stops it."""

from __future__ import annotations

import http.client
import json
import os
import shlex
import subprocess
import sys
import threading
from datetime import date, datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Self

from airflow_provider_dysms.emulator.connection import STS_KEY, connection
from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.state import Key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType


class Emulator:
    """A running emulator.

    ::

        with Emulator.start() as emulator:
            emulator.add_message(phone_number="139...", state="failed")
    """

    def __init__(self, process: subprocess.Popen[bytes], host: str, port: int, key: Key) -> None:
        self._process = process
        self.host = host
        self.port = port
        self.access_key_id = key.access_key_id
        self.access_key_secret = key.access_key_secret
        self._key = key
        #: A temporary key of the same account, with its token.
        self.sts = STS_KEY

    @classmethod
    def start(cls, *arguments: str, timeout: float = 30.0) -> Emulator:
        """Start an emulator on a free port and wait until it serves.

        :param arguments: further arguments of the command line
        :param timeout: seconds to wait
        :raises RuntimeError: it did not come up; with what it said
        """
        # It ends with its standard input, so that it does not outlive a parent that was killed.
        command = [sys.executable, "-m", __package__, "--port", "0", "--until-stdin-closes", *arguments]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
        try:
            told = _connection_from(_first_line(process, timeout))
        except BaseException:
            _stop(process)
            raise
        key = Key(access_key_id=told["login"], access_key_secret=told["password"])
        return cls(process, told["host"], told["port"], key)

    def stop(self) -> int:
        """Stop it; return its exit code."""
        return _stop(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    def connection(self, **extra: object) -> dict[str, Any]:
        """Return the Airflow connection that reaches it.

        :param extra: further extras of the connection, such as ``quota_share=1``
        """
        return connection(self._key, self.host, self.port, **extra)

    def connection_json(self, **extra: object) -> str:
        """Return the Airflow connection as JSON, for ``AIRFLOW_CONN_<ID>``."""
        return json.dumps(self.connection(**extra))

    def configure(self, **switches: object) -> dict[str, Any]:
        """Set switches; return all of them."""
        return dict(self._post("switches", switches))

    def switches(self) -> dict[str, Any]:
        """Return every switch and its value."""
        return dict(self._get("switches"))

    def quotas(self, **requests_a_second: int) -> dict[str, int]:
        """Set quotas by action; return all of them."""
        return dict(self._post("quotas", requests_a_second))

    def fault(self, kind: str, **plan: Any) -> dict[str, Any]:
        """Plan a fault of a kind of :mod:`.faults`; it happens once unless ``times`` says otherwise."""
        return dict(self._post("faults", {"kind": kind, **plan})[0])

    def faults(self) -> list[dict[str, Any]]:
        """Return the planned faults and how often each has ``fired``."""
        return list(self._get("faults"))

    def clear_faults(self) -> None:
        """Plan no fault any more."""
        self._ask("DELETE", "faults")

    def add_message(self, **message: Any) -> dict[str, Any]:
        """Add a message; return it with what was made up. See :func:`.messages.message_from`."""
        return self.add_messages([message])[0]

    def add_messages(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Add many messages at once; return them."""
        return list(self._post("messages", messages))

    def messages(self) -> list[dict[str, Any]]:
        """Return every message, oldest first."""
        return list(self._get("messages"))

    def generate(
        self, *, send_date: date, log: Path | str | None = None, truth: Path | str | None = None, **how: Any
    ) -> dict[str, Any]:
        """Generate a day; return how many of what. See :func:`.generator.generate`."""
        paths = {name: os.path.abspath(path) for name, path in (("log", log), ("truth", truth)) if path is not None}
        return dict(self._post("generate", {"send_date": send_date.isoformat(), **paths, **how}))

    def add_account(self, **key: Any) -> None:
        """Add or replace an access key. See :class:`.state.Key`."""
        self._post("accounts", key)

    def add_templates(self, templates: Mapping[str, str]) -> None:
        """Register templates: code -> text with ``${name}`` where a parameter belongs."""
        self._post("templates", dict(templates))

    def now(self) -> datetime:
        """Return the emulator's time."""
        return datetime.fromisoformat(self._get("clock")["now"])

    def set_clock(self, now: datetime, *, frozen: bool = False) -> None:
        """Set its clock; it goes on from there unless it is frozen."""
        self._post("clock", {"now": now, "frozen": frozen})

    def advance(self, seconds: float) -> None:
        """Move its clock."""
        self._post("clock", {"advance": seconds})

    def tick(self) -> int:
        """Let every message that waits for its outcome have it; return how many."""
        return int(self._post("clock", {"tick": True})["settled"])

    def requests(self) -> dict[str, dict[str, int]]:
        """Return, per action: ``requests``, ``throttled``, and ``worst_second``, the most arrivals within a second."""
        return dict(self._get("requests")["actions"])

    def connections(self) -> int:
        """Return how many connections brought requests of the API."""
        return int(self._get("requests")["connections"])

    def calls(self) -> list[dict[str, Any]]:
        """Return the requests that were let in, each with ``action`` and ``parameters``, oldest first."""
        return list(self._get("calls"))

    def reset(self, what: str = "all") -> None:
        """Forget everything; or only the ``requests``: nonces, counts and used quotas."""
        self._post("reset", {"what": what})

    def _get(self, name: str) -> Any:
        return self._ask("GET", name)

    def _post(self, name: str, given: object) -> Any:
        return self._ask("POST", name, json.dumps(given, default=_json).encode())

    def _ask(self, method: str, name: str, body: bytes | None = None) -> Any:
        asked = http.client.HTTPConnection(self.host, self.port, timeout=300)
        try:
            asked.request(method, f"/_emulator/{name}", body, {"Content-Type": "application/json"})
            answer = asked.getresponse()
            told = answer.read()
        finally:
            asked.close()
        if answer.status == 400:
            raise InputError(json.loads(told)["error"])
        if answer.status != 200:
            raise RuntimeError(f"the emulator's admin path answered {name} with HTTP {answer.status}")
        return json.loads(told)


def _json(value: object) -> str:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise InputError("an instant needs a time zone")
    if isinstance(value, date):
        return value.isoformat()
    raise InputError(f"a {type(value).__name__} cannot be sent to the emulator")


def _first_line(process: subprocess.Popen[bytes], timeout: float) -> str:
    lines: SimpleQueue[bytes] = SimpleQueue()
    output = process.stdout
    if output is None:
        raise RuntimeError("the emulator has no standard output")
    threading.Thread(target=lambda: lines.put(output.readline()), daemon=True).start()
    try:
        line = lines.get(timeout=timeout).decode()
    except Empty:
        raise RuntimeError(f"the emulator did not come up within {timeout:g} s") from None
    if not line:
        raise RuntimeError(f"the emulator ended with exit code {process.wait(10)} before it served")
    return line


def _connection_from(line: str) -> dict[str, Any]:
    return dict(json.loads(shlex.split(line)[1].partition("=")[2]))


def _stop(process: subprocess.Popen[bytes]) -> int:
    if process.poll() is None:
        process.terminate()
    try:
        code = process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    return code
