"""The emulator from Python: starts the process, talks to its admin path, stops it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import shutil
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from airflow_provider_dysms.emulator.connection import INTERNATIONAL_KEY, STS_KEY, TOKEN_VARIABLE, connection, url
from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.process import Process, connection_of, first_lines, stop
from airflow_provider_dysms.emulator.service import ADMIN_PATH
from airflow_provider_dysms.emulator.state import Key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType


class Emulator:
    """A running emulator.

    ::

        with Emulator.start() as emulator:
            emulator.add_message(phone_number="139...", state="failed")
    """

    def __init__(self, process: Process, host: str, port: int, key: Key, token: str) -> None:
        self._process = process
        self.host = host
        self.port = port
        self.access_key_id = key.access_key_id
        self.access_key_secret = key.access_key_secret
        self._key = key
        #: A temporary key of the same account, with its token.
        self.sts = STS_KEY
        #: A key of the international account; the first one is refused there once it has messages of the mainland.
        self.international = INTERNATIONAL_KEY
        self._admin_path = f"{ADMIN_PATH}{token}/"

    @classmethod
    def start(cls, *arguments: str, timeout: float = 120.0) -> Emulator:
        """Start an emulator on a free port and wait until it serves.

        :param arguments: further arguments of the command line
        :param timeout: seconds to wait; a machine under load needs many
        :raises RuntimeError: it did not come up; with what was waited for
        """
        token = secrets.token_urlsafe(24)
        # It ends with its standard input, so that it does not outlive a parent that was killed.
        command = [sys.executable, "-m", __package__, "--port", "0", "--until-stdin-closes", *arguments]
        # The list of processes shows arguments to every user of the machine, and the environment to this one alone.
        environment = {**os.environ, TOKEN_VARIABLE: token}
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)  # noqa: S603
        try:
            told = connection_of(first_lines(process, timeout))
        except BaseException:
            stop(process)
            raise
        key = Key(access_key_id=told["login"], access_key_secret=told["password"])
        return cls(process, told["host"], told["port"], key, token)

    def stop(self) -> int:
        """Stop it; return its exit code."""
        return stop(self._process)

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
        return url(self.host, self.port)

    @property
    def admin_url(self) -> str:
        """Address of the admin path with its token, and a slash at the end."""
        return f"{self.url}{self._admin_path}"

    def connection(self, key: Key | None = None, **extra: object) -> dict[str, Any]:
        """Return the Airflow connection that reaches it.

        :param key: whose connection; default the first key, :attr:`international` for the international account
        :param extra: further extras of the connection, such as ``quota_share=1``
        """
        return connection(key or self._key, self.host, self.port, **extra)

    def connection_json(self, key: Key | None = None, **extra: object) -> str:
        """Return the Airflow connection as JSON, for ``AIRFLOW_CONN_<ID>``. See :meth:`connection`."""
        return json.dumps(self.connection(key, **extra))

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

    def fired(self) -> dict[str, int]:
        """Return how often the planned faults have happened, by kind: 0 tells that a test has shown nothing."""
        return dict(self._get("fired"))

    def clear_faults(self) -> list[dict[str, Any]]:
        """Plan no fault any more; return those that were planned, and how often each has ``fired``."""
        return list(self._ask("DELETE", "faults"))

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
        self,
        *,
        send_date: date,
        log: Path | str | None = None,
        truth: Path | str | None = None,
        progress: Callable[[int, int], None] | None = None,
        **how: Any,
    ) -> dict[str, Any]:
        """Generate a day; return how many of what. See :func:`.generator.generate`.

        :param log: where the send log goes; the emulator writes below its own folder alone, and it is moved from there
        :param truth: where the expected verdicts go
        :param progress: is called now and then with how many messages there are already, and how many there will be
        """
        wanted = {name: path for name, path in (("log", log), ("truth", truth)) if path is not None}
        written = {name: f"{name}-{secrets.token_hex(8)}" for name in wanted}
        for name, path in wanted.items():
            if not Path(path).absolute().parent.is_dir():
                raise InputError(f"{name} lies in a folder that is not there")
        folder = Path(self._get("state")["folder"])
        told = self._generate({"send_date": send_date.isoformat(), **written, **how}, progress)
        for name, path in wanted.items():
            shutil.copyfile(folder / written[name], path)
            (folder / written[name]).unlink()
        return told

    def _generate(self, asked: dict[str, Any], progress: Callable[[int, int], None] | None) -> dict[str, Any]:
        with self._answer("POST", "generate", json.dumps(asked, default=_json).encode()) as answer:
            told: dict[str, Any] = {}
            for line in answer:
                told = json.loads(line)
                if "generated" in told and progress is not None:
                    progress(told["generated"], told["of"])
        if "error" in told:
            raise InputError(told["error"])
        return told

    def add_account(self, **key: Any) -> None:
        """Add or replace an access key. See :class:`.state.Key`."""
        self._post("accounts", key)

    def accounts(self) -> list[dict[str, Any]]:
        """Return the access keys without their secrets, each with its ``account`` and ``site``."""
        return list(self._get("accounts"))

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
        """Return the last 100,000 requests that were let in, each with ``action`` and ``parameters``, oldest first."""
        return list(self._get("calls"))

    def reset(self, what: str = "all") -> None:
        """Forget everything; or only the ``requests``: nonces, counts and used quotas."""
        self._post("reset", {"what": what})

    def _get(self, name: str) -> Any:
        return self._ask("GET", name)

    def _post(self, name: str, given: object) -> Any:
        return self._ask("POST", name, json.dumps(given, default=_json).encode())

    def _ask(self, method: str, name: str, body: bytes | None = None) -> Any:
        with self._answer(method, name, body) as answer:
            return json.loads(answer.read())

    @contextlib.contextmanager
    def _answer(self, method: str, name: str, body: bytes | None = None) -> Iterator[http.client.HTTPResponse]:
        asked = http.client.HTTPConnection(self.host, self.port, timeout=300)
        try:
            asked.request(method, self._admin_path + name, body, {"Content-Type": "application/json"})
            answer = asked.getresponse()
            if answer.status == 400:
                raise InputError(json.loads(answer.read())["error"])
            if answer.status != 200:
                raise RuntimeError(f"the emulator's admin path answered {name} with HTTP {answer.status}")
            yield answer
        finally:
            asked.close()


def _json(value: object) -> str:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise InputError("an instant needs a time zone")
    if isinstance(value, date):
        return value.isoformat()
    raise InputError(f"a {type(value).__name__} cannot be sent to the emulator")
