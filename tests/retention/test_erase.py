"""One person erased from all days: the files are those of an archive that never had the person."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.known_archives import Archive, failed, manifest_of, put_day, rows_of, verdict

from airflow_provider_dysms.audit.results import HiddenCounts, unpack_hidden_counts
from airflow_provider_dysms.audit.verdict import Verdict
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.retention.erase import ErasureIncomplete
from airflow_provider_dysms.storage import partition as partitions
from airflow_provider_dysms.storage.partition import Partition
from airflow_provider_dysms.storage.verify import verify

PERSON = "139" + "00001111"
OTHER = "138" + "00002222"
ABROAD = "49151" + "12345678"

#: Entries of a result that only the erasure changes, or that are about the log.
OWN = {"erased", "lines", "asked", "unseen", "data", "bytes", "sha256", "columns"}


def messages(day: date) -> list[Verdict]:
    """Return a day with three messages of the person."""
    return [
        verdict(day, OTHER, second=1),
        verdict(day, PERSON, second=2),
        failed(day, PERSON, "unreachable", second=3),
        verdict(day, ABROAD, second=4, country="DE", template_code="SMS_2"),
        verdict(day, PERSON, second=5, state="waiting", category=None, is_final=False, delivery_seconds=None),
        failed(day, OTHER, "blacklist", second=6),
    ]


def without(person: str, verdicts: list[Verdict]) -> list[Verdict]:
    return [each for each in verdicts if each.phone_number != person]


def assert_verified(archive: Archive, days: list[date]) -> None:
    for day in days:
        verify(archive.uri, f"send_date={day}")


@pytest.mark.parametrize(
    ("file_format", "compression", "csv_safe"),
    [
        ("jsonl", None, False),
        ("jsonl", "gzip", False),
        ("csv", None, True),
        ("csv", "gzip", False),
        ("parquet", None, False),
        ("parquet", "snappy", False),
    ],
)
@pytest.mark.parametrize("hashed", [False, True])
def test_the_files_are_those_of_an_archive_that_never_had_the_person(
    archive: Archive,
    tmp_path: Path,
    days: list[date],
    key: PrivacyKey,
    file_format: str,
    compression: str | None,
    csv_safe: bool,
    hashed: bool,
) -> None:
    how: dict[str, Any] = {"file_format": file_format, "compression": compression, "csv_safe": csv_safe}
    how["key"] = key if hashed else None
    never = Archive(tmp_path / "never")
    for day in days:
        put_day(archive.uri, day, messages(day), **how)
        put_day(never.uri, day, without(PERSON, messages(day)), **how)
    summary = archive.erase(PERSON)
    assert archive.data() == never.data()
    assert (summary["partitions"], summary["changed"], summary["rows"], summary["cells"]) == (4, 4, 12, 0)
    assert_verified(archive, days)
    for day in days:
        ours, theirs = (manifest_of(each.path, day)["result"] for each in (archive, never))
        assert {name: ours[name] for name in ours.keys() - OWN} == {name: theirs[name] for name in ours.keys() - OWN}
        assert (ours["lines"], ours["erased"]["rows"]) == (6, 3)


def test_a_day_without_the_person_is_not_written(archive: Archive, days: list[date]) -> None:
    for day in days:
        put_day(archive.uri, day, messages(day) if day == days[1] else without(PERSON, messages(day)))
    written = {day: (archive.path / f"send_date={day}/part-0.jsonl").stat().st_mtime_ns for day in days}
    assert archive.erase(PERSON)["changed"] == 1
    changed = [
        day for day in days if (archive.path / f"send_date={day}/part-0.jsonl").stat().st_mtime_ns != written[day]
    ]
    assert changed == [days[1]]


def test_hashed_rows_stay_and_every_count_with_them(archive: Archive, days: list[date], key: PrivacyKey) -> None:
    before = put_day(archive.uri, days[0], messages(days[0]))["result"]
    summary = archive.erase(PERSON, mode="hash")
    rows = rows_of(archive.path, days[0])
    assert [row["phone_number"] for row in rows].count(key.phone_hash(PERSON)) == 3
    assert PERSON not in {row["phone_number"] for row in rows}
    after = manifest_of(archive.path, days[0])["result"]
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"bytes", "sha256"}
    assert summary["rows"] == 3
    assert_verified(archive, days[:1])
    assert archive.erase(PERSON)["rows"] == 3  # and they can be removed later
    assert len(rows_of(archive.path, days[0])) == 3


@pytest.mark.parametrize("hashed", [False, True])
def test_the_number_goes_from_carried_columns_ids_and_texts_of_other_rows(
    archive: Archive, days: list[date], key: PrivacyKey, hashed: bool
) -> None:
    spellings = [PERSON, f"+86 {PERSON[:3]}-{PERSON[3:7]}-{PERSON[7:]}", f"0086{PERSON}", f"call {PERSON}!"]
    innocent = [f"{PERSON}5", f"7{PERSON}", "2026" + PERSON, OTHER, "4.50"]
    day = days[0]
    rows = [
        verdict(day, OTHER, second=place, carried=(text, None), content=f"text {text}", out_id=text)
        for place, text in enumerate([*spellings, *innocent])
    ]
    put_day(archive.uri, day, rows, carry=["mobile", "note"], content=True, key=key if hashed else None)
    summary = archive.erase(PERSON)
    assert (summary["rows"], summary["cells"]) == (0, 3 * len(spellings))
    found = rows_of(archive.path, day)
    assert [row["mobile"] for row in found] == ["***", "***", "***", "call ***!", *innocent]
    assert_verified(archive, days[:1])


@pytest.mark.parametrize("hashed", [False, True])
def test_a_rejected_line_of_the_person_goes_too(
    archive: Archive, days: list[date], key: PrivacyKey, hashed: bool
) -> None:
    rejected = {"state": "rejected", "category": "invalid_time", "received_at": None, "delivery_seconds": None}
    rows = [verdict(days[0], f"+86{PERSON}", **rejected), verdict(days[0], OTHER, second=1, **rejected)]
    put_day(archive.uri, days[0], rows, key=key if hashed else None)
    assert archive.erase(PERSON)["rows"] == 1
    assert manifest_of(archive.path, days[0])["result"]["rejected"] == {"invalid_time": 1}
    assert_verified(archive, days[:1])


def test_a_foreign_number_is_found_with_and_without_its_plus(archive: Archive, days: list[date]) -> None:
    put_day(archive.uri, days[0], [verdict(days[0], OTHER, carried=(f"+{ABROAD}",))], carry=["m"])
    assert archive.erase(ABROAD)["cells"] == 1


def test_hidden_counts_stay_with_their_rows(archive: Archive, days: list[date]) -> None:
    hidden = {0: HiddenCounts(edge=1), 1: HiddenCounts(ambiguous=2, repeated=(1,)), 3: HiddenCounts(off_day=1)}
    rows = messages(days[0])
    put_day(archive.uri, days[0], rows, hidden=hidden)
    archive.erase(PERSON)
    result = manifest_of(archive.path, days[0])["result"]
    assert unpack_hidden_counts(result["unseen"]) == {0: HiddenCounts(edge=1), 1: HiddenCounts(off_day=1)}
    assert (result["ambiguous"], result["edge"], result["repeated"]) == (0, 1, 0)


def test_the_record_says_when_and_how_many_and_not_who(archive: Archive, days: list[date], key: PrivacyKey) -> None:
    for day in days:
        put_day(archive.uri, day, messages(day))
    (archive.path / "_spool/ab").mkdir(parents=True)
    (archive.path / "_spool/ab/20260101T000000000000-000000.segment").write_text(PERSON)
    summary = archive.erase(PERSON, ABROAD)
    record = json.loads((archive.path / summary["record"]).read_text())
    assert (record["people"], record["rows"], record["partitions"]) == (2, 16, 4)
    assert record["begun_at"] <= record["finished_at"]
    left = archive.everything()
    for number in (PERSON, ABROAD):
        assert number.encode() not in left
        assert key.phone_hash(number).encode() not in left
    assert not any(number in json.dumps(summary) for number in (PERSON, ABROAD))
    assert "digests" not in summary


def test_an_interrupted_erasure_goes_on_with_its_record(
    archive: Archive, days: list[date], monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in days:
        put_day(archive.uri, day, messages(day))
    commit, commits = Partition.commit, []

    def interrupted(*given: Any, **named: Any) -> Any:
        commits.append(given)
        if len(commits) == 3:
            raise KeyboardInterrupt
        return commit(*given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(partitions.Partition, "commit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            archive.erase(PERSON)
    (unfinished,) = (archive.path / "_erasures").glob("*.json")
    assert json.loads(unfinished.read_text())["finished"] is False
    summary = archive.erase(PERSON)
    assert summary["record"] == f"_erasures/{unfinished.name}"
    assert (summary["changed"], summary["rows"]) == (4, 12)
    assert len(list((archive.path / "_erasures").glob("*.json"))) == 1


def test_rows_under_the_secret_before_the_last_rotation_are_found(
    archive: Archive, days: list[date], key: PrivacyKey
) -> None:
    put_day(archive.uri, days[0], messages(days[0]), key=key)
    with pytest.raises(DysmsInputError, match=r"privacy_secret .* send_date=2026-03-01 is hashed with"):
        archive.erase(PERSON, key=PrivacyKey("t" * 32))
    assert not (archive.path / "_erasures").exists()
    assert archive.erase(PERSON, key=PrivacyKey("t" * 32, "s" * 32))["rows"] == 3


def test_a_day_that_cannot_be_searched_is_named_and_the_others_are_erased(archive: Archive, days: list[date]) -> None:
    for day in days:
        put_day(archive.uri, day, messages(day))
    damaged = archive.path / f"send_date={days[1]}/part-0.jsonl"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-5])
    orphan = archive.path / "send_date=2020-01-01/part-0.csv"
    orphan.parent.mkdir()
    orphan.write_text(PERSON)
    with pytest.raises(ErasureIncomplete, match=r"2 of 5 partitions .*=2020-01-01 has a data file without a") as caught:
        archive.erase(PERSON)
    assert PERSON not in str(caught.value)
    assert all(PERSON.encode() not in archive.data()[f"send_date={day}/part-0.jsonl"] for day in (days[0], days[2]))
    damaged.write_bytes(content)
    orphan.unlink()
    assert archive.erase(PERSON)["rows"] == 12
    assert len(list((archive.path / "_erasures").glob("*.json"))) == 1


def test_the_old_file_that_a_killed_commit_left_is_removed(archive: Archive, days: list[date]) -> None:
    put_day(archive.uri, days[0], messages(days[0]), file_format="csv")
    old = (archive.path / f"send_date={days[0]}/part-0.csv").read_bytes()
    put_day(archive.uri, days[0], without(PERSON, messages(days[0])))
    (archive.path / f"send_date={days[0]}/part-0.csv").write_bytes(old)
    archive.erase(PERSON)
    assert list(archive.data()) == [f"send_date={days[0]}/part-0.jsonl"]


def test_the_file_of_a_killed_writer_is_removed_when_it_is_an_hour_old(archive: Archive, days: list[date]) -> None:
    put_day(archive.uri, days[0], messages(days[0]))
    left = archive.path / f"send_date={days[0]}/.part-0.jsonl.0123456789abcdef.tmp"
    left.write_text(PERSON)
    with pytest.raises(ErasureIncomplete, match="1 unfinished files"):
        archive.erase(PERSON)
    os.utime(left, (0, 0))
    assert archive.erase(PERSON)["rows"] == 3
    assert PERSON.encode() not in archive.everything()


def test_an_audit_that_is_committed_meanwhile_is_searched_again(
    archive: Archive, days: list[date], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_day(archive.uri, days[0], messages(days[0])[:3])
    commit, others = Partition.commit, [messages(days[0])]

    def met(*given: Any, **named: Any) -> Any:
        if others and named.get("replaces"):
            put_day(archive.uri, days[0], others.pop())
        return commit(*given, **named)

    monkeypatch.setattr(partitions.Partition, "commit", met)
    archive.erase(PERSON)
    assert len(rows_of(archive.path, days[0])) == 3
    assert PERSON.encode() not in archive.everything()


def test_a_folder_without_a_partition_is_named(
    archive: Archive, days: list[date], caplog: pytest.LogCaptureFixture
) -> None:
    put_day(archive.uri, days[0], messages(days[0]))
    inside = Archive(archive.path / f"send_date={days[0]}")
    assert inside.erase(PERSON)["partitions"] == 0
    assert f"{inside.uri} has no partition, so nothing was searched; check output_uri" in caplog.text
    caplog.clear()
    archive.erase(OTHER)
    assert "nothing was searched" not in caplog.text


@pytest.mark.parametrize("numbers", [[], [f"139{number:08}" for number in range(101)]])
def test_there_is_a_bound_for_people(archive: Archive, numbers: list[str]) -> None:
    with pytest.raises(DysmsInputError, match="must be 1 to 100 numbers"):
        archive.erase(*numbers)
