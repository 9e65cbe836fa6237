"""The content of the files of each format, to the byte if it matters."""

from __future__ import annotations

import csv
import inspect
import io
from datetime import UTC, date, datetime

import duckdb
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.encoders import escape_formula, open_encoder, unescape_formula
from airflow_provider_dysms.storage.row_spool import RowSpool

AT = datetime(2025, 6, 1, 8, 44, 10, tzinfo=UTC)
SCHEMA = {"user id": str, "class": int, "share": float, "final": bool, "at": datetime, "day": date}
ROWS = [
    ('签名,【"甲"】\r\n', 1, 0.1, True, AT, AT.date()),
    ("", -(2**63), 1e300, False, AT.replace(microsecond=50), date.min),
    (None, None, None, None, None, None),
]


def encoded(rows, schema=SCHEMA, file_format="jsonl", compression=None):
    with RowSpool(file_format, compression, schema) as spool:
        spool.write(rows)
        spooled = spool.finish()
        spooled.file.seek(0)
        assert spooled.rows == len(rows)
        return spooled.file.read()


def test_json_lines_have_every_column_in_its_order_and_null_for_nothing():
    assert encoded(ROWS).decode() == (
        '{"user id":"签名,【\\"甲\\"】\\r\\n","class":1,"share":0.1,"final":true,"at":"2025-06-01T08:44:10Z",'
        '"day":"2025-06-01"}\n'
        '{"user id":"","class":-9223372036854775808,"share":1e300,"final":false,"at":"2025-06-01T08:44:10.000050Z",'
        '"day":"0001-01-01"}\n'
        '{"user id":null,"class":null,"share":null,"final":null,"at":null,"day":null}\n'
    )


def test_csv_is_rfc_4180_with_nothing_for_nothing():
    data = encoded(ROWS, file_format="csv").decode()
    assert data == (
        "user id,class,share,final,at,day\r\n"
        '"签名,【""甲""】\r\n",1,0.1,true,2025-06-01T08:44:10Z,2025-06-01\r\n'
        ",-9223372036854775808,1e+300,false,2025-06-01T08:44:10.000050Z,0001-01-01\r\n"
        ",,,,,\r\n"
    )
    assert next(csv.DictReader(io.StringIO(data, newline="")))["user id"] == ROWS[0][0]


def test_parquet_gives_the_rows_back_as_they_were():
    table = pyarrow.parquet.read_table(io.BytesIO(encoded(ROWS, file_format="parquet")))
    assert [tuple(row.values()) for row in table.to_pylist()] == ROWS


def test_a_day_without_rows_keeps_what_its_format_can_say():
    assert encoded([]) == b""
    assert encoded([], file_format="csv") == b"user id,class,share,final,at,day\r\n"
    assert pyarrow.parquet.read_table(io.BytesIO(encoded([], file_format="parquet"))).column_names == list(SCHEMA)


def test_parquet_has_row_groups_of_50000_and_zstd_and_a_dictionary_where_texts_repeat():
    rows = ((f"id {number}", "delivered") for number in range(120_001))
    with RowSpool("parquet", None, {"id": str, "state": str}) as spool:
        spool.write(rows)
        metadata = pyarrow.parquet.ParquetFile(spool.finish().file).metadata
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        assert [group.num_rows for group in groups] == [50_000, 50_000, 20_001]
        assert {group.column(column).compression for group in groups for column in (0, 1)} == {"ZSTD"}
        assert [group.column(0).has_dictionary_page for group in groups] == [False] * 3
        assert [group.column(1).has_dictionary_page for group in groups] == [True] * 3


def test_parquet_has_bloom_filters_for_texts_that_are_looked_for(tmp_path):
    columns = ["phone_hash", "out_id", "own", "state", "content", "vendor_extra"]
    with RowSpool("parquet", None, dict.fromkeys(columns, str)) as spool:
        spool.write((f"{n:064}", f"order {n}", f"user {n}", "sent", f"text {n}", f"extra {n}") for n in range(100_001))
        path = tmp_path / "part-0.parquet"
        spooled = spool.finish()
        spooled.file.seek(0)
        path.write_bytes(spooled.file.read())

    def left_out(column, text):
        probed = duckdb.execute("FROM parquet_bloom_probe(?, ?, ?)", [str(path), column, text]).fetchall()
        return [excludes for _, _, excludes in probed]

    # An older pyarrow writes none, and then every row group is read.
    can_leave_out = "bloom_filter_options" in inspect.signature(pyarrow.parquet.ParquetWriter).parameters
    for column, there, elsewhere in [
        ("phone_hash", f"{60_000:064}", "1"),
        ("out_id", "order 60000", "order"),
        ("own", "user 60000", "user"),
    ]:
        assert left_out(column, there) == [can_leave_out, False, can_leave_out], column
        assert left_out(column, elsewhere) == [can_leave_out] * 3, column
    for column in ("state", "content", "vendor_extra"):
        assert left_out(column, "elsewhere") == [False] * 3, column


def test_parquet_has_whole_row_groups_however_its_batches_come_in():
    schema = {"id": str}
    files = []
    for size in (2_048, 5_000, 120_001):
        files.append(io.BytesIO())
        encoder = open_encoder("parquet", None, schema, files[-1])
        for start in range(0, 120_001, size):
            encoder.write([[f"id {number}" for number in range(start, min(start + size, 120_001))]])
        encoder.close()
    assert len({file.getvalue() for file in files}) == 1
    metadata = pyarrow.parquet.ParquetFile(files[0]).metadata
    assert [metadata.row_group(number).num_rows for number in range(3)] == [50_000, 50_000, 20_001]


@pytest.mark.parametrize(("file_format", "compression"), [("jsonl", "gzip"), ("csv", "gzip"), ("parquet", None)])
def test_the_bytes_do_not_depend_on_how_the_rows_come_in(file_format, compression):
    rows = [(f"id {number * 7919 % 10007}", number) for number in range(12_345)]
    schema = {"id": str, "number": int}
    at_once = encoded(rows, schema, file_format, compression)
    with RowSpool(file_format, compression, schema) as spool:
        for start in range(0, len(rows), 617):
            spool.write(iter(rows[start : start + 617]))
        spooled = spool.finish()
        spooled.file.seek(0)
        assert spooled.file.read() == at_once


@pytest.mark.parametrize("name", ['a "column"', "a\\b", "a\nb"])
def test_a_name_that_would_have_to_be_escaped_is_an_error_in_json_lines_and_none_elsewhere(name):
    with pytest.raises(DysmsInputError, match=r"^file_format is 'jsonl', but a column has a quotation mark"):
        encoded([], {name: str})
    for file_format in ("csv", "parquet"):
        assert encoded([], {name: str}, file_format)


@given(st.text(st.sampled_from("'=+-@\t\r\n＝ax,\"") | st.characters(exclude_categories=["Cs"])))
def test_a_text_for_spreadsheets_begins_no_formula_and_comes_back(text):
    safe = escape_formula(text)
    assert unescape_formula(safe) == text
    assert not safe.startswith(tuple("=+-@\t\r\n＝＋－＠"))
    assert safe == text or safe == f"'{text}"
