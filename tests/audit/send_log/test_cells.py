"""Cells mean the same in every format: words for nothing, and numbers that lost digits, are nobody's id or number."""

import io
import json
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.send_logs import read_files

from airflow_provider_dysms.audit.send_log.log import read_send_log
from airflow_provider_dysms.audit.send_log.options import LogOptions

DAY = date(2025, 6, 1)
NUMBER = "139" + "00001111"
WORDS = [r"\N", "NULL", "None", "nan", "NaN", "<NA>", "#N/A", " null ", "N/A"]
REASONS = {
    "phone_number": "invalid_number",
    "message_id": "bad_id",
    "biz_id": "bad_id",
    "out_id": "bad_id",
    "sent_at": "sent_at_unreadable",
}


def as_csv(row):
    return "l.csv", f"{','.join(row)}\n{','.join(row.values())}\n".encode()


def as_json(row):
    return "l.jsonl", json.dumps(row).encode()


def as_parquet(row):
    sink = io.BytesIO()
    pq.write_table(pa.table({name: pa.array([value]) for name, value in row.items()}), sink)
    return "l.parquet", sink.getvalue()


def as_bytes_in_parquet(row):
    return as_parquet({name: value.encode() for name, value in row.items()})


def read(name, data, **options):
    return read_send_log([(name, io.BytesIO(data))], send_date=DAY, options=LogOptions(**options))


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("written", [as_csv, as_json, as_parquet, as_bytes_in_parquet])
@pytest.mark.parametrize("column", REASONS)
def test_a_word_for_nothing_is_neither_an_id_nor_a_number_nor_a_time(column, written, word):
    (line,) = read(*written({"phone_number": NUMBER} | {column: word})).lines
    assert line.rejection[0] == REASONS[column]
    assert "leave the cell empty" in line.rejection[1]


def test_a_word_for_no_time_is_reported_apart_from_a_time_in_another_form():
    row = {"phone_number": NUMBER, "sent_at": "NULL"}
    (line,) = read(*as_csv(row), time_format="%d/%m/%Y %H:%M").lines
    assert "a word for a missing time" in line.rejection[1]


def test_a_word_for_nothing_does_not_keep_the_other_ids_from_being_read_without_their_end():
    data = f"phone_number,out_id\n{NUMBER},1001.0\n{NUMBER},NULL\n{NUMBER},\n".encode()
    log = read("l.csv", data)
    assert [line.out_id for line in log.lines] == ["1001", None, None]
    assert [line.number for line in log.rejected] == [3]


@pytest.mark.parametrize("numeral", ["13900001111.5", "1001.5", "9007199254740992.0", "9007199254740993.0", "1e20"])
@pytest.mark.parametrize("column", ["phone_number", "message_id", "biz_id", "out_id"])
def test_a_json_number_that_has_a_fraction_or_lost_its_last_digits_is_a_rejected_line(column, numeral):
    row = {"phone_number": f'"{NUMBER}"'} | {column: numeral}
    data = "{" + ", ".join(f'"{name}": {value}' for name, value in row.items()) + "}"
    (line,) = read("l.jsonl", data.encode()).lines
    assert line.rejection[0] in ("bad_id", "invalid_number")


def test_a_carried_number_too_big_to_be_exact_is_not_spelt_out():
    log = read_files(("l.jsonl", b'{"phone_number": 13900000000, "n": 1e300}'), carry=["n"])
    assert log.lines[0].carried == ("1e+300",)
