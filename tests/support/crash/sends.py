"""Sends that are paused or killed in the middle while later tries of the same task run."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from airflow_provider_dysms.emulator import Emulator
from support.crash.reports import Report

#: Seconds for which the emulator takes a signature, and after which it shows a send: waits for them are real.
LIFETIME, SETTLE = 6, 0.2

KEY = "a key of the tests, " + "32 characters"

#: Kinds of sends: how they differ from an SMS whose task has notes.
KINDS: dict[str, dict[str, Any]] = {
    "an SMS": {},
    "an SMS without notes": {"notes": False},
    "a one-time code": {"on_uncertain": "fail"},
    "a message abroad": {"abroad": True},
}


@dataclass(frozen=True)
class Enumeration:
    """The boundaries of a send that nobody disturbs."""

    kind: str
    names: list[str]

    def faults(self) -> Iterator[dict[str, Any]]:
        """All that can go wrong."""
        for at in range(len(self.names)):
            yield {"at": at, "kind": "pause"}
            yield {"at": at, "kind": "kill"}


class Sends:
    """An emulator, and a process that sends; as a context, they run.

    :param folder: an empty folder
    :param report: takes what is found; another may be put in its place
    """

    def __init__(self, folder: Path, report: Report) -> None:
        self._folder = folder
        self.report = report
        self._runs = itertools.count()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True)
        with ExitStack() as stack:
            self._emulator = stack.enter_context(Emulator.start())
            self._emulator.add_templates({"SMS_1": "${code}"})
            self._emulator.configure(skew_v3=LIFETIME, sites="joined")
            self._process = self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def enumerated(self, kind: str) -> Enumeration:
        """Find the boundaries of a send that nobody disturbs."""
        ended, _ = self._play(kind, None)
        names = ended["first"]["boundaries"]
        self.report.met(kind, len(names))
        return Enumeration(kind, names)

    def disturb(self, enumeration: Enumeration, faults: Iterable[dict[str, Any]], **how: Any) -> None:
        """Let sends be paused or killed, and judge how often their messages arrive."""
        for fault in faults:
            told = f"{enumeration.kind}: {fault['kind']} {enumeration.names[fault['at']]} ({fault['at']})"
            ended, messages = self._play(enumeration.kind, fault, **how)
            self.report.count(f"{fault['kind']}s of sends")
            self.report.count(f"faults of {enumeration.kind}")
            if (fault["kind"] == "pause") != ended["stopped"]:
                self.report.problem("missed", f"{told}: {ended}")
            elif any(count > 1 for count in messages):
                self.report.problem("twice", f"{told}: {messages} messages, {ended}")
            elif not self._is_told(enumeration.kind, messages, ended):
                self.report.problem("lost", f"{told}: {messages} messages, {ended}")

    def _is_told(self, kind: str, messages: list[int], ended: dict[str, Any]) -> bool:
        """Whether the last try says what became of the messages."""
        last = ended["later"][-1]
        if "sent" in last:
            return set(messages) == {1} and (ended["cleared"] is None or "sent" in ended["cleared"])
        # A one-time code, and what nobody can ask for, may end in doubt, said aloud.
        can_doubt = kind in ("a one-time code", "a message abroad")
        return can_doubt and "may have" in last.get("refused", "")

    def _play(self, kind: str, fault: dict[str, Any] | None, **how: Any) -> tuple[dict[str, Any], list[int]]:
        run = next(self._runs)
        numbers = [f"+85251{run:06}"] if kind == "a message abroad" else [f"1390{run:06}0", f"1390{run:06}1"]
        order = {
            "store": str(self._folder / f"{run}.json"),
            "run": f"run-{run}",
            "numbers": numbers,
            "fault": fault,
            "lifetime": LIFETIME,
            "settle": SETTLE,
            "notes": True,
            "abroad": False,
            "on_uncertain": "wait",
            "naive": False,
            **KINDS[kind],
            **how,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        ended: dict[str, Any] = json.loads(self._process.stdout.readline())
        sent = [message["phone_number"] for message in self._emulator.messages()]
        return ended, [sent.count(number.removeprefix("+")) for number in numbers]

    def _start(self, stack: ExitStack) -> subprocess.Popen[str]:
        errors = stack.enter_context((self._folder / "errors.txt").open("w"))
        process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "support.crash.senders"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(sys.path),
                    "AIRFLOW_HOME": str(self._folder / "airflow"),
                    "AIRFLOW_CONN_DYSMS_DEFAULT": self._emulator.connection_json(quota_share=1, privacy_secret=KEY),
                },
            )
        )
        stack.callback(process.stdin.close)  # type: ignore[union-attr]
        assert process.stdout is not None
        while (line := process.stdout.readline()) != "ready\n":
            if not line:
                raise RuntimeError(f"senders.py ended with {process.wait()}")
        return process
