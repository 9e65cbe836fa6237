"""Audits and erasures that commit the same partition at the same time, each through its front door, in threads."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import IO, Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.retention import commit_marks, erase, respect_erasures
from airflow_provider_dysms.retention.erase import ErasureIncomplete, erase_people
from airflow_provider_dysms.storage.object_store.local_folder import LocalFolder
from airflow_provider_dysms.storage.partition import Partition
from airflow_provider_dysms.storage.verify import verify

Attempts = Any
DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
PARTITION = f"send_date={DAY}"
MESSAGES = 8
PEOPLE = [f"1390000{place:04}" for place in range(MESSAGES)]
PERSON, OTHER = PEOPLE[3], PEOPLE[5]
MARKS = f"_erasures/pending/{PARTITION}"

#: Seconds for which a data file is on its way, and in which something that waits would otherwise have ended.
UPLOAD, LONG = 0.05, 0.5

log = logging.getLogger(__name__)


def erase_of(attempts: Attempts, *people: str) -> dict[str, Any]:
    key = PrivacyKey("k" * 32)
    return erase_people(f"file://{attempts.out}", people, mode="remove", privacy_key=key, log=log)


def audit_of(attempts: Attempts, wave: int) -> dict[str, Any]:
    """Audit the day again, with a number in each row by which its audit is known."""
    lines = [f"{number},order-{place},{wave}" for place, number in enumerate(PEOPLE)]
    (attempts.folder / "sent.csv").write_text("\n".join(["phone_number,out_id,wave", *lines, ""]))
    found: dict[str, Any] = attempts(carry=["wave"], refresh="all")
    return found


def people_in(attempts: Attempts) -> set[str]:
    return {row["phone_number"] for row in attempts.rows()}


def wave_of(attempts: Attempts) -> int:
    (wave,) = {int(row["wave"]) for row in attempts.rows()}
    return wave


def marks(attempts: Attempts) -> list[str]:
    return [path.name for path in (attempts.out / MARKS).glob("*")]


class Gate:
    """Holds the next upload of a data file until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._uploads = iter([True])
        self._reached, self._opened = threading.Event(), threading.Event()
        upload = LocalFolder.upload

        def held(store: LocalFolder, key: str, file: IO[bytes]) -> None:
            if key.startswith(PARTITION) and next(self._uploads, False):
                self._reached.set()
                assert self._opened.wait(20)
            upload(store, key, file)

        monkeypatch.setattr(LocalFolder, "upload", held)

    def wait(self) -> None:
        assert self._reached.wait(20)

    def open(self) -> None:
        self._opened.set()


@pytest.fixture
def day(attempts: Attempts) -> Attempts:
    """A day that was audited."""
    attempts.send(MESSAGES)
    audit_of(attempts, 0)
    return attempts


@pytest.fixture
def start() -> Iterator[Callable[..., Future[Any]]]:
    with ThreadPoolExecutor(2) as pool:
        yield pool.submit


def test_an_erasure_waits_for_an_audit_that_was_about_to_commit_the_person(
    day: Attempts, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    audit = start(audit_of, day, 1)
    gate.wait()
    erasure = start(erase_of, day, PERSON)
    time.sleep(LONG)
    assert not erasure.done()
    gate.open()
    with pytest.raises(AirflowException, match="people were erased from the archive while") as caught:
        audit.result(20)
    assert not isinstance(caught.value, AirflowFailException)
    assert erasure.result(20)["rows"] == 1
    assert people_in(day) == {*PEOPLE} - {PERSON}
    assert wave_of(day) == 1
    audit_of(day, 2)
    assert people_in(day) == {*PEOPLE} - {PERSON}
    assert not (day.out / MARKS).exists()
    verify(f"file://{day.out}", PARTITION)


def test_an_audit_waits_for_an_erasure_so_that_its_rows_are_not_replaced_by_older_ones(
    day: Attempts, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    erasure = start(erase_of, day, PERSON)
    gate.wait()
    audit = start(audit_of, day, 1)
    time.sleep(LONG)
    assert not audit.done()
    gate.open()
    assert erasure.result(20)["rows"] == 1
    # The audit had read the partition before the person was erased from it.
    with pytest.raises(AirflowException, match="people were erased from the archive while"):
        audit.result(20)
    audit_of(day, 2)
    assert (people_in(day), wave_of(day)) == ({*PEOPLE} - {PERSON}, 2)


def test_two_erasures_of_one_partition_both_last(day: Attempts, start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    first = start(erase_of, day, PERSON)
    gate.wait()
    second = start(erase_of, day, OTHER)
    time.sleep(LONG)
    assert not second.done()
    gate.open()
    assert [first.result(20)["rows"], second.result(20)["rows"]] == [1, 1]
    assert people_in(day) == {*PEOPLE} - {PERSON, OTHER}


class Race:
    """Audits one day again and again, and erases one person after the other, while data files take a while."""

    def __init__(self, attempts: Attempts, monkeypatch: pytest.MonkeyPatch) -> None:
        self.problems: list[str] = []
        self.committed = self.refused = 0
        self._attempts = attempts
        self._erased: set[str] = set()
        self._end = threading.Event()
        upload = LocalFolder.upload

        def slow(store: LocalFolder, key: str, file: IO[bytes]) -> None:
            if key.startswith(PARTITION):
                time.sleep(UPLOAD)
            upload(store, key, file)

        monkeypatch.setattr(LocalFolder, "upload", slow)

    def run(self, start: Any) -> None:
        auditing = start(self._audit)
        for number, person in enumerate(PEOPLE[:-1]):
            erase_of(self._attempts, person)
            self._erased.add(person)
            committed = self.committed
            while number % 2 and self.committed == committed and not auditing.done():
                time.sleep(UPLOAD)  # or else, on a busy machine, every audit meets an erasure
        self._end.set()
        auditing.result(60)

    def _audit(self) -> None:
        wave = last = 0
        while not self._end.is_set():
            wave += 1
            erased = {*self._erased}
            try:
                audit_of(self._attempts, wave)
                last = wave
                self.committed += 1
            except AirflowException as error:
                self.refused += 1
                if "people were erased from the archive while" not in str(error):
                    self.problems.append(str(error))
            if back := people_in(self._attempts) & erased:
                self.problems.append(f"{len(back)} people are back")
            if wave_of(self._attempts) < last:
                self.problems.append("older rows have replaced newer ones")


def test_no_person_comes_back_and_no_row_gets_older_however_they_meet(
    day: Attempts, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    race = Race(day, monkeypatch)
    race.run(start)
    assert race.problems == []
    assert race.committed
    assert race.refused
    assert people_in(day) <= {PEOPLE[-1]} | {*PEOPLE} - race._erased
    assert not (day.out / MARKS).exists()
    verify(f"file://{day.out}", PARTITION)


@pytest.fixture
def unmarked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody sees a mark."""
    monkeypatch.setattr(commit_marks, "all_marks", lambda *_: [])


@pytest.mark.usefixtures("unmarked")
def test_null_control_without_marks_an_audit_brings_a_person_back(
    day: Attempts, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    audit = start(audit_of, day, 1)
    gate.wait()
    erase_of(day, PERSON)
    gate.open()
    with pytest.raises(AirflowException):
        audit.result(20)
    assert PERSON in people_in(day)


@pytest.mark.usefixtures("unmarked")
def test_null_control_without_marks_an_erasure_replaces_rows_by_older_ones(
    day: Attempts, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    erasure = start(erase_of, day, PERSON)
    gate.wait()
    audit_of(day, 1)
    assert wave_of(day) == 1
    gate.open()
    erasure.result(20)
    assert wave_of(day) == 0


def test_the_mark_of_a_killed_audit_holds_an_erasure_for_an_hour_or_until_its_retry(
    day: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Partition, "commit", killed)
        patched.setattr(respect_erasures, "remove_mark", killed)
        with pytest.raises(KeyboardInterrupt):
            audit_of(day, 1)
    (left,) = marks(day)
    monkeypatch.setattr(erase, "MAX_WAIT", 0.1)
    with pytest.raises(ErasureIncomplete, match=f"commit {PARTITION}, or were killed there within the last hour"):
        erase_of(day, PERSON)
    assert PERSON in people_in(day)
    audit_of(day, 2)  # its retry, which leaves the person out
    assert not (day.out / MARKS).exists()
    erase_of(day, PERSON)
    assert PERSON not in people_in(day)
    hours = {"commit_begun_at": (datetime.now(UTC) - timedelta(hours=2)).isoformat()}
    (day.out / MARKS).mkdir(parents=True)
    (day.out / MARKS / left).write_text(json.dumps(hours))
    assert erase_of(day, OTHER)["rows"] == 1
    assert not (day.out / MARKS).exists()
