"""Whatever a file of a send log holds it is a log, or an input error that repeats no number; and it ends soon."""

import csv
import gzip
import io
import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_dysms.audit.send_log.log import NAMES, SendLog, phone_log, read_send_log
from airflow_provider_dysms.model.errors import DysmsInputError

pytestmark = pytest.mark.slow

DAY = date(2025, 6, 1)
NUMBER = "139" + "00001234"
KINDS = st.sampled_from(["csv", "jsonl", "ndjson", "json", "txt", "parquet"])

#: What people and programs write into a cell.
CELLS = st.sampled_from(
    [
        NUMBER,
        f"+86 {NUMBER}",
        f"'{NUMBER}",
        "1.39E+10",
        "13900001234.0",
        "85251234567",
        "",
        " ",
        "null",
        "NaN",
        "2025-06-01 12:00:00",
        "2025-06-01T12:00:00+08:00 ",
        "1748767450",
        "9999-12-31 23:59:59",
        "0001-01-01 00:00:00",
        "HK",
        "\x00",
        "①②③④⑤⑥⑦⑧⑨⑩⑪",
        "１３９００００１２３４",
    ]
) | st.text(max_size=12)
#: Numbers as JSON may write them, which no encoder of Python's would.
NUMERALS = st.sampled_from(
    ["1e400", "-1e400", "1E9999999", "9" * 25, "9" * 5000, "-0", "1.39e10", "13900001234.5", "1e22"]
)
PIECES = st.sampled_from([b'"', b",", b"\r", b"\n", b"{", b"\xff\xfe"])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | CELLS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(CELLS, inner, max_size=2),
    max_leaves=4,
)
COLUMNS = st.lists(st.sampled_from([*NAMES, "user", NUMBER, ""]), min_size=1, max_size=7)


def read(name: str, data: bytes, **options: object) -> SendLog | None:
    """Read a log or be refused; a refusal repeats nothing of it."""
    try:
        log = read_send_log([(name, io.BytesIO(data))], send_date=DAY, **options)
        log.check_rejected(0.0)
    except DysmsInputError as refused:
        error = refused
    else:
        error = None
    if error:
        assert NUMBER not in str(error) + repr(error) + repr(vars(error))
        return None
    assert NUMBER not in repr(log)
    assert all(line.rejection is None for line in log.lines)
    return log


def text_of(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@settings(max_examples=300)
@given(KINDS, st.booleans(), st.binary(max_size=300))
def test_any_bytes_are_a_log_or_refused(kind: str, zipped: bool, data: bytes) -> None:
    read(f"log.{kind}", data)
    read(f"log.{kind}.gz", gzip.compress(data, 1) if zipped else data)


@settings(max_examples=300)
@given(KINDS, st.data())
def test_a_log_with_bytes_put_in_cut_out_and_turned_over_is_a_log_or_refused(kind: str, data: st.DataObject) -> None:
    rows = [{"phone_number": NUMBER, "out_id": "a", "sent_at": "2025-06-01 12:00:00"}] * 3
    lines = (
        [text_of(row) for row in rows]
        if "j" in kind
        else [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    )
    body = bytearray("\n".join(lines).encode())
    zipped = data.draw(st.booleans())
    if zipped:
        body = bytearray(gzip.compress(bytes(body), 1, mtime=0))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(body)))
        end = min(len(body), start + data.draw(st.integers(0, 12)))
        body[start:end] = data.draw(
            st.binary(max_size=6) | st.sampled_from([b'"', b",", b"\r", b"\n", b"{", b"\xff\xfe"])
        )
    read(f"log.{kind}{'.gz' if zipped else ''}", bytes(body))


@settings(max_examples=300)
@given(COLUMNS, st.lists(st.lists(CELLS, min_size=1, max_size=7), max_size=4), st.booleans())
def test_a_csv_of_any_cells_is_a_log_or_refused(columns: list[str], rows: list[list[str]], carried: bool) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, escapechar="\\")
    writer.writerow(columns)
    writer.writerows([*row, *[""] * len(columns)][: len(columns)] for row in rows)
    log = read("log.csv", out.getvalue().encode("utf-8", "replace"), carry=["user"] if carried else ())
    assert log is None or len(log.lines) <= len(rows)


@settings(max_examples=300)
@given(
    st.lists(
        st.dictionaries(st.sampled_from([*NAMES, "user"]), st.tuples(JSON_VALUES, NUMERALS | st.none()), max_size=5)
    ),
    st.booleans(),
)
def test_json_lines_of_any_values_are_a_log_or_refused(
    rows: list[dict[str, tuple[object, str | None]]], carried: bool
) -> None:
    lines = (
        "{" + ",".join(f"{text_of(name)}:{numeral or text_of(value)}" for name, (value, numeral) in row.items()) + "}"
        for row in rows
    )
    log = read("log.jsonl", "\n".join(lines).encode("utf-8", "replace"), carry=["user"] if carried else ())
    assert log is None or len(log.lines) == len(rows)


@settings(max_examples=200)
@given(st.lists(JSON_VALUES | st.binary(max_size=8) | st.floats(), max_size=4))
def test_a_short_list_of_anything_is_a_log(numbers: list[object]) -> None:
    log = phone_log(numbers)
    assert len(log.lines) == len(numbers)
    assert NUMBER not in repr(log)
