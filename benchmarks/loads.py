"""The loads of a triggerer: the same waits, done by sleeping, by HttpSensorTrigger and by us."""

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

#: QueryMessage's quota, requests a second, and all of it is ours.
QUOTA = 300
LATENCY_MS = 20
#: No wait asks more often (s), however few there are.
SHORTEST_GAP = 1.0


class Script:
    """A process of this folder that is told JSON lines on its standard input.

    It answers with JSON lines to the descriptor that is its first argument: Airflow logs to the standard output.

    :param arguments: its further arguments
    :param log: takes its standard output and error
    """

    def __init__(self, name: str, *arguments: str, log: IO[bytes] | None = None) -> None:
        ours, its = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name(name)), str(its), *arguments],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=[its],
        )
        os.close(its)
        self._answers = os.fdopen(ours)

    def hear(self) -> Any:
        """Return its next line."""
        line = self._answers.readline()
        if not line:
            raise RuntimeError(f"a process of the benchmark ended with exit code {self._process.wait(60)}; see --log")
        return json.loads(line)

    def tell(self, order: object) -> None:
        """Tell it something."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()

    def ask(self, order: object) -> Any:
        """Tell it something; return its answer."""
        self.tell(order)
        return self.hear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._answers.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Sleeping:
    """As many triggers that only sleep: what Airflow itself costs."""

    name = "sleeping"
    connections: Mapping[str, Mapping[str, Any]] = {}

    def gap(self, waiting: int) -> float:
        """Return the seconds between two polls of a wait that the quota allows to so many."""
        return 0.0

    def triggers(self, ends: Sequence[float]) -> list[tuple[str, dict[str, Any]]]:
        """Return class path and kwargs of a trigger for each message, whose ends are seconds since 1970."""
        from sleeping import SleepingTrigger

        return [SleepingTrigger(end).serialize() for end in ends]

    def failed(self, payload: Any) -> bool:
        """Say whether an event is about a wait that came to nothing."""
        return False

    def counts(self) -> dict[str, int]:
        """Return what the service counted: ``requests``, ``throttled``, ``worst_second``, ``connections``."""
        return {"requests": 0, "throttled": 0, "worst_second": 0, "connections": 0}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


class Http(Sleeping):
    """Airflow's HttpSensorTrigger, polling as often as the quota allows to all of them."""

    name = "HttpSensorTrigger"

    def __enter__(self) -> Self:
        self._service = Script("unsigned.py").__enter__()
        port = self._service.hear()
        nothing = dict.fromkeys(("login", "password", "extra"))
        self.connections = {
            "bench": {"conn_type": "http", "host": "127.0.0.1", "port": port, "schema": "http", **nothing}
        }
        return self

    def __exit__(self, *_: object) -> None:
        self._service.__exit__()

    def gap(self, waiting: int) -> float:
        return self._gap

    def triggers(self, ends: Sequence[float]) -> list[tuple[str, dict[str, Any]]]:
        from airflow.providers.http.triggers.http import HttpSensorTrigger

        self._service.ask(list(ends))
        self._gap = max(len(ends) / QUOTA, SHORTEST_GAP)
        return [
            HttpSensorTrigger(f"wait/{position}", "bench", poke_interval=self._gap).serialize()
            for position in range(len(ends))
        ]

    def counts(self) -> dict[str, int]:
        return dict(self._service.ask("counts"))


class Ours(Sleeping):
    """Our trigger, one message each; every wait asks as often as it is let, so that the quota alone sets the gap."""

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

    def gap(self, waiting: int) -> float:
        return max(waiting / QUOTA, SHORTEST_GAP)

    def failed(self, payload: Any) -> bool:
        return bool(payload["ended"] != "decided")

    def counts(self) -> dict[str, int]:
        return {"connections": self.emulator.connections(), **self.emulator.requests()["QueryMessage"]}

    def triggers(self, ends: Sequence[float]) -> list[tuple[str, dict[str, Any]]]:
        messages = self.emulator.add_messages([_message(end) for end in ends])
        return [self._trigger(message["message_id"]) for message in messages]

    def asked_at(self) -> float:
        """Return when the messages were asked before."""
        return time.time()

    def _trigger(self, message_id: str) -> tuple[str, dict[str, Any]]:
        from airflow_provider_dysms.triggers.dysms import DysmsMessageTrigger
        from airflow_provider_dysms.waits.serialization import WaitSpec

        plan = WaitSpec(
            digest="0" * 16,
            count=1,
            needed=1,
            started_at=self.asked_at(),
            asked_at=self.asked_at(),
            deadline=time.time() + 72 * 3600,
            poke_interval=SHORTEST_GAP,
            max_poke_interval=SHORTEST_GAP,
        )
        return DysmsMessageTrigger(dysms_conn_id="bench", message_ids=[message_id], **plan.stored()).serialize()


class Restarted(Ours):
    """Our trigger in a triggerer that takes over: every wait is long overdue."""

    name = "ours, all overdue"

    def asked_at(self) -> float:
        return time.time() - 3600


class Refused(Ours):
    """Our trigger against a service that refuses everything in every other second."""

    name = "ours, refused every other second"

    def triggers(self, ends: Sequence[float]) -> list[tuple[str, dict[str, Any]]]:
        self.emulator.fault("throttle", action="QueryMessage", times=None, rhythm=1)
        return super().triggers(ends)


def _message(end: float) -> dict[str, Any]:
    instant = datetime.fromtimestamp(end, UTC).isoformat()
    return {"phone_number": "+852" + "51" + "234567", "settles_at": instant, "received_at": instant}
