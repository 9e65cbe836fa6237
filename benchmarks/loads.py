"""The loads for a triggerer: the same waits with triggers that sleep, with HttpSensorTrigger, and with our trigger."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from airflow_provider_dysms.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The quota of QueryMessage in requests per second, all of which may be used.
QUOTA = 300
LATENCY_MS = 20
#: The shortest time between two polls of a wait (s), even if there are few waits.
MIN_POLL_INTERVAL = 1.0


class ScriptProcess:
    """A process that runs a script of this folder and exchanges JSON lines with this process.

    The script reads them from its standard input, and writes them to the file descriptor that is its first argument,
    because Airflow logs to the standard output.

    :param name: file name of the script
    :param arguments: additional arguments of the script
    :param log: receives the standard output and error of the script
    """

    def __init__(self, name: str, *arguments: str, log: IO[bytes] | None = None) -> None:
        read_end, write_end = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name(name)), str(write_end), *arguments],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=[write_end],
        )
        os.close(write_end)
        self._output = os.fdopen(read_end)

    def receive(self) -> Any:
        """Return the next object that the script writes."""
        line = self._output.readline()
        if not line:
            raise RuntimeError(
                f"a process of the benchmark ended with exit code {self._process.wait(60)}; --log keeps its output"
            )
        return json.loads(line)

    def send(self, order: object) -> None:
        """Send an object to the script."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()

    def request(self, order: object) -> Any:
        """Send an object to the script; return its reply."""
        self.send(order)
        return self.receive()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._output.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class SleepingLoad:
    """Triggers that only sleep, which show the cost of Airflow itself."""

    name = "sleeping"
    connections: Mapping[str, Mapping[str, Any]] = {}

    def poll_interval(self, waiting: int) -> float:
        """Return the seconds between two polls of a wait.

        :param waiting: number of waits that share the quota
        """
        return 0.0

    def triggers(self, ends: Sequence[float]) -> list[tuple[str, dict[str, Any]]]:
        """Return the class path and kwargs of a trigger for each message.

        :param ends: when each message gets its outcome, seconds since 1970
        """
        from sleeping_trigger import SleepingTrigger

        return [SleepingTrigger(end).serialize() for end in ends]

    def failed(self, payload: Any) -> bool:
        """Return whether an event reports a wait that failed."""
        return False

    def counts(self) -> dict[str, int]:
        """Return the counts of the service: ``requests``, ``throttled``, ``worst_second``, ``connections``."""
        return {"requests": 0, "throttled": 0, "worst_second": 0, "connections": 0}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


class HttpSensorLoad(SleepingLoad):
    """Airflow's HttpSensorTrigger; together, the triggers poll as often as the quota allows."""

    name = "HttpSensorTrigger"

    def __enter__(self) -> Self:
        self._service = ScriptProcess("unsigned_service.py").__enter__()
        port = self._service.receive()
        nothing = dict.fromkeys(("login", "password", "extra"))
        self.connections = {
            "bench": {"conn_type": "http", "host": "127.0.0.1", "port": port, "schema": "http", **nothing}
        }
        return self

    def __exit__(self, *_: object) -> None:
        self._service.__exit__()

    def poll_interval(self, waiting: int) -> float:
        return self._poll_interval

    def triggers(self, ends: Sequence[float]) -> list[tuple[str, dict[str, Any]]]:
        from airflow.providers.http.triggers.http import HttpSensorTrigger

        self._service.request(list(ends))
        self._poll_interval = max(len(ends) / QUOTA, MIN_POLL_INTERVAL)
        return [
            HttpSensorTrigger(f"wait/{position}", "bench", poke_interval=self._poll_interval).serialize()
            for position in range(len(ends))
        ]

    def counts(self) -> dict[str, int]:
        return dict(self._service.request("counts"))


class OurLoad(SleepingLoad):
    """Our trigger with one message per wait, which polls as often as the quota allows."""

    name = "ours"

    def __enter__(self) -> Self:
        self.emulator = Emulator.start()
        self.emulator.configure(latency_ms=LATENCY_MS)
        self.emulator.quotas(QueryMessage=QUOTA)
        fields = self.emulator.connection(quota_share=1)
        self.connections = {"bench": fields | {"extra": json.dumps(fields["extra"])}}
        return self

    def __exit__(self, *_: object) -> None:
        self.emulator.stop()

    def poll_interval(self, waiting: int) -> float:
        return max(waiting / QUOTA, MIN_POLL_INTERVAL)

    def failed(self, payload: Any) -> bool:
        return bool(payload["ended"] != "decided")

    def counts(self) -> dict[str, int]:
        return {"connections": self.emulator.connections(), **self.emulator.requests()["QueryMessage"]}

    def triggers(self, ends: Sequence[float]) -> list[tuple[str, dict[str, Any]]]:
        messages = self.emulator.add_messages([_message(end) for end in ends])
        return [self._trigger(message["message_id"]) for message in messages]

    def last_polled_at(self) -> float:
        """Return when the messages were polled last, seconds since 1970."""
        return time.time()

    def _trigger(self, message_id: str) -> tuple[str, dict[str, Any]]:
        from airflow_provider_dysms.triggers.dysms import DysmsMessageTrigger
        from airflow_provider_dysms.waits.serialization import WaitSpec

        spec = WaitSpec(
            digest="0" * 16,
            count=1,
            needed=1,
            started_at=self.last_polled_at(),
            asked_at=self.last_polled_at(),
            deadline=time.time() + 72 * 3600,
            poke_interval=MIN_POLL_INTERVAL,
            max_poke_interval=MIN_POLL_INTERVAL,
        )
        return DysmsMessageTrigger(dysms_conn_id="bench", message_ids=[message_id], **spec.stored()).serialize()


class OverdueLoad(OurLoad):
    """Our trigger after a restart of the triggerer, when every wait is long overdue."""

    name = "ours, all overdue"

    def last_polled_at(self) -> float:
        return time.time() - 3600


class ThrottledLoad(OurLoad):
    """Our trigger against a service that throttles all requests of every other second."""

    name = "ours, throttled every other second"

    def triggers(self, ends: Sequence[float]) -> list[tuple[str, dict[str, Any]]]:
        self.emulator.fault("throttle", action="QueryMessage", times=None, rhythm=1)
        return super().triggers(ends)


def _message(end: float) -> dict[str, Any]:
    instant = datetime.fromtimestamp(end, UTC).isoformat()
    return {"phone_number": "+852" + "51" + "234567", "settles_at": instant, "received_at": instant}
