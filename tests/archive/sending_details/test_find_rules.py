"""The refusals of a search, and its words about days: limits, cursors, secrets, days that are unknown or do not fit."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.archives import DAYS, FIRST, LAST, NOW, NUMBERS, UNKNOWN, rows_of, write_archive, write_day

from airflow_provider_dysms.archive.engines.day_search import Position
from airflow_provider_dysms.archive.sending_details import archive_days
from airflow_provider_dysms.archive.sending_details.archive_days import DayUnusable
from airflow_provider_dysms.archive.sending_details.cursor import Cursor, encode_cursor
from airflow_provider_dysms.archive.sending_details.filters.conditions import check_filters
from airflow_provider_dysms.archive.sending_details.filters.sending_results import ADVICE, MISSING
from airflow_provider_dysms.archive.sending_details.filters.time_span import TimeSpan
from airflow_provider_dysms.archive.sending_details.find import find
from airflow_provider_dysms.archive.sending_details.page import Page
from airflow_provider_dysms.archive.sending_details.query import FindQuery
from airflow_provider_dysms.model.dates import BEIJING, day_start
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.storage import encoders
from airflow_provider_dysms.storage.verify import PartitionDiffers

KEY = PrivacyKey("a secret of the archive")
SPAN = {"sent_from": DAYS[0], "sent_to": "2026-11-27"}

Search = Callable[..., Page]


@pytest.fixture
def search(tmp_path: Path) -> Search:
    write_archive(f"file://{tmp_path}", [("parquet", None), ("jsonl", None)])

    def run(*, key: PrivacyKey | None = None, now: datetime = NOW, **filters: Any) -> Page:
        filters = filters if {"sent_from", "last"} & filters.keys() else {**SPAN, **filters}
        return find(FindQuery(output_uri=f"file://{tmp_path}", **filters), now=now, privacy_key=key)

    return run


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_days, "COMMIT_SECONDS", 0)


def test_a_day_that_was_not_audited_is_named_and_the_others_have_their_time(search: Search) -> None:
    page = search()
    assert page.not_audited == (UNKNOWN,)
    assert f"Not audited, so that their messages are not known: {UNKNOWN}." in page.notes
    assert {day.day: day.as_of for day in page.days if day.is_audited}[DAYS[0]] == "2026-11-23T16:00:00Z"
    assert page.total.is_exact is False
    alone = search(sent_from=UNKNOWN, sent_to=UNKNOWN + timedelta(days=1))
    assert (alone.records, alone.total.count, alone.not_audited) == ((), 0, (UNKNOWN,))
    assert alone.audited_until is None


def test_the_last_hour_says_how_far_the_audit_reaches(search: Search) -> None:
    page = search(last="1h")
    assert (page.span.start, page.span.end) == (NOW - timedelta(hours=1), NOW)
    assert page.audited_until == datetime(2026, 11, 26, 4, tzinfo=UTC)
    assert "The audits reach to 2026-11-26 12:00 in Beijing; later messages are not in the archive." in page.notes
    assert all(record.sent_at and record.sent_at >= page.span.start for record in page.records)


def test_missing_says_that_the_text_may_be_under_review(search: Search) -> None:
    page = search(result="missing")
    assert ADVICE[MISSING] in page.notes
    assert page.records[0].advice == ADVICE[MISSING]
    assert {record.result for record in page.records} == {"Missing"}


def test_waiting_is_sending_and_expired_is_failed_with_its_code(search: Search) -> None:
    assert {record.state for record in search(result="SENDING", page_size=1000).records} == {"waiting"}
    failed = search(result="Failed", page_size=1000).records
    assert {record.state for record in failed} == {"failed", "rejected", "expired"}
    assert {record.status_code for record in failed if record.state == "expired" and not record.error_code} == {
        "EXPIRED"
    }
    assert {record.status_code for record in search(error_code="delivrd", page_size=1000).records} == {
        *("DELIVERED", "DELIVRD", "delivered"),
    }


def test_limits_are_a_profile_and_the_error_names_them(search: Search) -> None:
    assert search(limits="24h", last="24h").span.start == NOW - timedelta(hours=24)
    with pytest.raises(DysmsInputError, match="further apart than 24 hours"):
        search(limits="24h", sent_from=NOW - timedelta(hours=24, seconds=1))
    with pytest.raises(DysmsInputError, match="more than 60 days before the current time"):
        search(limits="24h", sent_from=NOW - timedelta(days=61), sent_to=NOW - timedelta(days=60, hours=1))
    with pytest.raises(DysmsInputError, match="further apart than 7 days"):
        search(limits="7d", sent_from=NOW - timedelta(days=8))
    with pytest.raises(DysmsInputError, match="more than 90 days"):
        search(limits="7d", sent_from=NOW - timedelta(days=91), sent_to=NOW - timedelta(days=90))
    assert search(sent_from="2020-01-01", sent_to="2026-11-27").total.count


@pytest.mark.parametrize(
    ("filters", "problem"),
    [
        ({"result": "Lost"}, "result must be one of"),
        ({"state": "lost"}, "state must be one of"),
        ({"result": "Failed", "state": "waiting"}, "is not a part of the result"),
        ({"country": "China"}, "country must be an ISO code"),
        ({"phone_number": "abc"}, "phone_number is not one number"),
        ({"carried": {"phone_number": NUMBERS[0]}}, "carried names a column of numbers"),
        ({"carried": {"nobody": "x"}}, "names the column 'nobody', which no day of the span has"),
        ({"page_size": 0}, "page_size must be a whole number from 1 to 1000"),
        ({"page_size": 1001}, "page_size must be"),
        ({"last": "1 week"}, "last must be a number of minutes, hours or days"),
        ({"last": "1h", "sent_from": "2026-11-20"}, "takes the place of sent_from"),
        ({"sent_from": "2026-11-28", "sent_to": "2026-11-27"}, "sent_from must be before sent_to"),
        ({"sent_from": datetime(2026, 11, 20)}, "without a time zone"),  # noqa: DTZ001
        ({"sent_from": "2026-11-20 quarter past"}, "sent_from is not a time"),
        ({"sent_from": "2000-01-01"}, "span more than 3,660 days"),
        ({"sent_from": "0001-01-01"}, "sent_from must be in the years 1970 to 9998"),
        ({"sent_from": DAYS[0], "sent_to": datetime.max.replace(tzinfo=BEIJING)}, "sent_to must be in the years 1970"),
        ({"cursor": "nonsense"}, "cursor is not one"),
        ({"cursor": "AQ" * 99}, "cursor is not one"),
        ({"limits": "1h"}, "limits must be one of"),
    ],
)
def test_what_cannot_be_searched_is_refused(search: Search, filters: dict[str, Any], problem: str) -> None:
    with pytest.raises(DysmsInputError, match=problem) as caught:
        search(**filters)
    assert NUMBERS[0] not in str(caught.value)


def test_a_cursor_is_refused_by_another_query_and_after_another_audit(search: Search, tmp_path: Path) -> None:
    cursor = search(phone_number=NUMBERS[3], page_size=3).next_cursor
    assert cursor is not None
    assert search(phone_number=f"+86{NUMBERS[3]}"[3:], page_size=5, cursor=cursor).first == 4
    for other in (
        *({"phone_number": NUMBERS[4]}, {}, {"phone_number": NUMBERS[3], "result": "Failed"}),
        *({"phone_number": NUMBERS[3], "sent_from": DAYS[1]}, {"phone_number": NUMBERS[3], "last": "7d"}),
    ):
        with pytest.raises(DysmsInputError, match="belongs to another query"):
            search(cursor=cursor, **other)
    changed = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    changed[30] ^= 1
    with pytest.raises(DysmsInputError, match="cursor"):
        search(phone_number=NUMBERS[3], cursor=base64.urlsafe_b64encode(changed).decode().rstrip("="))
    place = search(phone_number=NUMBERS[3], page_size=3).records[-1].day
    write_day(f"file://{tmp_path}", place, rows_of(place, 3), "parquet")
    with pytest.raises(DysmsInputError, match="has been audited again"):
        search(phone_number=NUMBERS[3], cursor=cursor)


@pytest.mark.parametrize(
    ("start", "end"),
    [("0001-01-02", "2026-11-27"), ("1971-01-01", "2026-11-27"), ("2026-11-20", "9999-12-31"), ("2026-11-27",) * 2],
)
def test_a_cursor_with_a_span_that_no_search_has_is_refused_before_an_archive_is_read(
    search: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: str, end: str
) -> None:
    monkeypatch.setattr(archive_days.Archive, "audited", lambda *_: pytest.fail("the manifests are read"))
    span = TimeSpan(datetime.fromisoformat(f"{start}T23:00:00Z"), datetime.fromisoformat(f"{end}T23:00:00Z"))
    query = FindQuery(output_uri=f"file://{tmp_path}", **SPAN)
    made = Cursor(FIRST, Position(NOW, 1), span, 10)
    with pytest.raises(DysmsInputError, match="cursor is not one"):
        search(cursor=encode_cursor(made, query, check_filters(query, None), "the digest of another file"))


def test_a_cursor_is_safe_in_a_url_and_does_not_show_the_number(search: Search) -> None:
    cursor = search(phone_number=NUMBERS[3], page_size=1).next_cursor
    assert cursor is not None
    assert cursor.replace("-", "").replace("_", "").isalnum()
    content = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for form in (NUMBERS[3].encode(), int(NUMBERS[3]).to_bytes(8, "big"), int(NUMBERS[3]).to_bytes(8, "little")):
        assert form not in content


def test_the_last_hour_stays_the_same_hour_on_later_pages(search: Search) -> None:
    first = search(last="24h", page_size=2)
    later = search(last="24h", page_size=2, cursor=first.next_cursor, now=NOW + timedelta(minutes=30))
    assert later.span == first.span
    assert later.first == 3


def test_a_number_of_another_secret_is_an_error_and_not_an_empty_page(tmp_path: Path) -> None:
    write_day(f"file://{tmp_path}", FIRST, rows_of(FIRST, 60), "parquet", key=KEY)
    query = FindQuery(output_uri=f"file://{tmp_path}", phone_number=NUMBERS[3], **SPAN)
    assert find(query, now=NOW, privacy_key=KEY).records
    rotated = PrivacyKey("the secret after it, now", previous="a secret of the archive")
    assert find(query, now=NOW, privacy_key=rotated).records == find(query, now=NOW, privacy_key=KEY).records
    with pytest.raises(DysmsInputError, match=f"privacy_secret has the fingerprint .*{KEY.fingerprint}"):
        find(query, now=NOW, privacy_key=PrivacyKey("another secret than that"))
    with pytest.raises(DysmsInputError, match="privacy_secret is needed"):
        find(query, now=NOW)
    assert find(msgspec.structs.replace(query, phone_number=None), now=NOW).records


@pytest.mark.parametrize("engine", ["duckdb", "pyarrow"])
@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (lambda data: data[:-1], "bytes "),
        (lambda data: b"x" * len(data), "is not what its manifest says"),
        (None, "is missing"),
    ],
)
@pytest.mark.parametrize("file_format", ["parquet", "csv", "jsonl"])
def test_a_file_that_does_not_fit_its_manifest_is_refused(
    tmp_path: Path, file_format: str, change: Any, difference: str, engine: Any
) -> None:
    manifest = write_day(f"file://{tmp_path}", FIRST, rows_of(FIRST, 60), file_format)
    data = tmp_path / manifest["result"]["data"]
    if change is None:
        data.unlink()
    else:
        data.write_bytes(change(data.read_bytes()))
    with pytest.raises(PartitionDiffers, match=difference) as caught:
        find(FindQuery(output_uri=f"file://{tmp_path}", **SPAN), now=NOW, engine=engine)
    assert str(FIRST) in str(caught.value)
    assert not any(number in str(caught.value) for number in NUMBERS)


@pytest.mark.parametrize("engine", ["duckdb", "pyarrow"])
def test_parquet_that_is_damaged_anywhere_is_refused_or_read_but_nothing_else(tmp_path: Path, engine: Any) -> None:
    data = tmp_path / write_day(f"file://{tmp_path}", FIRST, rows_of(FIRST, 400), "parquet")["result"]["data"]
    intact, refused = data.read_bytes(), 0
    for place in range(0, len(intact), len(intact) // 60):
        damaged = bytes(byte ^ 0x5A for byte in intact[place : place + 20])
        data.write_bytes(intact[:place] + damaged + intact[place + 20 :])
        try:
            find(FindQuery(output_uri=f"file://{tmp_path}", page_size=100, **SPAN), now=NOW, engine=engine)
        except PartitionDiffers:
            refused += 1
    assert refused > 20


@pytest.mark.parametrize("engine", ["duckdb", "pyarrow"])
@pytest.mark.parametrize("file_format", ["parquet", "csv", "jsonl"])
def test_other_columns_or_rows_than_the_manifests_are_refused(tmp_path: Path, file_format: str, engine: Any) -> None:
    manifest = write_day(f"file://{tmp_path}", FIRST, rows_of(FIRST, 60), file_format)
    path = tmp_path / f"_manifests/send_date={FIRST}.json"
    for change in ({"rows": 61}, {"columns": manifest["result"]["columns"][:-1]}):
        path.write_text(json.dumps({**manifest, "result": {**manifest["result"], **change}}))
        with pytest.raises(PartitionDiffers, match=r"rows 60, in the manifest 61|columns"):
            find(FindQuery(output_uri=f"file://{tmp_path}", **SPAN), now=NOW, engine=engine)


def test_a_day_that_is_audited_again_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"file://{tmp_path}"
    write_day(uri, FIRST, rows_of(FIRST, 60), "parquet")
    original, audits = archive_days.data_file_of, [1]

    def audit_meanwhile(*arguments: Any) -> Any:
        if audits:
            audits.pop()
            write_day(uri, FIRST, rows_of(FIRST, 7), "csv")
        return original(*arguments)

    monkeypatch.setattr(archive_days, "data_file_of", audit_meanwhile)
    page = find(FindQuery(output_uri=uri, **SPAN), now=NOW)
    assert len(page.records) == page.total.count == 7


def test_a_damaged_manifest_is_refused_by_its_day(search: Search, tmp_path: Path) -> None:
    (tmp_path / f"_manifests/send_date={DAYS[1]}.json").write_text("{")
    with pytest.raises(DayUnusable, match=f"{DAYS[1]} has a manifest that is damaged"):
        search()
    assert search(sent_from=LAST).records


def test_a_folder_whose_name_looks_like_a_glob_or_sql_is_read(tmp_path: Path) -> None:
    uri = f"file://{tmp_path}/it's [all]*, isn't it"
    write_day(uri, FIRST, rows_of(FIRST, 60), "parquet")
    assert find(FindQuery(output_uri=uri, **SPAN), now=NOW, engine="duckdb").total.count == 60


@pytest.mark.parametrize("number", ["4402000000", "+44 (0)2000000", "1390000", "139 0000"])
def test_a_number_that_cannot_exist_is_searched_as_it_is_written(tmp_path: Path, number: str) -> None:
    rows = rows_of(FIRST, 3)
    rows[1] = {**rows[1], "phone_number": number, "state": "rejected", "template_code": None}
    write_day(f"file://{tmp_path}", FIRST, rows)
    (record,) = find(FindQuery(output_uri=f"file://{tmp_path}", phone_number=number, **SPAN), now=NOW).records
    assert record.phone_number == number


def test_masked_records_have_no_number_and_no_text(tmp_path: Path) -> None:
    rows = [{**rows_of(FIRST, 1)[0], "phone_number": NUMBERS[3], "error_code": f"E {NUMBERS[3]}", "team": NUMBERS[3]}]
    write_day(f"file://{tmp_path}", FIRST, rows)
    page = find(FindQuery(output_uri=f"file://{tmp_path}", **SPAN), now=NOW)
    assert NUMBERS[3] not in json.dumps(page.as_dict())
    assert page.as_dict()["records"][0]["phone_number"] == "139****0003"
    assert "content" not in page.as_dict()["records"][0]
    assert page.as_dict(show_numbers=True)["records"][0]["carried"] == {"team": NUMBERS[3]}
    assert NUMBERS[3] not in repr(page)


@pytest.mark.slow
def test_an_archive_on_s3_gives_the_same(tmp_path: Path, new_bucket: Callable[[], Any]) -> None:
    formats: list[tuple[str, str | None]] = [("parquet", None), ("csv", "gzip"), ("jsonl", None)]
    write_archive(f"file://{tmp_path}", formats)
    bucket = new_bucket()
    write_archive(bucket.uri, formats)
    for filters in ({}, {"phone_number": NUMBERS[3]}, {"result": "Failed", "count": "exact"}):
        local = find(FindQuery(output_uri=f"file://{tmp_path}", **SPAN, **filters), now=NOW)
        remote = find(FindQuery(output_uri=bucket.uri, **SPAN, **filters), now=NOW)
        assert remote.records == local.records
        assert remote.total == local.total
    manifest = write_day(bucket.uri, FIRST, rows_of(FIRST, 9), "parquet")
    bucket.put(manifest["result"]["data"], b"x")
    with pytest.raises(PartitionDiffers, match="bytes 1"):
        find(FindQuery(output_uri=bucket.uri, sent_from=day_start(FIRST), sent_to=DAYS[1]), now=NOW)


@pytest.mark.slow
def test_of_a_large_file_on_s3_only_the_parts_that_a_search_needs_are_read(
    new_bucket: Callable[[], Any], s3_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders, "ROW_GROUP_ROWS", 10_000)
    choose = random.Random(1)
    rows = [
        {**row, "phone_number": f"139{number:08}", "out_id": choose.randbytes(60).hex()}
        for number, row in zip(choose.sample(range(1, 10**8, 2), 60_000), rows_of(FIRST, 60_000), strict=True)
    ]
    bucket = new_bucket()
    size = write_day(bucket.uri, FIRST, rows, "parquet")["result"]["bytes"]

    def search(number: str) -> tuple[list[str | None], float]:
        """Return the ids that are found, and the share of the file that is read."""
        s3_server.ranges.clear()
        query = FindQuery(output_uri=bucket.uri, phone_number=number, sent_from=FIRST, sent_to=DAYS[1])
        return [record.out_id for record in find(query, now=NOW).records], sum(s3_server.ranges) / size

    found, share = search(rows[12345]["phone_number"])
    assert found == [rows[12345]["out_id"]]
    assert 0 < share < 0.6  # the end, the numbers of each row group, and one row group
    found, share = search("139" + "50000000")
    assert found == []
    assert 0 < share < 0.4


def test_a_number_that_ends_with_the_date_hides_no_time(tmp_path: Path) -> None:
    number = f"139{DAYS[0]:%Y%m%d}"
    row = {**rows_of(DAYS[0], 1)[0], "phone_number": number, "sent_at": day_start(DAYS[0]) + timedelta(hours=12)}
    write_day(f"file://{tmp_path}", DAYS[0], [{**row, "out_id": f"order {number}"}])
    (record,) = find(FindQuery(output_uri=f"file://{tmp_path}"), now=NOW).as_dict()["records"]
    assert (record["day"], record["sent_at"]) == ("2026-11-20", "2026-11-20T04:00:00Z")
    assert (record["phone_number"], record["out_id"]) == ("139****1120", "order ***")
