"""What Parquet holds comes out as it is: no digit of an id or a carried value is made up, and no byte is lost."""

import io
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_provider_dysms.audit.send_log.log import read_send_log
from airflow_provider_dysms.audit.send_log.options import LogOptions
from airflow_provider_dysms.model.errors import DysmsInputError

DAY = date(2025, 6, 1)
NUMBER = "139" + "00001111"


def parquet(**columns):
    size = max(map(len, columns.values()))
    sink = io.BytesIO()
    pq.write_table(pa.table({"phone_number": pa.array([NUMBER] * size)} | columns), sink)
    return sink.getvalue()


def read(data, *, carry=(), **options):
    return read_send_log(
        [("l.parquet", io.BytesIO(data))], send_date=DAY, carry=carry, options=LogOptions(**options)
    ).lines


def carried(values, **options):
    return [line.carried[0] for line in read(parquet(x=values), carry=["x"], **options)]


@pytest.mark.parametrize("kind", [pa.float32(), pa.float16()])
@pytest.mark.parametrize("column", ["phone_number", "message_id", "biz_id", "out_id", "sent_at"])
def test_numbers_of_seven_digits_are_refused_as_ids_numbers_and_times(column, kind):
    values = pa.array([None, 1001.0], pa.float32()).cast(kind)
    with pytest.raises(DysmsInputError, match=rf"l\.parquet:2 has a 32-bit .* column {column}, ") as caught:
        read(parquet(**{column: values}))
    assert "1001" not in str(caught.value)


def test_a_column_of_seven_digits_that_is_empty_or_not_read_is_nothing_to_refuse():
    empty = pa.array([None, float("nan")], pa.float32())
    assert [line.out_id for line in read(parquet(out_id=empty))] == [None, None]
    assert len(read(parquet(out_id=pa.array(["a"]), price=pa.array([1.5], pa.float32())))) == 1


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
    (line,) = read(parquet(**{column: pa.array([value], kind)}))
    assert line.rejection[0] in ("bad_id", "invalid_number")


BYTES = [b"\xaa\x01", b"\xbb\x01", b"\xcc\x01"]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary(2), pa.binary_view()])
def test_carried_bytes_are_hexadecimal_digits_if_that_is_asked_for_and_refused_otherwise(kind):
    assert carried(pa.array(BYTES, kind), binary="hex") == ["aa01", "bb01", "cc01"]
    with pytest.raises(DysmsInputError, match=r"l\.parquet:1 has bytes in column x .* set binary='hex'"):
        carried(pa.array(BYTES, kind))


def test_bytes_of_text_are_text_and_numbers_are_read_in_bytes_whatever_is_carried():
    text = pa.array(["夏".encode(), None])
    assert carried(text) == ["夏", None]
    assert carried(pa.array(["夏".encode("gb18030")]), encoding="gb18030") == ["夏"]
    lines = read(parquet(phone_number=pa.array([NUMBER.encode()]), x=text[:1]), carry=["x"], binary="hex")
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
