"""Rows that fit the schema are counted and digested, a row that does not fit is an error that does not repeat it."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum

import pytest

from airflow_provider_dysms.storage.row_spool import BATCH_ROWS, RowSpool

AT = datetime(2025, 6, 1, 8, 44, 10, tzinfo=UTC)
SCHEMA = {"user id": str, "class": int, "share": float, "final": bool, "at": datetime, "day": date}
ROWS = [("a", 1, 0.1, True, AT, AT.date()), (None, None, None, None, None, None)]


def encoded(rows, schema=SCHEMA, file_format="jsonl"):
    with RowSpool(file_format, None, schema) as spool:
        spool.write(rows)
        spooled = spool.finish()
        spooled.file.seek(0)
        return spooled.file.read()


@pytest.mark.parametrize("count", [0, 1, BATCH_ROWS - 1, BATCH_ROWS, BATCH_ROWS + 1])
def test_a_finished_spool_has_the_facts_of_its_bytes(count):
    with RowSpool("jsonl", None, {"n": int}) as spool:
        spool.write((number,) for number in range(count))
        spooled = spool.finish()
        spooled.file.seek(0)
        content = spooled.file.read()
        assert content.count(b"\n") == spooled.rows == count
        assert spooled.size == len(content)
        assert spooled.sha256 == hashlib.sha256(content).hexdigest()
        assert spooled.md5() == hashlib.md5(content).hexdigest()


def test_its_file_has_no_name_and_ends_with_it():
    with RowSpool("jsonl", None, SCHEMA) as spool:
        file = spool.finish().file
        assert os.fstat(file.fileno()).st_nlink == 0
    assert file.closed


@pytest.mark.parametrize("file_format", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize(
    "row",
    [
        (13900000001, 1, 0.1, True, AT, AT.date()),
        ("13900000001", True, 0.1, True, AT, AT.date()),
        ("13900000001", 1, 1, True, AT, AT.date()),
        ("13900000001", 1, 0.1, 1, AT, AT.date()),
        ("13900000001", 1, 0.1, True, AT.replace(tzinfo=None), AT.date()),
        ("13900000001", 1, 0.1, True, AT.astimezone(timezone(timedelta(hours=8))), AT.date()),
        ("13900000001", 1, 0.1, True, AT, AT),
        ("13900000001", 1, 0.1, True, AT),
        ("13900000001", 1, 0.1, True, AT, AT.date(), None),
        ("13900000001\ud83d", 1, 0.1, True, AT, AT.date()),
    ],
)
def test_a_row_that_does_not_fit_is_an_error_in_every_format_and_is_not_repeated(file_format, row):
    with pytest.raises(TypeError) as caught:
        encoded([*ROWS, row], file_format=file_format)
    assert "13900000001" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_state_is_a_text():
    class State(StrEnum):
        DELIVERED = "delivered"

    for file_format in ("jsonl", "csv", "parquet"):
        schema = {"state": str}
        assert encoded([(State.DELIVERED,)], schema, file_format) == encoded([("delivered",)], schema, file_format)


@pytest.mark.parametrize("schema", [{}, {"a": bytes}, {"a": list}])
def test_a_schema_has_columns_of_known_types(schema):
    with pytest.raises(TypeError, match="a schema must have columns"):
        RowSpool("jsonl", None, schema)


def test_a_committed_spool_takes_no_more_rows():
    with RowSpool("jsonl", None, SCHEMA) as spool:
        assert spool.finish() == spool.finish()
        with pytest.raises(ValueError, match="open a new one"):
            spool.write(ROWS)
