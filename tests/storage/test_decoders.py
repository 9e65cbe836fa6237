"""Files are read back as they were written: the same rows, thus the same bytes; no other file passes for ours."""

from __future__ import annotations

import contextlib
import gzip
import io
import re
import tracemalloc
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_dysms.storage.decoders import RowsUnreadable, format_of, read_rows, schema_of
from airflow_provider_dysms.storage.file_formats import COLUMN_TYPES, EXTENSIONS
from airflow_provider_dysms.storage.row_spool import RowSpool

FORMATS = list(EXTENSIONS)  # Parquet last
SCHEMA = {"user id": str, "class": int, "share": float, "final": bool, "at": datetime, "day": date}
AT = datetime(2025, 6, 1, 8, 44, 10, 50, tzinfo=UTC)
ROWS = [
    ('签名,【"甲"】\r\n\x00\u2028', 2**63 - 1, -0.0, True, AT, date.max),
    (" =1+1 ", -(2**63), 1e300, False, AT.replace(microsecond=0), date.min),
    (None, None, None, None, None, None),
]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
#: JSON Lines has no columns whose names would have to be escaped.
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), min_size=1, max_size=8)
VALUES = {
    str: TEXTS,
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(),
    bool: st.booleans(),
    datetime: st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001
    date: st.dates(),
}


@st.composite
def tables(draw):
    """A schema and rows of it, values of every kind and none among them."""
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    schema = {name: draw(st.sampled_from(list(VALUES))) for name in names}
    row = st.tuples(*(st.none() | VALUES[kind] for kind in schema.values()))
    return schema, draw(st.lists(row, max_size=12))


def encoded(rows, schema=SCHEMA, file_format="jsonl", compression=None):
    with RowSpool(file_format, compression, schema) as spool:
        spool.write(rows)
        content = spool.finish()
        content.file.seek(0)
        return content.file.read()


def decoded(content, file_format="jsonl", compression=None, schema=SCHEMA):
    return list(read_rows(io.BytesIO(content), file_format, compression, schema))


@pytest.mark.slow
@pytest.mark.parametrize(("file_format", "compression"), FORMATS[:6])
@given(table=tables())
def test_what_is_written_from_what_was_read_has_the_same_bytes(file_format, compression, table):
    schema, rows = table
    once = encoded(rows, schema, file_format, compression)
    again = decoded(once, file_format, compression, schema)
    assert len(again) == len(rows)
    assert encoded(again, schema, file_format, compression) == once


@pytest.mark.parametrize(("file_format", "compression"), FORMATS)
def test_rows_come_back_as_they_were(file_format, compression):
    assert repr(decoded(encoded(ROWS, SCHEMA, file_format, compression), file_format, compression)) == repr(ROWS)
    assert decoded(encoded([], SCHEMA, file_format, compression), file_format, compression) == []


def test_what_a_format_cannot_say_is_nothing():
    schema = {"text": str, "share": float}
    assert decoded(encoded([("", 0.5)], schema, "csv"), "csv", None, schema) == [(None, 0.5)]
    assert decoded(encoded([("", float("inf"))], schema), "jsonl", None, schema) == [("", None)]


@pytest.mark.slow
@pytest.mark.parametrize(("file_format", "compression"), FORMATS)
def test_many_rows_are_never_in_memory_at_once_and_long_texts_come_back(file_format, compression):
    schema = {"id": str, "number": int}
    rows = [(f"{number:0100}", number) for number in range(20_000)] + [("x" * 300_000, 1)]
    content = encoded(rows, schema, file_format, compression)
    file = io.BytesIO(content)
    tracemalloc.start()
    try:
        for row, expected in zip(read_rows(file, file_format, compression, schema), rows, strict=True):
            assert row == expected
        assert tracemalloc.get_traced_memory()[1] < 12e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("file_format", "compression"), FORMATS)
def test_a_file_stays_open_also_when_the_reader_stops_early(file_format, compression):
    file = io.BytesIO(encoded(ROWS, SCHEMA, file_format, compression))
    rows = read_rows(file, file_format, compression, SCHEMA)
    assert repr(next(rows)) == repr(ROWS[0])
    rows.close()
    assert not file.closed
    file.seek(0)
    rows = read_rows(file, file_format, compression, SCHEMA)
    next(rows)
    file.close()
    del rows  # an error in there is an error of this test


OTHERS = {
    "a column less": {name: kind for name, kind in SCHEMA.items() if name != "day"},
    "a column more": {**SCHEMA, "more": str},
    "another name": {"user": str, **{name: kind for name, kind in SCHEMA.items() if name != "user id"}},
    "another order": dict(reversed(SCHEMA.items())),
    "another type": {**SCHEMA, "user id": date},
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize(("file_format", "compression"), FORMATS)
def test_other_columns_are_an_error_that_quotes_nothing(file_format, compression, other):
    rows = [("13900000001", 1, 0.5, True, AT, AT.date())]
    with pytest.raises(RowsUnreadable) as caught:
        decoded(encoded(rows, SCHEMA, file_format, compression), file_format, compression, OTHERS[other])
    assert "13900000001" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(("file_format", "compression"), FORMATS)
def test_a_torn_file_is_an_error_wherever_it_was_torn(file_format, compression):
    content = encoded([row for row in ROWS for _ in range(20)], SCHEMA, file_format, compression)
    whole = {content[: end.start()] for end in re.finditer(rb"(?<=\n)", content)}
    for length in range(1, len(content), 7):
        if compression is None and content[:length] in whole:
            continue  # whole rows, and fewer of them: a count tells, not a reader
        with pytest.raises(RowsUnreadable):
            decoded(content[:length], file_format, compression)


@given(st.binary(max_size=200))
@pytest.mark.parametrize(("file_format", "compression"), FORMATS)
def test_bytes_of_any_kind_are_rows_or_are_said_to_be_none(file_format, compression, content):
    with contextlib.suppress(RowsUnreadable):
        decoded(content, file_format, compression)


JUNK = [
    b"[]\n",
    b"5\n",
    b"\n",
    b"{}\n",
    b'{"user id":13900000001}\n',
    b'"\n',
    b"\xff\n",
    b"\0" * 300,
    b"{" * 10_000 + b"\n",
]


@pytest.mark.parametrize("file_format", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("junk", JUNK)
def test_junk_is_no_row(file_format, junk):
    with pytest.raises(RowsUnreadable):
        decoded(junk, file_format)
    if file_format != "parquet":
        with pytest.raises(RowsUnreadable):
            decoded(gzip.compress(junk), file_format, "gzip")


def test_an_error_of_the_store_is_its_own():
    class Away(io.BytesIO):
        def read(self, *_):
            raise OSError(5, "Input/output error")

        read1 = read

    for file_format in ("jsonl", "csv", "parquet"):
        with pytest.raises(OSError, match="Input/output"):
            list(read_rows(Away(b"{}\n" * 100), file_format, None, SCHEMA))


def test_a_name_says_its_format_and_a_manifest_its_columns():
    assert format_of("send_date=2025-06-01/part-0.jsonl.gz") == ("jsonl", "gzip")
    assert format_of("part-0.csv") == ("csv", None)
    assert format_of("a.b/part-0.parquet") == ("parquet", None)
    described = [{"name": name, "type": COLUMN_TYPES[kind]} for name, kind in SCHEMA.items()]
    assert list(schema_of(described).items()) == list(SCHEMA.items())


@pytest.mark.parametrize("name", ["part-0.txt", "part-0", ""])
def test_another_name_is_none_of_ours(name):
    with pytest.raises(RowsUnreadable):
        format_of(name)


@pytest.mark.parametrize(
    "columns",
    [[], None, 5, ["a"], [{"name": "a"}], [{"name": "a", "type": "text"}], [{"name": "a", "type": "string"}] * 2],
)
def test_columns_that_are_none_are_an_error(columns):
    with pytest.raises(RowsUnreadable):
        schema_of(columns)
