"""Exports that are disturbed while a reader looks on, and what is found then."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from airflow_provider_dysms.transfers.reporting.xcom_result import for_xcom
from support.crash.boundaries import GROWS, Fault
from support.crash.lanes import LOGS, MANIFEST, PARTITION, SEGMENT, Expected, Lane, data_files, fits, timeless
from support.crash.places import Place
from support.crash.readers import Files, Reader
from support.crash.reports import Report

#: What is not ours, and must outlive everything.
FOREIGN = {"README.txt": b"not ours", f"{PARTITION}/_SUCCESS": b"", f"{PARTITION}/.notes": b"nor this"}


@dataclass(frozen=True)
class Scenario:
    """The files that exist when an export begins.

    :param old: format of the partition's file; ``None``: there is none
    :param new: format of the one that comes
    :param killed: whether an earlier try of the same task was killed after it had asked everything
    """

    old: str | None = "jsonl"
    new: str = "jsonl"
    killed: bool = False


SCENARIOS = {
    "a new file for an old one": Scenario(),
    "the first file": Scenario(old=None),
    "another format": Scenario(old="csv"),
    "the retry of a killed one": Scenario(killed=True),
}

#: The logs whose exports replace each other in a scenario.
OLD, NEW = 0, 1

#: Kills of a run before its last try, at most.
TRIES = 6

#: The boundary where the data file is put, or its sibling made.
_DATA = re.compile(r"(create|put_object) .*/\.?part-0\.")

#: Files that a killed writer may leave next to data, manifest and the mark of its commit.
_SIBLING = re.compile(r"^[^_].*/\.part-0\.\w+\.\w+\.tmp$|^_manifests/\..*\.tmp$|^_erasures/pending/.*/\..*\.tmp$")

#: Seconds, about one call.
SHORT = 0.001


@dataclass(frozen=True)
class Enumeration:
    """The boundaries of an export, and the state of the place that it begins with.

    :param run: the DAG run that the export belongs to
    """

    scenario: str
    place: Place
    run: str
    before: Files
    names: list[str]

    @property
    def title(self) -> str:
        return f"{self.scenario}, {self.place.uri.partition(':')[0]}"

    @property
    def faults(self) -> list[Fault]:
        """All that can go wrong at the boundaries."""
        planned: list[Fault] = []
        for at, name in enumerate(self.names):
            planned += [Fault("kill", at), Fault("kill", at, after=True)]
            planned += [Fault("error", at), Fault("error", at, after=True)]
            verb = name.partition(" ")[0]
            if verb in GROWS or "_" in verb:
                planned.append(Fault("full", at))
        return planned

    def told(self, fault: Fault) -> str:
        when = "after" if fault.after else "before"
        return f"{self.title}: {fault.kind} {when} {self.names[fault.at]!r} ({fault.at})"

    def restore(self) -> None:
        """Put the place back into the state that it had."""
        while others := set(self.place.keys()) - self.before.keys():  # a folder shows when it is empty
            for key in others:
                self.place.remove(key)
        for key, content in self.before.items():
            if self.place.get(key) != content:
                self.place.put(key, content)


class Trials:
    """Disturbed exports into places of one kind.

    :param new_place: gives an empty place
    """

    def __init__(self, lane: Lane, new_place: Callable[[], Place], report: Report) -> None:
        self._lane = lane
        self.new_place = new_place
        self._report = report

    def timed(self, random: Random, wanted: Callable[[], bool], **how: Any) -> None:
        """Kill exports at random times while they replace each other's file, and let every run's last try end.

        :param wanted: asked before each run
        :param how: further fields of the order, see victims.py
        """
        place, log, seconds, boundaries = self._furnished(), 0, 0.0, 0
        self._lane.export(place, log, self._lane.new_run())
        while wanted():
            if random.random() < 0.1 or not seconds:  # others use this machine too
                undisturbed = self._lane.export(place, log, self._lane.new_run(), names=True)
                seconds, boundaries = undisturbed["seconds"], len(undisturbed["boundaries"])
            log, run = 1 - log, self._lane.new_run()
            refresh = random.choice(["all", "unsettled"])
            expected, told = self._lane.expected(self.new_place, log, refresh=refresh), f"log {log}"
            with self._watched(place, [data_files(place), expected.data], told) as seen:
                for _ in range(random.randint(1, TRIES)):
                    if random.random() < 0.5:
                        when = {"kill_after": random.uniform(0, seconds)}
                    else:  # most of the time goes into asking; here every call is as likely as any other
                        when = {"armed_at": random.randrange(boundaries), "kill_after": random.uniform(0, SHORT)}
                    ended = self._lane.export(place, log, run, refresh=refresh, **when, **how)
                    if ended["died"]:
                        committed = data_files(place) == expected.data
                        self._report.killed(ended["last"], committed=committed)
                        seen.append(f"killed after {ended['seconds'] * 1000:.0f} ms at {ended['last']!r}")
                        if committed:
                            break
                    else:
                        self._ended(ended, told)
                        break
                self._retry(place, log, run, "; ".join(seen) or told, expected, refresh=refresh, **how)

    def enumerated(self, scenario: str) -> Enumeration:
        """Bring a place into the state of a scenario, and find the boundaries of the export that comes."""
        what, place, run = SCENARIOS[scenario], self._furnished(), self._lane.new_run()
        if what.old:
            self._lane.export(place, OLD, self._lane.new_run(), file_format=what.old)
        if what.killed:
            names = self._names(place, OLD, self._lane.new_run(), what.new)
            asked = next(at for at, name in enumerate(names) if _DATA.match(name))
            self._lane.export(place, NEW, run, file_format=what.new, fault=asdict(Fault("kill", asked)))
        before = place.files()
        enumeration = Enumeration(scenario, place, run, before, self._names(place, NEW, run, what.new))
        self._report.met(enumeration.title, len(enumeration.names))
        return enumeration

    def boundaries(self, enumeration: Enumeration, faults: Iterable[Fault]) -> None:
        """Let boundaries of an export go wrong, each time from the state of the scenario."""
        place, run, what = enumeration.place, enumeration.run, SCENARIOS[enumeration.scenario]
        expected = self._lane.expected(self.new_place, NEW, file_format=what.new)
        for fault in faults:
            enumeration.restore()
            told = enumeration.told(fault)
            with self._watched(place, [data_files(place), expected.data], told):
                ended = self._lane.export(place, NEW, run, file_format=what.new, fault=asdict(fault))
                self._report.count(f"{fault.kind} at a boundary")
                if ended["died"] != (fault.kind == "kill"):
                    self._report.problem("missed", f"{told}: {ended}")
                if not ended["died"]:
                    self._ended(ended, told)
                    if "manifest" in ended and (not fits(place) or ended["manifest"] != _manifest(place)):
                        self._report.problem("different", f"{told}: it said that all was well")
                self._retry(place, NEW, run, told, expected, file_format=what.new)
            self._report.count(f"faults of {enumeration.title}")

    def at_once(
        self, rounds: int, wanted: Callable[[], bool] = lambda: True, logs: Sequence[int] = range(LOGS)
    ) -> None:
        """Let many write the same partition at the same time.

        :param logs: one for each of them; who shares one is a try of the same task, as after a lost heartbeat
        """
        told, place = f"{len(logs)} at once", self._furnished()
        whole = [self._lane.expected(self.new_place, log) for log in logs]
        self._lane.export(place, logs[0], self._lane.new_run())
        for _ in itertools.takewhile(lambda _: wanted(), range(rounds)):
            runs = {log: self._lane.new_run() for log in logs}
            with self._watched(place, [each.data for each in whole], told):
                for ended in self._lane.exports(*(self._lane.order(place, log, runs[log]) for log in logs)):
                    self._ended(ended, told)
                    if "manifest" not in ended:
                        self._report.problem("different", f"{told}: {ended}")
            data, manifest = data_files(place), _manifest(place)
            results = [each.result for each in whole if each.data == data]
            if not results or not manifest or timeless(manifest) != results[0] or not fits(place):
                self._report.problem("different", f"{told}: data and manifest do not fit")
            self._tidy(place, told)
            self._report.count(f"rounds of {told}")

    def _furnished(self) -> Place:
        place = self.new_place()
        for key, content in FOREIGN.items():
            place.put(key, content)
        return place

    def _names(self, place: Place, log: int, run: str, file_format: str) -> list[str]:
        names: list[str] = self._lane.export(place, log, run, file_format=file_format, names=True)["boundaries"]
        return names

    @contextmanager
    def _watched(self, place: Place, whole: Sequence[Files], told: str) -> Iterator[list[str]]:
        """Look on, and judge at the end: for each extension a reader sees one of the whole states."""
        history: list[str] = []
        with Reader(place, f"{PARTITION}/part-*") as reader:
            yield history
        self._report.count("looks", reader.looks)
        for extension in {key.rpartition(".")[2] for files in whole for key in files}:
            allowed = [_of(extension, files) for files in whole]
            for state in reader.seen:
                seen = _of(extension, state)
                if seen not in allowed:
                    sizes = {key: len(content) for key, content in seen.items()}
                    kind = "torn" if seen else "lost"
                    self._report.problem(kind, f"{'; '.join(history) or told}: a reader saw {sizes or 'nothing'}")

    def _ended(self, ended: dict[str, Any], told: str) -> None:
        """Judge an export that was not killed: what failed may be tried again."""
        self._report.count("ended" if "manifest" in ended else "failed")
        if not ended.keys() & {"manifest", "failed"}:
            self._report.problem("refused", f"{told}: {ended.get('refused', ended)}")

    def _retry(self, place: Place, log: int, run: str, told: str, expected: Expected, **how: Any) -> None:
        """Run the last try an hour later, and hold what it leaves against what nobody disturbed."""
        for key in filter(_SIBLING.search, place.keys()):
            self._report.count("siblings")
            place.age(key)
        kept = sum(key.endswith(".segment") for key in place.keys("_spool"))
        self._lane.requests()
        ended = self._lane.export(place, log, run, **how)
        asked = self._lane.requests()
        self._report.count("retries")
        self._report.count("asked again", asked)
        self._report.count("to be asked", expected.requests)
        self._report.count("segments", kept)
        if asked > expected.requests - kept * SEGMENT:
            self._report.problem("wasted", f"{told}: the retry asked {asked} times, although {kept} segments were kept")
        if "manifest" not in ended:
            self._report.problem("different", f"{told}: the retry ended in {ended}")
        elif data_files(place) != expected.data:
            self._report.problem("different", f"{told}: other bytes after the retry")
        elif timeless(ended["manifest"]) != expected.result or ended["manifest"] != _manifest(place) or not fits(place):
            self._report.problem("different", f"{told}: another manifest after the retry")
        self._tidy(place, told)

    def _tidy(self, place: Place, told: str) -> None:
        """See what is left: nothing of ours, everything of others."""
        keys = set(place.keys())
        changed = [key for key, content in FOREIGN.items() if place.get(key) != content]
        if changed:
            self._report.problem("foreign", f"{told}: {changed} is not what it was")
        ours = keys - FOREIGN.keys() - data_files(place).keys() - {MANIFEST}
        if ours:
            self._report.problem("left", f"{told}: left in the store: {sorted(ours)}")
        on_disk = self._lane.take_left_behind()
        # SQLite makes its files and then takes their names away, and one may be killed in between.
        empty = [name for name, size in on_disk.items() if size == 0 and name.startswith("etilqs_")]
        self._report.count("empty", len(empty))
        if len(on_disk) > len(empty):
            self._report.problem("left", f"{told}: left in TMPDIR: {on_disk}")


def _of(extension: str, files: Files) -> Files:
    return {key: content for key, content in files.items() if key.endswith(f".{extension}")}


def _manifest(place: Place) -> dict[str, Any] | None:
    stored = place.get(MANIFEST)
    return None if stored is None else for_xcom(json.loads(stored))
