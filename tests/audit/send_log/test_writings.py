"""A day's log in every way that people and programs write one: the same lines come out, or it says what to do."""

import gzip
import io
import json
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

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
QUOTED = table(names=tuple(f'"{name}"' for name in OURS), ids=('"1001"', '"1002"'))
RAW = pa.array([number.encode() for number in NUMBERS])

WRITINGS = {
    # CSV
    "as it should be": ("l.csv", table(), {}),
    "windows": ("l.csv", table(end="\r\n"), {}),
    "old macintosh": ("l.csv", table(end="\r"), {}),
    "no last line end": ("l.csv", table().rstrip("\n"), {}),
    "a mark and semicolons": ("l.csv", "\ufeff" + table(";"), {}),
    "a mark and quotes": ("l.csv", "\ufeff" + QUOTED, {}),
    "semicolons and quotes": ("l.csv", QUOTED.replace(",", ";"), {}),
    "tabs in .txt": ("l.txt", table("\t"), {}),
    "tabs in .tsv": ("l.tsv", table("\t"), {}),
    "pipes": ("l.csv", table("|"), {}),
    "another delimiter": ("l.csv", table("\x01"), {"delimiter": "\x01"}),
    "sep=;": ("l.csv", "sep=;\r\n" + table(";", "\r\n"), {}),
    "commas in cells under tabs": ("l.csv", table("\t", more="\tx,y"), {}),
    "spaces and full-width spaces in the header": (
        "l.csv",
        table(names=(" phone_number ", "\u3000out_id", "sent_at\u200b")),
        {},
    ),
    "a name over two lines": (
        "l.csv",
        table(names=('"phone\nnumber"', "out_id", "sent_at")),
        {"columns": OURS | {"phone_number": "phone\nnumber"}},
    ),
    "delimiters at the end of every line": ("l.csv", table(more=",,"), {}),
    "delimiters at the end of lines but the header": ("l.csv", table(more=",").replace("sent_at,", "sent_at"), {}),
    "rows of only delimiters": ("l.csv", ",,\n" + table() + ",,\n , ,\n\n", {}),
    "chinese in GB18030": (
        "l.csv",
        table(names=tuple(CHINESE.values())).encode("gb18030"),
        {"columns": CHINESE, "encoding": "gb18030"},
    ),
    "chinese, whatever it is": (
        "l.csv",
        table(names=tuple(CHINESE.values())).encode("gb18030"),
        {"columns": CHINESE, "encoding": "auto"},
    ),
    "chinese in UTF-8, whatever it is": (
        "l.csv",
        table(names=tuple(CHINESE.values())),
        {"columns": CHINESE, "encoding": "auto"},
    ),
    "Excel's Unicode text": ("l.txt", table("\t", "\r\n").encode("utf-16"), {"encoding": "auto"}),
    "UTF-16, named": ("l.csv", table().encode("utf-16"), {"encoding": "utf-16"}),
    "UTF-16 without a mark, named": ("l.csv", table().encode("utf-16-le"), {"encoding": "utf-16-le"}),
    "UTF-16 with a mark, half named": ("l.csv", table().encode("utf-16"), {"encoding": "UTF-16-LE"}),
    "full-width digits": ("l.csv", table(numbers=("１３９００００１１１１", "＋８５２　６１２３４５６７")), {}),
    "a tab that keeps Excel from counting": (
        "l.csv",
        table(numbers=("13900001111\t", "85261234567\t"), ids=("1001\t", "1002\t")),
        {},
    ),
    "pandas' whole numbers": ("l.csv", table(numbers=("13900001111.0", "85261234567.0"), ids=("1001.0", "1002.0")), {}),
    # Names that say nothing
    "a part of Hive, CSV": ("000000_0", table("\t"), {}),
    "a part of Trino, gzipped": ("20250601_x", gzip.compress(table().encode()), {}),
    "gzipped and not called so": ("l.csv", gzip.compress(table().encode()), {}),
    "called gzipped and decompressed on its way": ("l.csv.gz", table(), {}),
    "a part of Redshift, JSON": ("0000_part_00", json_lines(objects()), {}),
    "a part of Trino, Parquet": ("20250601_x", parquet(), {}),
    "Parquet called .csv": ("l.csv", parquet(), {}),
    ".parq": ("l.parq", parquet(), {}),
    ".pq, gzipped": ("l.pq.gz", gzip.compress(parquet()), {}),
    "JSON Lines called .txt": ("l.txt", json_lines(objects()), {}),
    "stated CSV": ("l.txt", table(";"), {"sent_format": "csv"}),
    "stated JSON Lines": ("l.log", json_lines(objects()), {"sent_format": "jsonl"}),
    # JSON Lines
    "JSON with a mark": ("l.jsonl", "\ufeff" + json_lines(objects()), {}),
    "JSON of Windows": ("l.json", json_lines(objects(), "\r\n"), {}),
    "JSON in UTF-16": (
        "l.jsonl",
        json_lines(objects(tuple(CHINESE.values())), ensure_ascii=False).encode("utf-16"),
        {"columns": CHINESE, "encoding": "auto"},
    ),
    "JSON in GB18030": (
        "l.jsonl",
        json_lines(objects(tuple(CHINESE.values())), ensure_ascii=False).encode("gb18030"),
        {"columns": CHINESE, "encoding": "gb18030"},
    ),
    "JSON of numbers": (
        "l.jsonl",
        json_lines(objects(numbers=map(int, NUMBERS), ids=map(int, IDS), time=1748750400000)),
        {},
    ),
    "JSON of floats": (
        "l.jsonl",
        json_lines(objects(numbers=map(float, NUMBERS), ids=map(float, IDS), time=1748750400.0)),
        {},
    ),
    # Parquet
    "seconds": ("p", parquet(sent_at=pa.array([NOON] * 2, pa.timestamp("s", "UTC"))), {}),
    "milliseconds of Shanghai": ("p", parquet(sent_at=pa.array([NOON] * 2, pa.timestamp("ms", "Asia/Shanghai"))), {}),
    "nanoseconds, naive": ("p", parquet(sent_at=pa.array([datetime(2025, 6, 1, 12)] * 2, pa.timestamp("ns"))), {}),  # noqa: DTZ001
    "naive, in UTC": (
        "p",
        parquet(sent_at=pa.array([datetime(2025, 6, 1, 4)] * 2, pa.timestamp("us"))),  # noqa: DTZ001
        {"timezone": "UTC"},
    ),
    "INT96, as Spark writes it": (
        "p",
        parquet(
            sent_at=pa.array([datetime(2025, 6, 1, 4)] * 2),  # noqa: DTZ001
            written={"use_deprecated_int96_timestamps": True},
        ),
        {},
    ),
    "INT96, as Impala writes it": (
        "p",
        parquet(
            sent_at=pa.array([datetime(2025, 6, 1, 12)] * 2),  # noqa: DTZ001
            written={"use_deprecated_int96_timestamps": True},
        ),
        {"timezone": "Asia/Shanghai"},
    ),
    "epoch milliseconds": ("p", parquet(sent_at=pa.array([1748750400000] * 2)), {}),
    "epoch nanoseconds": ("p", parquet(sent_at=pa.array([1748750400 * 10**9] * 2)), {}),
    "epoch seconds as a decimal": ("p", parquet(sent_at=pa.array([Decimal(1748750400)] * 2)), {}),
    "categories": (
        "p",
        parquet(phone_number=pa.array(NUMBERS).dictionary_encode(), out_id=pa.array(IDS).dictionary_encode()),
        {},
    ),
    "categories of times": (
        "p",
        parquet(sent_at=pa.array([NOON] * 2, pa.timestamp("ns", "UTC")).dictionary_encode()),
        {},
    ),
    "large text": (
        "p",
        parquet(phone_number=pa.array(NUMBERS, pa.large_string()), out_id=pa.array(IDS, pa.large_string())),
        {},
    ),
    "views": ("p", parquet(phone_number=pa.array(NUMBERS, pa.string_view())), {}),
    "Hive's and Impala's bytes": ("000000_0", parquet(phone_number=RAW, out_id=pa.array([b"1001", b"1002"])), {}),
    "text of a fixed length": ("p", parquet(phone_number=RAW.cast(pa.binary(11))), {}),
    "whole numbers": ("p", parquet(phone_number=pa.array(list(map(int, NUMBERS))), out_id=pa.array([1001, 1002])), {}),
    "floats": ("p", parquet(phone_number=pa.array(list(map(float, NUMBERS))), out_id=pa.array([1001.0, 1002.0])), {}),
    "decimals": (
        "p",
        parquet(
            phone_number=pa.array([Decimal(number) for number in NUMBERS], pa.decimal128(20, 0)),
            out_id=pa.array([Decimal("1001.00"), Decimal("1002.00")]),
        ),
        {},
    ),
}
TIMES = [
    "2025/06/01 12:00:00",
    "2025/6/1 12:00",
    "20250601120000",
    "2025-06-01 12:00:00.000 Asia/Shanghai",
    "2025-06-01T12:00:00+08:00[Asia/Shanghai]",
    "2025-06-01T12:00+08:00[Asia/Shanghai]",
    "2025-06-01T04:00:00Z[UTC]",
    "2025-06-01 12:00:00 +0800 CST",
    "2025-06-01 12:00:00.000000001 +0800 CST m=+0.000000001",
    "1748750400",
    "1748750400000",
    "1748750400000000",
    "1748750400000000000",
    "1748750400.0",
    "2025年6月1日 12:00:00",
    "２０２５－０６－０１　１２：００：００",
    "2025-06-01 12:00:00+08",
    "20250601T040000Z",
    "2025-06-01 04:00:00.000 UTC",
    "2025-06-01 00:00:00 America/New_York",
    "Sun, 01 Jun 2025 12:00:00 +0800",
]
WRITINGS |= {f"at {time}": ("l.jsonl", json_lines(objects(time=time)), {}) for time in TIMES}


@pytest.mark.parametrize("writing", WRITINGS)
def test_the_same_lines_come_out_of_every_writing(writing):
    name, data, options = WRITINGS[writing]
    assert seen(read(name, data, **options)) == EXPECTED


REFUSED = {
    "a workbook": ("l.xlsx", b"PK\x03\x04" + bytes(99), {}, "an Excel workbook"),
    "a workbook called CSV": ("l.csv", b"PK\x03\x04" + bytes(99), {}, "save it as CSV UTF-8"),
    "zstd": ("l.csv.zst", b"\x28\xb5\x2f\xfd" + bytes(99), {}, "compressed with zstd"),
    "gzip twice": ("l.csv.gz", gzip.compress(gzip.compress(table().encode())), {}, "gzip within gzip"),
    "ORC": ("000000_0", b"ORC" + bytes(99), {}, "an ORC file"),
    "stated CSV, and Parquet": ("l", parquet(), {"sent_format": "csv"}, "is a Parquet file, and sent_format says csv"),
    "stated Parquet, and CSV": ("l", table(), {"sent_format": "parquet"}, "is no Parquet file"),
    "half of a Parquet file": ("l", parquet()[:-50], {}, "is no Parquet file, or only a part of one"),
    "no header": ("000000_0", table("\x01").partition("\n")[2], {}, "unknown kind"),
    "an unknown kind": ("l.log", "hello\n", {}, "set sent_format='csv', 'jsonl', 'parquet' or 'text'"),
    "numbers without a name, and columns": ("l", "13900001111\n", {"columns": OURS}, "set sent_format"),
    "an array": ("l.json", json.dumps(objects()), {}, "a JSON array; write one object a line"),
    "an array without a name": ("l", json.dumps(objects()), {}, "begins as JSON does"),
    "objects over lines": ("l.json", json.dumps(objects()[0], indent=1), {}, "write each object on one line"),
    "Python's NaN": ("l.jsonl", '{"phone_number": "13900001111", "out_id": NaN}', {}, "NaN and Infinity are not JSON"),
    "a huge number": ("l.jsonl", '{"phone_number": 1e999}', {}, "too large to be read exactly; write it as text"),
    "GB18030, not told": (
        "l.csv",
        table(names=tuple(CHINESE.values())).encode("gb18030"),
        {"columns": CHINESE},
        "save it as UTF-8, or set encoding, such as encoding='gb18030'",
    ),
    "UTF-16, not told": ("l.csv", table().encode("utf-16"), {}, "in UTF-16; set encoding='utf-16'"),
    "UTF-16 without a mark": ("l.csv", table().encode("utf-16-le"), {}, "set encoding='utf-16-le'"),
    "UTF-16 without a mark, whatever it is": (
        "l.csv",
        table().encode("utf-16-be"),
        {"encoding": "auto"},
        "looks like UTF-16 without a byte order mark; set encoding='utf-16-be'",
    ),
    "UTF-16 without a mark, named": (
        "l.csv",
        table().encode("utf-16-be"),
        {"encoding": "utf-16"},
        "'utf-16-le' or 'utf-16-be'",
    ),
    "of none of three encodings": ("l.csv", table().encode() + b"\xff\xff\n", {"encoding": "auto"}, "in neither UTF-8"),
    "of another encoding than told": (
        "l.csv",
        table().encode() + b"\xff\xff\n",
        {"encoding": "gb18030"},
        "l.csv:4 is not in gb18030",
    ),
    "two delimiters": (
        "l.csv",
        "phone_number,x;message_id\n",
        {},
        "more than one delimiter, ',' and ';'; set delimiter",
    ),
    "cells without a name": ("l.csv", table(more=",x").replace("sent_at,x", "sent_at"), {}, "l.csv:2 has 4 cells"),
}


@pytest.mark.parametrize("writing", REFUSED)
def test_what_cannot_be_read_in_one_way_only_is_refused_with_what_settles_it(writing):
    name, data, options, told = REFUSED[writing]
    with pytest.raises(DysmsInputError) as error:
        read(name, data, **options)
    assert told in str(error.value)
    assert not any(number in str(error.value) for number in NUMBERS)


REJECTED = {
    ("sent_at", "11/28/2026 09:15"): "time_format='%m/%d/%Y %H:%M'",
    ("sent_at", "28/11/2026 09:15:03"): "time_format='%d/%m/%Y %H:%M:%S'",
    ("sent_at", "03/04/2026 9:15 PM"): "time_format='%m/%d/%Y %I:%M %p'",
    ("sent_at", "26-11-28 09:15"): "time_format='%y-%m-%d %H:%M'",
    ("sent_at", "2025-06-01 12:00:00 CST"): "is no time",
    ("sent_at", "2025-06-01T12:00+09:00[Asia/Shanghai]"): "an offset that the zone does not have",
    ("sent_at", "2025-06-01 12:00:00 Mars/Base"): "not known",
    ("sent_at", "2025-06-02"): "a day without a time",
    ("sent_at", "20250601"): "a day without a time",
    ("sent_at", "17487504"): "is a",
    ("sent_at", "174875040012"): "is no time",
    ("sent_at", "17487504001"): "a number of 11 digits",
    ("sent_at", "1.74875E+09"): "scientific notation",
    ("sent_at", "NaT"): "leave the cell empty",
    ("sent_at", "1764292503"): "was sent on 2025-11-28",
    ("phone_number", "1.39E+10"): "scientific notation (1.39E+10)",
    ("phone_number", "NaN"): "leave the cell empty",
    ("phone_number", "10000000000"): "can exist",
    ("phone_number", "11012345678"): "can exist",
    ("phone_number", "+1 212 155 0123"): "can exist",
    ("phone_number", "99999999999999999999"): "more digits than a phone number",
    ("out_id", "1.39E+10"): "scientific notation (1.39E+10)",
    ("out_id", "9007199254740992.0"): "lost its last digits",
    ("biz_id", "nan"): "the word for no id",
}


@pytest.mark.parametrize(("column", "cell"), REJECTED)
def test_a_cell_that_no_message_can_have_is_rejected_by_a_sentence_of_its_own(column, cell):
    row = {"phone_number": "13900001111"} | {column: cell}
    (line,) = read("l.csv", f"{','.join(row)}\n{','.join(row.values())}\n").lines
    assert REJECTED[column, cell] in line.rejection[1]
    assert cell not in line.rejection[1] or cell == "1.39E+10"


@pytest.mark.parametrize("name", ["l.csv", "l.jsonl", "l.txt", "l.parquet", "part-3", "l.csv.gz"])
@pytest.mark.parametrize("data", [b"", gzip.compress(b"")], ids=["no byte", "gzip of no byte"])
@pytest.mark.parametrize("columns", [None, OURS])
def test_a_part_without_a_byte_has_no_line(name, data, columns):
    files = [(name, io.BytesIO(data)), ("b.csv", io.BytesIO(table().encode()))]
    assert seen(read_send_log(files, send_date=DAY, columns=columns)) == EXPECTED


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf", b"\n\r\n", b",,\n;;\n", b"\xef\xbb\xbf\r\n"])
def test_a_file_of_only_line_ends_and_delimiters_has_no_line_either(data):
    assert not read("l.csv", data).lines
    assert not read("part", data).lines


def test_ids_keep_their_end_if_one_of_the_column_does_not_end_so():
    log = read("l.csv", table(ids=("1001.0", "1002")))
    assert [line.out_id for line in log.lines] == ["1001.0", "1002"]
    assert not any("ends in .0" in note for note in log.notes)
    log = read("l.csv.gz", gzip.compress(table(ids=("1001", "1002.0")).encode()))
    assert [line.out_id for line in log.lines] == ["1001", "1002.0"]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("end", ["", "x"])
def test_ids_that_pandas_made_floats_are_found_in_long_files_too(zipped, end):
    numbers = [f"139{place:08}" for place in range(20_000)]
    data = table(numbers=numbers, ids=[f"{place}.0" for place in range(19_999)] + [f"7.0{end}"]).encode()
    log = read("l.csv", gzip.compress(data) if zipped else data)
    assert [line.out_id for line in log.lines][:2] == (["0.0", "1.0"] if end else ["0", "1"])
    assert [line.phone.digits for line in log.lines] == numbers
    assert any(note.startswith("Every out_id ends in .0") for note in log.notes) is not bool(end)


def test_a_country_may_be_a_float_too():
    assert seen(read("l.csv", "phone_number,out_id,sent_at,country\n61234567,1,,852.0\n13900001111,2,,86.0\n")) == [
        ("85261234567", "1", None),
        ("13900001111", "2", None),
    ]


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
    assert log.lines[0].rejection == ("sent_at_unreadable", "sent_at lies in no year in which messages are sent")
    assert log.lines[1].rejection is None


def test_what_was_found_out_is_told_once_for_many_files():
    data = table(";", names=tuple(CHINESE.values())).encode("gb18030")
    files = [(f"{place}.csv", io.BytesIO(data)) for place in range(3)]
    log = read_send_log(files, send_date=DAY, columns=CHINESE, options=LogOptions(encoding="auto"))
    assert log.notes == ("The encoding is GB18030 (0.csv and 2 more)", "The delimiter is ';' (0.csv and 2 more)")


def test_a_column_with_a_semicolon_in_its_only_name_is_read_by_commas():
    log = read("l.csv", 'phone_number,"a;b"\n13900001111,"x;y"\n', carry=["a;b"])
    assert log.lines[0].carried == ("x;y",)


@pytest.mark.parametrize(
    ("written", "time", "expected"),
    [
        ({"time_format": "%m/%d/%Y %I:%M %p"}, "06/01/2025 12:00 PM", NOON),
        ({"time_format": "%d.%m.%y %H:%M", "timezone": "Europe/Berlin"}, "01.06.25 06:00", NOON),
        ({"time_format": "%Y%m%d%H%M%S"}, 20250601120000, NOON),
        ({"time_format": "%Y-%m-%dT%H:%M:%S%z", "timezone": "UTC"}, "2025-06-01T12:00:00+08:00", NOON),
        ({"timezone": "UTC"}, "2025-06-01 04:00:00", NOON),
        ({"timezone": "UTC"}, "2025/6/1 4:00", NOON),
        ({"timezone": "UTC"}, "20250601040000", NOON),
        ({"timezone": "UTC"}, "2025-06-01T12:00:00+08:00", NOON),
        ({"timezone": "UTC"}, "Sun, 01 Jun 2025 04:00:00", NOON),
        ({"timezone": "America/New_York"}, 1748750400, NOON),
        ({"time_format": "%Y/%m/%d %H:%M"}, "2025-06-01 12:00", None),
    ],
)
def test_time_format_and_timezone_say_how_a_time_is_meant(written, time, expected):
    line = read("l.jsonl", json_lines([{"phone_number": "13900001111", "sent_at": time}]), **written).lines[0]
    assert line.sent_at == expected
    assert (line.rejection is None) is (expected is not None)


@pytest.mark.parametrize(
    ("time", "zone", "told"),
    [
        ("2025-03-09 02:30:00", "America/New_York", "does not exist"),
        ("2025-11-02 01:30:00", "America/New_York", "happens twice"),
    ],
)
def test_a_time_that_clocks_skip_or_show_twice_is_refused(time, zone, told):
    for text, written in ((time, {"timezone": zone}), (f"{time} {zone}", {})):
        line = read("l.csv", f"phone_number,sent_at\n13900001111,{text}\n", **written).lines[0]
        assert told in line.rejection[1]


@pytest.mark.parametrize(
    ("argument", "value", "told"),
    [
        ("sent_format", "xlsx", "csv, jsonl, parquet, text"),
        ("encoding", "klingon", "such as 'gb18030', not 'klingon'"),
        ("encoding", "base64", "an encoding that Python knows"),
        ("encoding", "rot13", "an encoding that Python knows"),
        ("encoding", "idna", "an encoding that Python knows"),
        ("encoding", 5, "an encoding that Python knows"),
        ("delimiter", "::", "one character"),
        ("delimiter", "", "one character"),
        ("delimiter", '"', "one character"),
        ("delimiter", "\n", "one character"),
        ("delimiter", "a", "one character"),
        ("time_format", "%Y-%m-%d", "year, month, day, hour and minute"),
        ("time_format", "%I:%M %d/%m/%Y", "year, month, day, hour and minute"),
        ("time_format", "yyyy-MM-dd HH:mm", "codes of strptime"),
        ("time_format", "%Y-%m-%d %H:%M %Z", "use %z"),
        ("time_format", "%Y-%m-%dT%H:%M:%SZ", "write %z there"),
        ("time_format", 5, "must be text"),
        ("timezone", "CST", "an IANA name"),
        ("timezone", "../UTC", "an IANA name"),
        ("timezone", ["UTC"], "an IANA name"),
        ("max_line_bytes", 0, "at least 1"),
        ("max_line_bytes", True, "at least 1"),
        ("max_file_bytes", "1GB", "a number of bytes"),
    ],
)
def test_an_argument_that_cannot_be_is_refused_by_its_name(argument, value, told):
    with pytest.raises(DysmsInputError) as error:
        LogOptions(**{argument: value})
    assert error.value.argument == argument
    assert told in str(error.value)
