"""The format of a file is detected by its bytes, its name, then its first line; other files are refused with a hint."""

import gzip
import io
import json
import time

import pytest
from support.send_logs import DAY, EXPECTED, OURS, objects, parquet, refusal, seen, table

from airflow_provider_dysms.audit.send_log.log import read_send_log
from airflow_provider_dysms.model.errors import DysmsInputError

REFUSED = {
    "a workbook": ("l.xlsx", b"PK\x03\x04" + bytes(99), {}, "an Excel workbook"),
    "a workbook called CSV": ("l.csv", b"PK\x03\x04" + bytes(99), {}, "save it as CSV UTF-8"),
    "zstd": ("l.csv.zst", b"\x28\xb5\x2f\xfd" + bytes(99), {}, "compressed with zstd"),
    "gzip twice": ("l.csv.gz", gzip.compress(gzip.compress(table().encode())), {}, "gzip within gzip"),
    "ORC": ("000000_0", b"ORC" + bytes(99), {}, "an ORC file"),
    "stated CSV, and Parquet": ("l", parquet(), {"sent_format": "csv"}, "is a Parquet file, but sent_format is 'csv'"),
    "stated Parquet, and CSV": ("l", table(), {"sent_format": "parquet"}, "is not a Parquet file"),
    "no header": ("000000_0", table("\x01").partition("\n")[2], {}, "unknown format"),
    "an unknown kind": ("l.log", "hello\n", {}, "set sent_format='csv', 'jsonl', 'parquet' or 'text'"),
    "numbers without a name, and columns": ("l", "13900001111\n", {"columns": OURS}, "set sent_format"),
    "an array without a name": ("l", json.dumps(objects()), {}, "begins like JSON"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(case):
    name, data, options, hint = REFUSED[case]
    assert hint in refusal(name, data, **options)


@pytest.mark.parametrize("name", ["l.csv", "l.jsonl", "l.txt", "l.parquet", "part-3", "l.csv.gz"])
@pytest.mark.parametrize("data", [b"", gzip.compress(b"")], ids=["no byte", "gzip of no byte"])
@pytest.mark.parametrize("columns", [None, OURS])
def test_a_part_without_a_byte_has_no_line(name, data, columns):
    files = [(name, io.BytesIO(data)), ("b.csv", io.BytesIO(table().encode()))]
    assert seen(read_send_log(files, send_date=DAY, columns=columns)) == EXPECTED


def test_a_first_line_that_is_almost_a_number_is_refused_at_once():
    before = time.process_time()
    with pytest.raises(DysmsInputError, match="unknown format"):
        read_send_log([("sent", io.BytesIO(b"1390" + b" " * 60_000 + b"x\n"))], send_date=DAY)
    assert time.process_time() - before < 2  # a pattern that tries every division of the blanks takes ten
