"""Erasures and expiries that are killed at a boundary while a reader looks on, and finished by a second run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model import dates
from support.crash.boundaries import Fault
from support.crash.lanes import Lane
from support.crash.places import Folder, Place
from support.crash.readers import Files, Reader
from support.crash.reports import Report
from support.crash.states import State, put_state, state_of, states, without_chance

if TYPE_CHECKING:
    from collections.abc import Iterator

PERSON, OTHERS = "139" + "00001111", ["138" + "00002222", "137" + "00003333"]

#: Days of an expiry that are kept.
KEEP_DAYS = 40

KINDS = ("erase", "expire")

#: Seconds between two looks of a reader at a second run, whose files are many: it takes no time from the run.
RESUME_PAUSE = 0.05

#: Files that a killed writer leaves, with a name that no reader takes for data.
_SIBLING = re.compile(r"(^|/)\.[^/]+\.tmp$")

_RECORD = re.compile(r"_erasures/\d{4}-\d\d-\d\d-([0-9a-f]+)\.json")


@dataclass(frozen=True)
class ForgettingEnumeration:
    """The boundaries of one piece of work on an archive.

    :param before: the files that it begins with
    :param end: the files that it leaves undisturbed, without ids and times
    :param states: what a kill leaves, each with its first boundary, if they were wanted
    """

    kind: str
    place: Place
    before: Files
    end: Files
    names: list[str]
    states: list[tuple[int, State]]

    @property
    def title(self) -> str:
        days = len({key for key in self.before if "/part-" in key})
        return f"{self.kind} over {days} days, {self.place.uri.partition(':')[0]}"

    def faults(self) -> list[Fault]:
        """Return a kill before each boundary, and one after the last."""
        last = len(self.names) - 1
        return [*(Fault("kill", at) for at in range(len(self.names))), Fault("kill", last, after=True)]

    def restore(self) -> None:
        """Put the place back into the state that it had."""
        for key in set(self.place.keys()) - self.before.keys():
            self.place.remove(key)
        for key, content in self.before.items():
            if self.place.get(key) != content:
                self.place.put(key, content)


class Forgetting:
    """Disturbed erasures and expiries of archives of one kind of place.

    :param new_place: gives an empty place
    :param days: of the archive
    """

    def __init__(self, lane: Lane, new_place: Callable[[], Place], report: Report, *, days: int) -> None:
        self._lane = lane
        self._new_place = new_place
        self._report = report
        self._days = days

    def enumerated(self, kind: str, *, with_states: bool = False) -> ForgettingEnumeration:
        """Make an archive, and find the boundaries of the work on it.

        :param with_states: also what is in the folder at each of them
        """
        place = self._new_place()
        made = Folder(Path(self._lane.folder) / f"archive-{id(place)}")
        self._done("archive", made, days=self._dates(kind), numbers=[*OTHERS, PERSON], file_format="jsonl")
        before = {key: content for key, content in made.files().items()}
        for key, content in before.items():
            place.put(key, content)
        wanted = {"states_of": str(place.path)} if with_states and isinstance(place, Folder) else {}
        done = self._done(kind, place, names=True, **wanted)
        names, found = done["boundaries"], [*states(done.get("states", []))]
        enumeration = ForgettingEnumeration(kind, place, before, _timeless(place.files()), names, found)
        self._report.met(enumeration.title, len(names))
        return enumeration

    def resume(self, enumeration: ForgettingEnumeration, found: Iterable[tuple[int, State]]) -> None:
        """Begin with what a kill leaves, for some of the states, and let a second run finish it."""
        place = enumeration.place
        assert isinstance(place, Folder)
        place.pause = RESUME_PAUSE
        for at, state in found:
            told = f"{enumeration.title}: a kill after {enumeration.names[at - 1]!r} ({at})"
            self._judge(enumeration, state, told)
            put_state(place.path, state)
            with self._watched(enumeration, told):
                self._finish(enumeration, told)
            self._report.count(f"states of {enumeration.title}")

    def compare(self, enumeration: ForgettingEnumeration, faults: Iterable[Fault]) -> None:
        """Check that real kills leave the states that were noted."""
        place = enumeration.place
        assert isinstance(place, Folder)
        for fault in faults:
            put_state(place.path, enumeration.states[0][1])
            self._work(enumeration.kind, place, fault=asdict(fault))
            noted = next(state for at, state in reversed(enumeration.states) if at <= fault.at + fault.after)
            if without_chance(state_of(place.path)) != without_chance(noted):
                name = enumeration.names[fault.at]
                self._report.problem("different", f"{enumeration.title}: a kill before {name!r} left something else")
            self._report.count(f"states of {enumeration.title} that real kills left")

    def disturb(self, enumeration: ForgettingEnumeration, faults: Iterable[Fault]) -> None:
        """Kill the work at boundaries, each time from the beginning, and let a second run finish it."""
        place, kind = enumeration.place, enumeration.kind
        for fault in faults:
            enumeration.restore()
            told = f"{enumeration.title}: kill before {enumeration.names[fault.at]!r} ({fault.at})"
            with self._watched(enumeration, told):
                ended = self._work(kind, place, fault=asdict(fault))
                if not ended["died"]:
                    self._report.problem("missed", f"{told}: {ended}")
                self._finish(enumeration, told)
            self._report.count(f"kills of {kind}")
            self._report.count(f"faults of {enumeration.title}")

    def _finish(self, enumeration: ForgettingEnumeration, told: str) -> None:
        """Let a second run do the work, and look at its end."""
        place, kind = enumeration.place, enumeration.kind
        for key in filter(_SIBLING.search, place.keys()):
            place.age(key)
        ended = self._work(kind, place)
        if "manifest" not in ended:
            self._report.problem("different", f"{told}: the second run ended in {ended}")
        elif (end := _timeless(place.files())) != enumeration.end:
            differ = sorted(key for key in {*end, *enumeration.end} if end.get(key) != enumeration.end.get(key))
            self._report.problem("different", f"{told}: another end: {differ[:5]}")
        elif kind == "erase" and any(PERSON.encode() in content for content in place.files().values()):
            self._report.problem("left", f"{told}: the person is still there")

    def _judge(self, enumeration: ForgettingEnumeration, state: State, told: str) -> None:
        """Look at a state as a reader does: each day's file is the old one or the new one, if there is one."""
        old, new = enumeration.before, enumeration.end
        for key in {key for key in {*state, *old} if "/part-" in key}:
            if state.get(key) not in (old.get(key), new.get(key)):
                self._report.problem("torn", f"{told}: {key} was neither the old nor the new one")

    def _dates(self, kind: str) -> list[str]:
        """Return the days of the archive; half of those of an expiry are past their time."""
        today = dates.beijing_day(datetime.now(UTC))
        first = 1 if kind == "erase" else KEEP_DAYS - self._days // 2 + 1
        return [(today - timedelta(days=first + number)).isoformat() for number in range(self._days)]

    def _work(self, kind: str, place: Place, **how: Any) -> dict[str, Any]:
        return self._lane.work(kind, place.uri, **{"numbers": [PERSON], "keep_days": KEEP_DAYS, **how})

    def _done(self, kind: str, place: Place, **how: Any) -> dict[str, Any]:
        ended = self._work(kind, place, **how)
        if "manifest" not in ended:
            raise RuntimeError(f"undisturbed work: {ended}")
        return ended

    @contextmanager
    def _watched(self, enumeration: ForgettingEnumeration, told: str) -> Iterator[None]:
        """Look on: each day's file is the old one or the new one, and a manifest is never without its data."""
        old, new, place = enumeration.before, enumeration.end, enumeration.place
        with Reader(place, "send_date=*/part-*") as reader, ManifestReader(place) as manifests:
            yield
        self._report.count("looks", reader.looks)
        for key in {key for state in [old, *reader.seen] for key in state if "/part-" in key}:
            allowed = [each.get(key) for each in (old, new)]
            if unknown := [state for state in reader.seen if state.get(key) not in allowed]:
                kind = "torn" if key in unknown[0] else "lost"
                self._report.problem(kind, f"{told}: a reader saw neither the old nor the new {key}")
        for key in sorted(manifests.bereft):
            self._report.problem("lost", f"{told}: a manifest had no data: {key}")


class ManifestReader(Reader):
    """A reader that begins with manifests, and then opens the data that they name."""

    def __init__(self, place: Place) -> None:
        super().__init__(place, "_manifests/*.json")
        self.bereft: set[str] = set()

    def look(self) -> Files:
        for key, stored in super().look().items():
            data = json.loads(stored)["result"]["data"]
            # If the data is gone, the manifest must have gone before it.
            if self._place.get(data) is None and self._place.get(key) is not None:
                self.bereft.add(key)
        return {}


def _timeless(files: dict[str, bytes]) -> Files:
    """Return files without the id and the times of the erasure; a second erasure that found nothing does not count."""
    ids = {match[1]: "0" for key in files if (match := _RECORD.fullmatch(key))}
    found: dict[str, bytes] = {}
    for key, content in files.items():
        text = content
        for each in ids:
            text = text.replace(each.encode(), b"0")
        if _RECORD.fullmatch(key):
            record = json.loads(text)
            if not record.get("rows") and len(ids) > 1:
                continue
            text = json.dumps({name: record[name] for name in record if not name.endswith("_at")}).encode()
            key = "_erasures/record"
        found[key] = text
    return found
