"""Parquet cells are read without loss: ids and carried values keep their digits, and bytes are not changed."""

import io
import uuid
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.send_logs import NOON, as_parquet, parquet, read, read_files

from airflow_provider_dysms.audit.send_log.log import read_send_log
from airflow_provider_dysms.audit.send_log.options import LogOptions
from airflow_provider_dysms.model.errors import DysmsInputError

DAY = date(2025, 6, 1)
NUMBER = "139" + "00001111"


def file_of(**columns):
    size = max(map(len, columns.values()))
    sink = io.BytesIO()
    pq.write_table(pa.table({"phone_number": pa.array([NUMBER] * size)} | columns), sink)
    return sink.getvalue()


def lines_of(data, *, carry=(), **options):
    return read_send_log(
        [("l.parquet", io.BytesIO(data))], send_date=DAY, carry=carry, options=LogOptions(**options)
    ).lines


def carried(values, **options):
    return [line.carried[0] for line in lines_of(file_of(x=values), carry=["x"], **options)]


@pytest.mark.parametrize("kind", [pa.float32(), pa.float16()])
@pytest.mark.parametrize("column", ["phone_number", "message_id", "biz_id", "out_id", "sent_at"])
def test_numbers_of_seven_digits_are_refused_as_ids_numbers_and_times(column, kind):
    values = pa.array([None, 1001.0], pa.float32()).cast(kind)
    with pytest.raises(DysmsInputError, match=rf"l\.parquet:2 has a 32-bit .* column {column}, ") as caught:
        lines_of(file_of(**{column: values}))
    assert "1001" not in str(caught.value)


def test_a_column_of_seven_digits_that_is_empty_or_not_read_is_accepted():
    empty = pa.array([None, float("nan")], pa.float32())
    assert [line.out_id for line in lines_of(file_of(out_id=empty))] == [None, None]
    assert len(lines_of(file_of(out_id=pa.array(["a"]), price=pa.array([1.5], pa.float32())))) == 1


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1001.5, pa.float64()),
        (2.0**53, pa.float64()),
        (float("inf"), pa.float64()),
        (Decimal("1001.50"), pa.decimal128(10, 2)),
    ],
)
@pytest.mark.parametrize("column", ["phone_number", "message_id", "biz_id", "out_id"])
def test_a_number_with_a_fraction_or_without_its_last_digits_is_a_rejected_line(column, value, kind):
    (line,) = lines_of(file_of(**{column: pa.array([value], kind)}))
    assert line.rejection[0] in ("bad_id", "invalid_number")


BYTES = [b"\xaa\x01", b"\xbb\x01", b"\xcc\x01"]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary(2), pa.binary_view()])
def test_carried_bytes_are_hexadecimal_digits_if_that_is_requested_and_refused_otherwise(kind):
    assert carried(pa.array(BYTES, kind), binary="hex") == ["aa01", "bb01", "cc01"]
    with pytest.raises(DysmsInputError, match=r"l\.parquet:1 has bytes in column x .* set binary='hex'"):
        carried(pa.array(BYTES, kind))


def test_bytes_of_text_are_text_and_numbers_are_read_in_bytes_whatever_is_carried():
    text = pa.array(["夏".encode(), None])
    assert carried(text) == ["夏", None]
    assert carried(pa.array(["夏".encode("gb18030")]), encoding="gb18030") == ["夏"]
    lines = lines_of(file_of(phone_number=pa.array([NUMBER.encode()]), x=text[:1]), carry=["x"], binary="hex")
    assert [(line.phone.digits, line.carried) for line in lines] == [(NUMBER, ("e5a48f",))]


def test_text_that_is_not_in_its_encoding_is_refused_and_not_replaced():
    broken = pa.array([b"a", b"\xff"]).view(pa.string())
    with pytest.raises(DysmsInputError, match=r"l\.parquet:2 has bytes in column x that are not text"):
        carried(broken)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            pa.array([0.1, 1.1, 7.0, 1e20, 1e-7, 16777216.0, None], pa.float32()),
            ["0.1", "1.1", "7", "1e+20", "1e-07", "16777216", None],
        ),
        (pa.array([0.1, 2.5, 7.0], pa.float32()).cast(pa.float16()), ["0.1", "2.5", "7"]),
        (pa.array([0.1, 7.0, 1e20]), ["0.1", "7", "1e+20"]),
        (
            pa.array([Decimal("1.50"), Decimal("2.00"), Decimal("-0.10"), Decimal("0.00")]),
            ["1.50", "2.00", "-0.10", "0.00"],
        ),
        (pa.array([Decimal(0)], pa.decimal128(20, 10)), ["0.0000000000"]),
        (pa.array([[0.1, None], []], pa.list_(pa.float32())), ["[0.1,null]", "[]"]),
        (pa.array([[Decimal("1.50")]]), ['["1.50"]']),
        (
            pa.array([{"a": b"text", "b": [0.1]}], pa.struct({"a": pa.binary(), "b": pa.list_(pa.float32())})),
            ['{"a":"text","b":[0.1]}'],
        ),
        (pa.array([[("k", b"v")]], pa.map_(pa.string(), pa.binary())), ['[["k","v"]]']),
    ],
)
def test_carried_numbers_are_their_shortest_text_and_decimals_keep_their_scale(values, expected):
    assert carried(values) == expected


def test_nested_bytes_are_under_the_same_rule():
    nested = pa.array([[b"\xaa"], None])
    assert carried(nested, binary="hex") == ['["aa"]', None]
    with pytest.raises(DysmsInputError, match="set binary='hex'"):
        carried(nested)


def test_uuids_are_their_canonical_text_for_ids_too():
    ids = [uuid.UUID(int=place) for place in range(2)]
    typed = pa.array([each.bytes for each in ids], pa.uuid())
    log = read("l", parquet(out_id=typed, batch=typed), carry=["batch"])
    assert [line.out_id for line in log.lines] == [line.carried[0] for line in log.lines] == list(map(str, ids))
    log = read("l", parquet(out_id=typed, written={"store_schema": False}))
    assert [line.out_id for line in log.lines] == list(map(str, ids))


def test_bytes_that_are_not_text_are_rejected_as_ids_and_read_in_the_encoding_that_is_named():
    columns = {"phone_number": pa.array(["13900001111"]), "out_id": pa.array(["订单".encode("gb18030")])}
    assert "bytes that are not text" in read("l", parquet(columns)).rejected[0].rejection[1]
    for encoding in ("auto", "gb18030"):
        assert read("l", parquet(columns), encoding=encoding).lines[0].out_id == "订单"


def test_a_parquet_time_beyond_the_calendar_is_a_rejected_line_and_not_a_damaged_file():
    beyond = pa.array([2**62, 1748750400000000], pa.timestamp("us", "UTC"))
    log = read("l", parquet(sent_at=beyond))
    assert log.lines[0].rejection == ("sent_at_unreadable", "sent_at is not in a year in which messages are sent")
    assert log.lines[1].rejection is None


def test_parquet_types_are_taken_unchanged():
    schema = pa.schema(
        [
            ("phone_number", pa.float64()),
            ("country", pa.int64()),
            ("out_id", pa.float64()),
            ("sent_at", pa.timestamp("ns")),
            ("user", pa.float64()),
            ("price", pa.decimal128(10, 2)),
            ("seen_at", pa.timestamp("us", "Asia/Shanghai")),
            ("tags", pa.list_(pa.string())),
            ("vip", pa.bool_()),
            ("day", pa.date32()),
            ("plan", pa.dictionary(pa.int8(), pa.string())),
        ]
    )
    row = {
        "phone_number": 13900000000.0,
        "country": 86,
        "out_id": 12.0,
        "sent_at": datetime(2025, 6, 1, 12, 0),  # noqa: DTZ001 - naive on purpose
        "user": 7.0,
        "price": Decimal("1.50"),
        "seen_at": NOON,
        "tags": ["b", "a"],
        "vip": True,
        "day": DAY,
        "plan": "gold",
    }
    blank = dict.fromkeys(row) | {"phone_number": 13900000001.0}
    carry = ["user", "price", "seen_at", "tags", "vip", "day", "plan"]
    first, second = read_files(("log.parquet", as_parquet([row, blank], schema)), carry=carry).lines
    assert (first.phone.digits, first.out_id, first.sent_at) == ("13900000000", "12", NOON)
    assert first.carried == ("7", "1.50", "2025-06-01T04:00:00+00:00", '["b","a"]', "true", "2025-06-01", "gold")
    assert second.carried == (None,) * 7
    assert second.rejection is None


def test_nanoseconds_are_cut_off():
    columns = {
        "phone_number": pa.array([13900000000]),
        "sent_at": pa.array([1748750400000000001], pa.timestamp("ns", "UTC")),
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    assert read_files(("l.parquet", sink.getvalue())).lines[0].sent_at == NOON


def test_aware_parquet_times_keep_their_instant():
    schema = pa.schema([("phone_number", pa.int64()), ("sent_at", pa.timestamp("ns", "America/New_York"))])
    line = read_files(("l.parquet", as_parquet([{"phone_number": 13900000000, "sent_at": NOON}], schema))).lines[0]
    assert line.sent_at == NOON
