"""The list of a month whose truth is known: who is stopped, for which type, why, since when and until when."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.known_archives import Archive, failed, put_day, verdict
from support.seeded_month import seeded_month, who_is_stopped
from suppression.conftest import LAST

from airflow_provider_dysms.audit.verdict import Verdict
from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.storage.verify import verify

Listed = Callable[..., list[dict[str, Any]]]
NUMBER = "139" + "00001111"
CODE, NOTICE, PROMO = "SMS_CODE", "SMS_NOTICE", "SMS_PROMO"


def day(before: int) -> date:
    return LAST - timedelta(days=before)


def put(archive: Archive, verdicts: dict[int, list[Verdict]], **how: Any) -> None:
    """Write days of the archive, by their distance from the last; a day without a message is there as well."""
    for before in range(max(verdicts, default=0) + 1):
        put_day(archive.uri, day(before), verdicts.get(before, []), **how)


def fail(before: int, category: str, template: str = PROMO, number: str = NUMBER, **fields: Any) -> Verdict:
    return failed(day(before), number, category, template_code=template, **fields)


def sent(before: int, template: str = PROMO, number: str = NUMBER, **fields: Any) -> Verdict:
    return verdict(day(before), number, template_code=template, **fields)


def stopped(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(row["template_type"], row["reason"]) for row in rows}


def test_a_number_on_the_blacklist_of_promotions_still_gets_its_code(archive: Archive, listed: Listed) -> None:
    put(archive, {2: [fail(2, "blacklist")]})
    (row,) = listed()
    noon = datetime(2026, 3, 29, 4, tzinfo=UTC)
    assert row == {
        **{"phone_number": NUMBER, "match": "number", "template_type": "promotion", "reason": "blacklist"},
        **{"count": 1, "first_seen": noon, "last_seen": noon, "expires_at": noon + timedelta(days=365)},
        "is_applied": True,
    }


def test_an_invalid_number_is_stopped_for_every_type(archive: Archive, listed: Listed) -> None:
    put(archive, {1: [fail(1, "invalid_number", CODE)]})
    assert stopped(listed()) == {(kind, "invalid_number") for kind in ("code", "notice", "promotion")}


def test_an_unreachable_number_is_stopped_after_five_failures_on_three_days_except_for_codes(
    archive: Archive, listed: Listed
) -> None:
    put(archive, {2: [fail(2, "unreachable", second=each) for each in range(4)], 0: [fail(0, "number_abnormal")]})
    assert listed() == []
    put_day(archive.uri, day(1), [fail(1, "unreachable", CODE)])
    rows = listed()
    assert stopped(rows) == {("notice", "unreachable"), ("promotion", "unreachable")}
    assert {row["count"] for row in rows} == {6}
    assert listed(thresholds={"unreachable_after": 7}) != []  # the entries of the list before it stay


@pytest.mark.parametrize(
    ("category", "delivered", "is_ended"),
    [
        ("unreachable", CODE, True),
        ("invalid_number", CODE, True),
        ("blacklist", CODE, False),
        ("blacklist", PROMO, True),
    ],
)
def test_a_delivery_ends_a_reason_but_not_the_blacklist_of_another_type(
    archive: Archive, listed: Listed, category: str, delivered: str, is_ended: bool
) -> None:
    failures = {before: [fail(before, category, second=each) for each in range(2)] for before in (5, 4, 3)}
    put(archive, {**failures, 1: [sent(1, delivered)]})
    assert (listed() == []) is is_ended


def test_a_failure_after_the_delivery_counts_again(archive: Archive, listed: Listed) -> None:
    put(archive, {3: [fail(3, "blacklist")], 2: [sent(2)], 1: [fail(1, "blacklist"), fail(1, "blacklist", second=9)]})
    (row,) = listed()
    assert row["count"] == 2
    assert row["first_seen"].date() == day(1)


def test_an_entry_stays_when_its_failures_leave_the_days_and_goes_when_it_expires(
    archive: Archive, listed: Listed
) -> None:
    put(archive, {29: [fail(29, "invalid_number")], 0: []})
    first = listed()
    put_day(archive.uri, LAST + timedelta(days=40), [])
    assert listed(through=LAST + timedelta(days=40)) == first
    put_day(archive.uri, LAST + timedelta(days=61), [])
    assert listed(through=LAST + timedelta(days=61)) == []


def test_a_delivery_ends_an_entry_of_the_list_before(archive: Archive, listed: Listed) -> None:
    put(archive, {1: [fail(1, "invalid_number")]})
    assert len(listed()) == 3
    later = LAST + timedelta(days=40)
    put_day(archive.uri, later, [verdict(later, NUMBER, template_code=CODE)])
    assert listed(through=later) == []


def test_the_same_days_give_the_same_bytes(archive: Archive, listed: Listed, tmp_path: Path) -> None:
    put(archive, {4: [fail(4, "blacklist")], 2: [fail(2, "invalid_number", number="138" + "00001111")]})
    listed()
    data = tmp_path / "stop/suppression_list/part-0.jsonl"
    before = data.read_bytes()
    listed()
    assert data.read_bytes() == before
    verify(f"file://{tmp_path}/stop", "suppression_list")


@pytest.mark.parametrize(("file_format", "compression"), [("csv", "gzip"), ("parquet", None), ("jsonl", "gzip")])
def test_every_format_has_the_same_rows_and_reads_the_list_before(
    archive: Archive, listed: Listed, file_format: str, compression: str | None
) -> None:
    put(archive, {4: [fail(4, "blacklist")]}, file_format=file_format, compression=compression)
    expected = listed()
    assert listed(file_format=file_format, compression=compression) == expected
    assert listed(file_format=file_format, compression=compression) == expected


def test_hashed_days_and_days_in_clear_are_one_hashed_list(archive: Archive, listed: Listed) -> None:
    key = PrivacyKey("s" * 32)
    for before in (2, 1, 0):
        put_day(archive.uri, day(before), [fail(before, "unreachable", second=each) for each in range(2)], key=None)
    put_day(archive.uri, day(1), [fail(1, "unreachable", second=each) for each in range(2)], key=key)
    rows = listed(key=key)
    assert {row["phone_hash"] for row in rows} == {key.phone_hash(NUMBER)}
    assert {row["count"] for row in rows} == {6}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"key": None}, "a list in clear cannot be made of hashes"),
        ({"key": PrivacyKey("t" * 32)}, "privacy_secret_previous"),
        ({"key": PrivacyKey("s" * 32), "pumping": "report"}, "prefixes cannot be read from hashes"),
    ],
)
def test_what_cannot_be_read_from_hashes_is_refused(
    archive: Archive, listed: Listed, how: dict[str, Any], message: str
) -> None:
    put(archive, {0: [fail(0, "blacklist")]}, key=PrivacyKey("s" * 32))
    with pytest.raises(DysmsInputError, match=message):
        listed(**how)


def test_a_list_does_not_change_between_numbers_and_hashes(archive: Archive, listed: Listed) -> None:
    put(archive, {0: [fail(0, "blacklist")]})
    listed()
    with pytest.raises(DysmsInputError, match="phone differs from that of the list"):
        listed(key=PrivacyKey("s" * 32))


def test_templates_without_a_type_and_days_without_an_audit_are_named(
    archive: Archive, listed: Listed, tmp_path: Path
) -> None:

    put_day(
        archive.uri, day(0), [fail(0, "blacklist", "SMS_9"), fail(0, "invalid_number", "SMS_9", "138" + "00001111")]
    )
    rows = listed(days=3)
    assert ("unknown", "blacklist") in stopped(rows)  # no send has this type
    facts = json.loads((tmp_path / "stop/_manifests/suppression_list.json").read_text())["result"]["suppression"]
    assert facts["unknown_templates"] == {"SMS_9": 2}
    assert facts["missing_days"] == [day(2).isoformat(), day(1).isoformat()]
    assert (facts["days"], facts["messages"]) == (1, 2)


def test_without_a_day_nothing_is_written(archive: Archive, listed: Listed, tmp_path: Path) -> None:
    with pytest.raises(DysmsInputError, match="has no audited day from 2026-03-02 to 2026-03-31"):
        listed()
    assert not (tmp_path / "stop/suppression_list").exists()


def test_a_damaged_day_fails(archive: Archive, listed: Listed) -> None:
    put(archive, {0: [fail(0, "blacklist")]})
    (archive.path / f"send_date={day(0)}/part-0.jsonl").write_text("")
    with pytest.raises(DysmsStorageError, match="is not what its manifest says"):
        listed()


def test_a_month_of_ours(archive: Archive, listed: Listed) -> None:
    month = seeded_month(LAST)
    for each, messages in month.items():
        put_day(archive.uri, each, messages)
    found = {(row["phone_number"], row["template_type"], row["reason"]): row["count"] for row in listed()}
    assert found == who_is_stopped(month)
    assert len(found) > 30


def test_a_person_is_erased_from_the_list_as_from_an_archive(archive: Archive, listed: Listed, tmp_path: Path) -> None:
    other = "138" + "00001111"
    put(archive, {4: [fail(4, "blacklist"), fail(4, "blacklist", number=other, second=1)]})
    listed()
    stop = Archive(tmp_path / "stop")
    assert stop.erase(NUMBER)["rows"] == 1
    verify(stop.uri, "suppression_list")
    put_day(archive.uri, day(4), [])
    assert {row["phone_number"] for row in listed()} == {other}


@pytest.mark.parametrize("key", [None, PrivacyKey("s" * 32)])
def test_a_row_that_an_erasure_kept_with_a_hash_is_nobody(
    archive: Archive, listed: Listed, key: PrivacyKey | None
) -> None:
    put(archive, {0: [fail(0, "blacklist"), fail(0, "blacklist", number="138" + "00001111", second=1)]})
    archive.erase(NUMBER, mode="hash")
    assert len(listed(key=key)) == 1
