"""A process that holds Airflow and forks a child for each try of a send, and stops or kills one in the middle.

It reads one order a line (JSON) from its input, plays it through, and answers with a line: what became of each try. A
paused try goes on when the tries after it have ended: a stopped process, a frozen container or a virtual machine that
is moved do the same.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.sdk.exceptions import AirflowException, TaskDeferred

from airflow_provider_dysms.api import request_executor
from airflow_provider_dysms.api.http import connection, pooled_transport
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.operators.send_once import find_sent, send_sms
from airflow_provider_dysms.operators.send_once.journal_entry import KEY
from airflow_provider_dysms.operators.sending import DysmsSendMessageToGlobeOperator, DysmsSendSmsOperator

#: Tries after the first, at most: one may be held back by a machine that is busy.
TRIES = 6


class Boundaries:
    """Numbers the steps of a try as they come, and stops or kills the process at one of them."""

    def __init__(self, fault: dict[str, Any] | None) -> None:
        self._fault = fault
        self.names: list[str] = []

    def meet(self, name: str) -> None:
        number = len(self.names)
        self.names.append(name)
        if self._fault and self._fault["at"] == number:
            os.kill(os.getpid(), signal.SIGSTOP if self._fault["kind"] == "pause" else signal.SIGKILL)

    def around(self, owner: Any, name: str, what: str) -> None:
        """Make a boundary before and after each call of a method."""
        real: Callable[..., Any] = getattr(owner, name)

        def call(*given: Any, **named: Any) -> Any:
            self.meet(f"before {what}")
            result = real(*given, **named)
            self.meet(f"after {what}")
            return result

        setattr(owner, name, call)


class Store:
    """Airflow's task state: it refuses what a try writes that was given up.

    :param path: a file with the number of the latest try and the note
    :param attempt: number of the try
    """

    def __init__(self, path: Path, attempt: int) -> None:
        self._path = path
        self._attempt = attempt

    def get(self, key: str) -> Any:
        return self._read().get(key)

    def set(self, key: str, value: Any) -> None:
        kept = self._read()
        if kept["try"] > self._attempt:
            raise RuntimeError("404: Task instance not found")
        self._path.write_text(json.dumps({**kept, key: value}))

    def begin(self) -> None:
        """Let the try begin, and give up those before it."""
        self._path.write_text(json.dumps({**self._read(), "try": self._attempt}))

    def _read(self) -> dict[str, Any]:
        with suppress(FileNotFoundError):
            return dict(json.loads(self._path.read_text()))
        return {"try": 0, KEY: None}


def play(order: dict[str, Any]) -> dict[str, Any]:
    """Play a send: the first try is disturbed, the others are not, and the last one is of a cleared task."""
    path = Path(order["store"])
    Store(path, 1).begin()
    first, answers = fork({**order, "try": 1})
    _, status = os.waitpid(first, os.WUNTRACED)
    is_stopped = os.WIFSTOPPED(status)
    later = []
    for attempt in range(2, 2 + TRIES):
        Store(path, attempt).begin()
        later.append(to_its_end({**order, "fault": None, "try": attempt}))
        if "sent" in later[-1] or "refused" in later[-1]:
            break
    if is_stopped:
        os.kill(first, signal.SIGCONT)
        os.waitpid(first, 0)
    with os.fdopen(answers) as pipe:
        told = pipe.read()
    cleared = to_its_end({**order, "fault": None, "try": 2 + TRIES}) if order["notes"] else None
    return {"first": json.loads(told) if told else None, "stopped": is_stopped, "later": later, "cleared": cleared}


def to_its_end(order: dict[str, Any]) -> dict[str, Any]:
    """Run a try, and what comes of it after it has waited in the triggerer."""
    event = None
    while True:
        child, answers = fork({**order, "event": event})
        with os.fdopen(answers) as pipe:
            answer: dict[str, Any] = json.loads(pipe.read())
        os.waitpid(child, 0)
        if "deferred" not in answer:
            return answer
        moment = datetime.fromisoformat(answer["deferred"]["moment"])
        time.sleep(max((moment - datetime.now(UTC)).total_seconds(), 0))
        event = {"began": answer["deferred"]["began"]}


def fork(order: dict[str, Any]) -> tuple[int, int]:
    """Fork a try; return its process and where its answer comes."""
    answers, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(answers)
            os.write(told, json.dumps(attempt(order)).encode())
        finally:
            os._exit(0)
    os.close(told)
    return pid, answers


def attempt(order: dict[str, Any]) -> dict[str, Any]:
    """Make one try."""
    boundaries = Boundaries(order["fault"])
    boundaries.around(Store, "get", "reading the note")
    boundaries.around(Store, "set", "writing the note")
    boundaries.around(pooled_transport.HttpTransport, "send", "taking a connection")
    boundaries.around(request_executor.RequestExecutor, "_signed", "signing")
    boundaries.around(connection.Connection, "exchange", "writing to the socket")
    boundaries.around(connection.Connection, "_finish", "taking the response")
    if order["naive"]:
        lookup_once(boundaries)
    try:
        answer: dict[str, Any] = {"sent": run(order)}
    except TaskDeferred as deferred:
        answer = {"deferred": deferred.trigger.serialize()[1]}  # type: ignore[union-attr]
    except Exception as error:
        is_final = isinstance(error, AirflowException) and "Fail" in "".join(map(str, type(error).__mro__))
        answer = {"refused" if is_final else "failed": f"{type(error).__name__}: {error}"}
    return {**answer, "boundaries": boundaries.names}


def run(order: dict[str, Any]) -> Any:
    common = {"task_id": "send", "signature_lifetime": order["lifetime"]}
    operator: Any
    if order["abroad"]:
        operator = DysmsSendMessageToGlobeOperator(to=order["numbers"][0], message="hello", **common)
    else:
        operator = DysmsSendSmsOperator(
            phone_numbers=order["numbers"],
            sign_name="示例",
            template_code="SMS_1",
            template_param={"code": "1"},
            settle=order["settle"],
            on_uncertain=order["on_uncertain"],
            **common,
        )
    now = datetime.now(UTC)
    ti = SimpleNamespace(
        dag_id="crash", run_id=order["run"], task_id="send", map_index=-1, try_number=order["try"], start_date=now
    )
    run = SimpleNamespace(clear_number=0, start_date=now - timedelta(minutes=1), run_after=now - timedelta(minutes=1))
    context: Any = {"ti": ti, "dag_run": run}
    if order["notes"]:
        context["task_state_store"] = Store(Path(order["store"]), order["try"])
    if order.get("event"):
        return operator.execute_complete(context, order["event"])
    return operator.execute(context)


def lookup_once(_: Boundaries) -> None:
    """The null control: one look, and nothing found means that nothing was sent."""

    async def look(*given: Any, **named: Any) -> find_sent.SendSearch:
        return find_sent.SendSearch()

    send_sms.find_sent = look


if __name__ == "__main__":
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Airflow logs to standard output
    DysmsHook().read()
    print("ready", file=replies, flush=True)
    for line in sys.stdin:
        print(json.dumps(play(json.loads(line))), file=replies, flush=True)
