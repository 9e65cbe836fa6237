"""A seeded plan of disturbances, and the monkey that carries it out in a real Airflow and an emulator."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from airflow_provider_dysms.emulator import Emulator
from support.airflow.running_airflow import RunningAirflow
from support.chaos.scenario import HEARTBEAT_TIMEOUTS

#: Names of the parts of which there are two: each has a log of its name.
WORKERS, TRIGGERERS = ("first worker", "second worker"), ("first triggerer", "second triggerer")

#: What happens to processes: (what, the part). A paused part continues, also when it counts as dead.
PROCESS_KINDS = (
    ("kill", "worker"),
    ("pause", "worker"),
    ("kill", "triggerer"),
    ("pause", "triggerer"),
    ("kill", "scheduler"),
    ("pause", "scheduler"),
    ("pause", "api-server"),
    ("kill a process of", "worker"),
)

#: What the service does: title -> the fault of the emulator, or its switch.
SERVICE_KINDS: dict[str, dict[str, Any]] = {
    "connections reset": {"fault": {"kind": "reset", "every": 3, "times": None}},
    "responses cut off": {"fault": {"kind": "truncated", "every": 3, "times": None}},
    "throttling": {"fault": {"kind": "throttle", "every": 3, "times": None}},
    "503": {"fault": {"kind": "status", "every": 3, "times": None}},
    "slow bodies": {"fault": {"kind": "slow", "every": 3, "times": None, "seconds": 4.0}},
    "late responses": {"fault": {"kind": "stall", "every": 3, "times": None, "seconds": 25.0}},
    "latency": {"switch": {"latency_ms": 1500}},
}

#: Seconds: from the start to the first disturbance, between two of processes and of the service, until a killed part is
#: started again, and for how long the service misbehaves.
FIRST, PROCESS_GAP, SERVICE_GAP, DOWN, WEATHER = 15.0, (8.0, 20.0), (12.0, 30.0), (2.0, 12.0), (6.0, 14.0)
#: A pause lasts from a part of the heartbeat timeout to a multiple of it: some end unnoticed, others do not.
PAUSE_SHARES = (0.4, 1.8)
#: The API server is nobody's to take over, and all wait for it.
API_PAUSE = (2.0, 8.0)


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that goes wrong for a while.

    :param at: seconds from the start
    :param seconds: until it is undone
    :param kind: ``kill``, ``pause``, ``kill a process of``, or a key of ``SERVICE_KINDS``
    :param part: name of the process; ``None`` for the service
    """

    at: float
    seconds: float
    kind: str
    part: str | None = None

    @property
    def end(self) -> float:
        """Seconds from the start to its end."""
        return self.at + self.seconds

    @property
    def title(self) -> str:
        """Return the name under which it is counted: without the number of a part that exists twice."""
        return self.kind if self.part is None else f"{self.kind} {self.part.split(' ')[-1]}"


def plan(seed: int, seconds: float) -> list[Disturbance]:
    """Return what goes wrong in a run, in order; every kind comes before any comes twice.

    One process at a time is disturbed, and one thing of the service: the other worker and the other triggerer go on.

    :param seed: equal seeds give equal plans
    :param seconds: by when everything is undone
    """
    random = Random(f"{seed}/monkey")
    lanes = [*_of_processes(random, seconds), *_of_service(random, seconds)]
    return sorted(lanes, key=lambda each: each.at)


def _of_processes(random: Random, seconds: float) -> Iterator[Disturbance]:
    at = FIRST
    for what, part in _decks(random, PROCESS_KINDS):
        name = random.choice({"worker": WORKERS, "triggerer": TRIGGERERS}.get(part, (part,)))
        if what == "kill a process of":
            lasting = 0.0
        elif what == "kill":
            lasting = random.uniform(*DOWN)
        elif part == "api-server":
            lasting = random.uniform(*API_PAUSE)
        else:
            lasting = HEARTBEAT_TIMEOUTS["task" if part == "worker" else part] * random.uniform(*PAUSE_SHARES)
        if at + lasting > seconds:
            return
        yield Disturbance(at, lasting, what, name)
        at += lasting + random.uniform(*PROCESS_GAP)


def _of_service(random: Random, seconds: float) -> Iterator[Disturbance]:
    at = FIRST
    for kind in _decks(random, tuple(SERVICE_KINDS)):
        lasting = random.uniform(*WEATHER)
        if at + lasting > seconds:
            return
        yield Disturbance(at, lasting, kind)
        at += lasting + random.uniform(*SERVICE_GAP)


def _decks(random: Random, kinds: tuple[Any, ...]) -> Iterator[Any]:
    """Yield all kinds in a random order, again and again."""
    while True:
        yield from random.sample(kinds, len(kinds))


class Monkey:
    """Carries out a plan in a thread of its own; nobody else starts or ends processes while it does.

    :param parts: name of each process -> the arguments of :meth:`.RunningAirflow.start` that start it again
    """

    def __init__(
        self,
        disturbances: list[Disturbance],
        airflow: RunningAirflow,
        emulator: Emulator,
        parts: dict[str, tuple[str, ...]],
        seed: int,
    ) -> None:
        begins = [(each.at, self._begin, each) for each in disturbances]
        ends = [(each.end, self._undo, each) for each in disturbances]
        self._steps = sorted(begins + ends, key=lambda step: step[0])
        self._airflow, self._emulator, self._parts = airflow, emulator, parts
        self._random = Random(f"{seed}/victims")
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="monkey", daemon=True)
        self._error: BaseException | None = None
        #: How often each kind has happened, and how many requests each fault of the service has hit.
        self.done: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether the plan has not come to its end.

        :raises RuntimeError: a disturbance could not be carried out
        """
        if self._error is not None:
            raise RuntimeError("the monkey could not go on") from self._error
        return self._thread.is_alive()

    def stop(self) -> None:
        """End, wherever the plan is."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        begun = time.monotonic()
        try:
            for at, step, disturbance in self._steps:
                if self._stopped.wait(max(begun + at - time.monotonic(), 0)):
                    return
                step(disturbance)
                self._start_what_has_ended()
        except BaseException as error:
            self._error = error

    def _start_what_has_ended(self) -> None:
        """Start parts again that have ended by themselves, as a service manager would."""
        for name in self._airflow.ended():
            self.done[f"{name.split(' ')[-1]} that ended by itself"] += 1
            self._airflow.kill(name)
            self._airflow.start(*self._parts[name])

    def _begin(self, disturbance: Disturbance) -> None:
        self.done[disturbance.title] += 1
        part = disturbance.part
        if part is None:
            how = SERVICE_KINDS[disturbance.kind]
            if "fault" in how:
                self._emulator.fault(**how["fault"])
            else:
                self._emulator.configure(**how["switch"])
        elif disturbance.kind == "kill":
            self._airflow.kill(part)
        elif disturbance.kind == "pause":
            self._airflow.freeze(part)
        else:
            self._airflow.kill_member(part, self._random)

    def _undo(self, disturbance: Disturbance) -> None:
        part = disturbance.part
        if part is None:
            for fault in self._emulator.clear_faults():
                self.faults[disturbance.kind] += fault["fired"]
            self._emulator.configure(latency_ms=0)
        elif disturbance.kind == "kill":
            self._airflow.start(*self._parts[part])
        elif disturbance.kind == "pause":
            self._airflow.thaw(part)
