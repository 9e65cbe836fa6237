"""Every filter, on every format and engine, gives the messages that a plain reading of all rows gives."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import hypothesis
import hypothesis.strategies as st
import msgspec
import pytest
from support.archives import (
    CODES,
    DAYS,
    LAST,
    NOW,
    NUMBERS,
    STATES,
    TEMPLATES,
    days_and_rows,
    write_archive,
)

from airflow_provider_dysms.archive.sending_details.filters.sending_results import RESULTS, states_of, status_code
from airflow_provider_dysms.archive.sending_details.find import find
from airflow_provider_dysms.archive.sending_details.page import Page
from airflow_provider_dysms.archive.sending_details.query import FindQuery
from airflow_provider_dysms.model.dates import day_start
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.storage import encoders, row_spool

KEY = PrivacyKey("a secret of the archive", previous="the secret before it")
ARCHIVES: dict[str, tuple[list[tuple[str, str | None]], dict[str, Any], str]] = {
    "jsonl": ([("jsonl", None), ("jsonl", "gzip")], {}, "auto"),
    "csv": ([("csv", None), ("csv", "gzip")], {}, "auto"),
    "pyarrow": ([("parquet", None), ("parquet", "snappy")], {}, "pyarrow"),
    "duckdb": ([("parquet", None), ("parquet", "gzip")], {}, "duckdb"),
    "mixed": ([("parquet", None), ("csv", None), ("jsonl", None)], {}, "auto"),
    "hashed": ([("parquet", None), ("csv", "gzip")], {"key": KEY}, "auto"),
    "hashed before the rotation": ([("jsonl", None), ("parquet", None)], {"key": KEY.previous}, "auto"),
}


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The same rows in each form: many small row groups."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_spool, "BATCH_ROWS", 9)
        patch.setattr(encoders, "ROW_GROUP_ROWS", 9)
        uris = {}
        for name, (formats, options, _) in ARCHIVES.items():
            uris[name] = f"file://{tmp_path_factory.mktemp('archive')}"
            write_archive(uris[name], formats, **options)
    return uris


@pytest.fixture
def uri(archives: dict[str, str]) -> str:
    return archives["mixed"]


def every_page(query: FindQuery, engine: Any = "auto", **options: Any) -> list[Page]:
    pages = [find(query, now=NOW, privacy_key=KEY, engine=engine, **options)]
    while (cursor := pages[-1].next_cursor) is not None:
        following = msgspec.structs.replace(query, cursor=cursor)
        pages.append(find(following, now=NOW, privacy_key=KEY, engine=engine, **options))
    return pages


TIMES = st.one_of(
    st.builds(lambda day, hours: day_start(day) + timedelta(hours=hours), st.sampled_from(DAYS), st.integers(0, 24)),
    st.sampled_from([day_start(day) for day in DAYS]),
)
FILTERS: dict[str, st.SearchStrategy[Any]] = {
    "template_code": st.sampled_from([*filter(None, TEMPLATES), "SMS_9"]),
    "phone_number": st.sampled_from([*NUMBERS, "+86 139 0000 0001", "0086-13900000002", "13912345678"]),
    "result": st.sampled_from(RESULTS),
    "state": st.sampled_from(STATES),
    "sign_name": st.sampled_from(["阿里云", "=sum"]),
    "country": st.sampled_from(["CN", "gb"]),
    "error_code": st.sampled_from([*filter(None, CODES), "expired"]),
    "carried": st.sampled_from([{"team": "red"}, {"out_id": "order-7"}, {"team": "blue", "biz_id": "biz-3"}]),
}


@st.composite
def queries(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(list(FILTERS)), unique=True, max_size=3))
    filters = {name: draw(FILTERS[name]) for name in names}
    if {"result", "state"} <= filters.keys() and filters["state"] not in states_of(filters["result"]):
        del filters["state"]
    start, end = sorted([draw(TIMES), draw(TIMES)])
    whole = draw(st.booleans())
    filters["sent_from"] = day_start(DAYS[0]) if whole or start == end else start
    filters["sent_to"] = day_start(LAST) + timedelta(days=1) if whole or start == end else end
    return {**filters, "page_size": draw(st.sampled_from([9, 50, 1000])), "count": draw(st.sampled_from(COUNTS))}


COUNTS = ["quick", "exact"]


def expected(
    *, sent_from: datetime, sent_to: datetime, page_size: int = 0, count: str = "", **filters: Any
) -> list[tuple[Any, ...]]:
    """Return (day, row) of the messages in their order, by a plain reading."""
    found = []
    for day, rows in days_and_rows():
        start, end = day_start(day), day_start(day) + timedelta(days=1)
        is_whole = sent_from <= start and end <= sent_to
        for number, row in enumerate(rows):
            moment = row["sent_at"]
            in_time = is_whole if moment is None else sent_from <= moment < sent_to
            if in_time and passes(row, filters):
                found.append((moment or start - timedelta(microseconds=1), day, -number))
    return [(day, -number) for _, day, number in sorted(found, reverse=True)]


def passes(row: dict[str, Any], filters: dict[str, Any]) -> bool:
    for name, wanted in filters.items():
        if name == "phone_number":
            digits = "".join(filter(str.isdigit, wanted))
            if row["phone_number"] not in (digits, digits[-11:]):
                return False
        elif name == "result":
            if row["state"] not in states_of(wanted):
                return False
        elif name == "error_code":
            code = status_code(row["state"], row["error_code"]) or ""
            same = {"DELIVRD", "DELIVERED"}
            code, wanted = (word.encode().upper().decode() for word in (code, wanted))
            if code != wanted and not {code, wanted} <= same:
                return False
        elif name == "carried":
            if any(row[column] != text for column, text in wanted.items()):
                return False
        elif row[name] != (wanted.upper() if name == "country" else wanted):
            return False
    return True


@pytest.mark.parametrize("name", ARCHIVES)
@hypothesis.given(asked=queries())
@hypothesis.settings(max_examples=15)
def test_every_engine_gives_what_a_plain_reading_gives(
    archives: dict[str, str], name: str, asked: dict[str, Any]
) -> None:
    pages = every_page(FindQuery(output_uri=archives[name], **asked), engine=ARCHIVES[name][2])
    wanted = expected(**asked)
    rows = dict(days_and_rows())
    found = [record for page in pages for record in page.records]
    assert [(record.day, record.sent_at, record.out_id, record.carried) for record in found] == [
        (day, rows[day][row]["sent_at"], rows[day][row]["out_id"], {"team": rows[day][row]["team"]})
        for day, row in wanted
    ]
    assert [record.state for record in found] == [rows[day][row]["state"] for day, row in wanted]
    shown = 0
    for page in pages:
        assert page.first == (shown + 1 if page.records else 0)
        assert len(page.records) == min(asked["page_size"], len(wanted) - shown)
        shown += len(page.records)
        total = page.total
        assert total.count == len(wanted) if total.is_exact else shown < total.count <= len(wanted)
        assert total.is_exact or (page.next_cursor and asked["count"] == "quick")
