"""A day's log in every way that people and programs write one: the same lines come out, or it says what to do."""

import gzip
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from support.send_logs import (
    CHINESE,
    EXPECTED,
    IDS,
    NOON,
    NUMBERS,
    OURS,
    json_lines,
    objects,
    parquet,
    read,
    seen,
    table,
)

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
