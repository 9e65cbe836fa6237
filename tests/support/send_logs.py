"""Send logs in every format, and what reading them gives."""

import io
import json
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_provider_dysms.audit.send_log.log import read_send_log
from airflow_provider_dysms.audit.send_log.options import LogOptions
from airflow_provider_dysms.model.errors import DysmsInputError

DAY = date(2025, 6, 1)


NOON = datetime(2025, 6, 1, 4, tzinfo=UTC)


NUMBERS = ("13900001111", "85261234567")


IDS = ("1001", "1002")


OURS = {"phone_number": "phone_number", "out_id": "out_id", "sent_at": "sent_at"}


CHINESE = {"phone_number": "手机号", "out_id": "订单号", "sent_at": "发送时间"}


def table(delimiter=",", end="\n", names=tuple(OURS), *, numbers=NUMBERS, ids=IDS, time="2025-06-01 12:00:00", more=""):
    rows = [names, *((number, name, time) for number, name in zip(numbers, ids, strict=True))]
    return "".join(delimiter.join(row) + more + end for row in rows)


def objects(names=tuple(OURS), *, numbers=NUMBERS, ids=IDS, time="2025-06-01 12:00:00"):
    return [dict(zip(names, (*row, time), strict=True)) for row in zip(numbers, ids, strict=True)]


def json_lines(rows, end="\n", **how):
    return end.join(json.dumps(row, **how) for row in rows) + end


def parquet(columns=None, *, written=None, **changed):
    """A Parquet file of the usual columns, some of them as other Arrow arrays."""
    usual = {"phone_number": pa.array(NUMBERS), "out_id": pa.array(IDS), "sent_at": pa.array([NOON] * 2)}
    sink = io.BytesIO()
    pq.write_table(pa.table((columns or usual) | changed), sink, **(written or {}))
    return sink.getvalue()


def read(name, data, *, columns=None, carry=(), **written):
    data = data.encode() if isinstance(data, str) else data
    return read_send_log(
        [(name, io.BytesIO(data))], send_date=DAY, columns=columns, carry=carry, options=LogOptions(**written)
    )


def seen(log):
    assert not log.rejected, log.rejected[0].rejection
    return [(line.phone.digits, line.out_id, line.sent_at) for line in log.lines]


EXPECTED = [(number, name, NOON) for number, name in zip(NUMBERS, IDS, strict=True)]


ROWS = [
    {
        "phone_number": "+86 139-0000-0000",
        "biz_id": "1^0",
        "out_id": "a",
        "sent_at": "2025-06-01 12:00:00",
        "user": "7",
    },
    {"phone_number": "13900000001", "biz_id": None, "out_id": None, "sent_at": "2025-06-01T04:00:00Z", "user": None},
]


def as_csv(rows):
    names = list(rows[0])
    lines = [",".join(names)] + [
        ",".join("" if row[name] is None else str(row[name]) for name in names) for row in rows
    ]
    return "\r\n".join(lines).encode() + b"\r\n"


def as_json_lines(rows):
    return "".join(
        json.dumps({key: value for key, value in row.items() if value is not None}) + "\n" for row in rows
    ).encode()


def as_parquet(rows, schema=None):
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), sink)
    return sink.getvalue()


def read_files(*files, **arguments):
    """Read a log of several files, each a name and its bytes."""
    return read_send_log([(name, io.BytesIO(data)) for name, data in files], send_date=DAY, **arguments)


def one(**cells):
    """The one line of a log with these cells."""
    return read_files(("log.jsonl", json.dumps({"phone_number": "13900000000"} | cells).encode())).lines[0]


def refused(*files, **options):
    with pytest.raises(DysmsInputError) as error:
        read_files(*files, **options)
    assert "1390000" not in str(error.value)
    return error.value


def refusal(name, data, **options):
    """Return the text of the error with which a file is refused; it repeats no number."""
    with pytest.raises(DysmsInputError) as error:
        read(name, data, **options)
    assert not any(number in str(error.value) for number in NUMBERS)
    return str(error.value)
