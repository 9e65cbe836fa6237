"""Logs as people have them go through the operator: the rows are those of a tidy log, and it says how it read them."""

from __future__ import annotations

import gzip
import io
import json
import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.exceptions import DysmsTaskError
from airflow_provider_dysms.model import dates

DAY = dates.beijing_day(dates.datetime.now(dates.UTC)) - timedelta(days=1)
NOON = dates.day_start(DAY) + timedelta(hours=12)
NUMBERS = ["13900001111", "13900002222"]
IDS = ["order-1", "order-2"]
CHINESE = {"phone_number": "手机号", "out_id": "订单号", "sent_at": "发送时间"}
SLASHED = f"{DAY:%Y/%m/%d} 12:00:00"
AMERICAN = f"{DAY:%m/%d/%Y} 12:00 PM"

Run = Callable[..., dict[str, Any]]


def lines(delimiter: str, time: str) -> str:
    rows = [CHINESE.values(), *((number, name, time) for number, name in zip(NUMBERS, IDS, strict=True))]
    return "".join(delimiter.join(row) + "\r\n" for row in rows)


def send(emulator: Emulator) -> None:
    emulator.add_messages(
        [
            {"phone_number": number, "out_id": out_id, "sent_at": NOON.isoformat(), "state": "delivered"}
            for number, out_id in zip(NUMBERS, IDS, strict=True)
        ]
    )


def parquet() -> bytes:
    sink = io.BytesIO()
    columns = {
        "手机号": pa.array([int(number) for number in NUMBERS]),
        "订单号": pa.array([name.encode() for name in IDS]),
        "发送时间": pa.array([int(NOON.timestamp() * 1000)] * 2),
    }
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


WRITINGS: dict[str, tuple[str, bytes, dict[str, Any], str]] = {
    "Excel, GB18030": ("log.csv", lines(",", SLASHED).encode("gb18030"), {"encoding": "auto"}, "encoding is GB18030"),
    "semicolons": ("log.csv", lines(";", SLASHED).encode("utf-8-sig"), {}, "The delimiter is ';'"),
    "Unicode text": ("log.txt", lines("\t", SLASHED).encode("utf-16"), {"encoding": "utf-16"}, "delimiter is '\\t'"),
    "American": ("log.csv", lines("|", AMERICAN).encode(), {"time_format": "%m/%d/%Y %I:%M %p"}, "delimiter is '|'"),
    "Hive": ("000000_0", parquet(), {}, ""),
    "gzip without an ending": ("part-0", gzip.compress(lines(",", SLASHED).encode()), {}, "delimiter is ','"),
    "stated": ("log", lines("\x01", SLASHED).encode(), {"sent_format": "csv", "delimiter": "\x01"}, ""),
}


@pytest.mark.parametrize("writing", WRITINGS)
def test_every_writing_of_a_log_gives_the_same_rows(
    audit: Run, emulator: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str], writing: str
) -> None:
    name, data, arguments, told = WRITINGS[writing]
    send(emulator)
    (tmp_path / name).write_bytes(data)
    result = audit(name, columns=CHINESE, **arguments)["result"]
    assert (result["lines"], result["by_state"], result["ambiguous"]) == (2, {"delivered": 2}, 0)
    rows = (tmp_path / f"out/send_date={DAY}/part-0.jsonl").read_text("utf-8").splitlines()
    assert [(row["phone_number"], row["out_id"]) for row in map(json.loads, rows)] == list(
        zip(NUMBERS, IDS, strict=True)
    )
    log = capsys.readouterr().out
    assert told in log
    assert not any(number in log for number in NUMBERS)


def test_parts_without_a_byte_hold_no_line(audit: Run, emulator: Emulator, tmp_path: Path) -> None:
    send(emulator)
    (tmp_path / "log").mkdir()
    for name in ("000000_0", "000001_0.csv", "000002_0.parquet"):
        (tmp_path / "log" / name).write_bytes(b"")
    (tmp_path / "log/part.csv").write_text(lines(",", SLASHED), "utf-8")
    assert audit("log", columns=CHINESE)["result"]["lines"] == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"sent_format": "excel"}, "sent_format must be one of csv, jsonl, parquet, text"),
        ({"encoding": "gbk2"}, "encoding must be 'auto' or an encoding"),
        ({"delimiter": "||"}, "delimiter must be one character"),
        ({"time_format": "%Y-%m-%d"}, "time_format must have strptime codes"),
        ({"timezone": "Beijing"}, "timezone must be an IANA name"),
        ({"max_line_bytes": 0}, "max_line_bytes must be a whole number"),
        ({"max_file_bytes": 1.5}, "max_file_bytes must be a whole number"),
        ({"max_line_bytes": 35}, "log.csv:2 is longer than 35 bytes"),
        ({"max_file_bytes": 60}, "log.csv has more than 60 bytes"),
        ({}, "such as time_format='%m/%d/%Y %I:%M %p'"),
        ({"sent_format": "text"}, "columns names columns, but log.csv is text"),
        ({"delimiter": ";"}, "which log.csv does not have"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_asked(
    audit: Run, emulator: Emulator, tmp_path: Path, arguments: dict[str, Any], told: str
) -> None:
    time = AMERICAN if not arguments else SLASHED
    (tmp_path / "log.csv").write_text(lines(",", time), "utf-8")
    with pytest.raises(AirflowFailException) as error:
        audit("log.csv", columns=CHINESE, **arguments)
    assert told in str(error.value)
    assert not emulator.requests()


def test_arguments_of_a_log_do_not_go_with_a_list_of_numbers(audit: Run) -> None:
    with pytest.raises(AirflowFailException, match="timezone describes a send log"):
        audit(phone_numbers=NUMBERS, timezone="UTC")


def test_a_log_that_grows_while_it_is_read_is_read_again_by_the_next_try(
    audit: Run, emulator: Emulator, tmp_path: Path
) -> None:
    send(emulator)
    path = tmp_path / "log.csv"
    path.write_text("phone_number,out_id\n" + f"{NUMBERS[0]},{IDS[0]}\n" * 5_000, "utf-8")
    is_over = threading.Event()

    def grow() -> None:
        while not is_over.is_set():
            with path.open("a", encoding="utf-8") as file:
                file.write(NUMBERS[1][:5])  # half a line

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        with pytest.raises(DysmsTaskError, match=r"changed while it was read: file:///.*/log\.csv had \d+ bytes at"):
            audit("log.csv")
    finally:
        is_over.set()
        writer.join()
    assert not emulator.requests()
    assert not issubclass(DysmsTaskError, AirflowFailException)


def written(**columns: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


STRAY = ["phone_number,out_id,note", *(f"13900{place:06},o{place},hi" for place in range(50))]
STRAY[20], STRAY[33] = STRAY[20].replace("hi", '"hi'), STRAY[33].replace("hi", 'hi"')
NOT_READ: dict[str, tuple[str, bytes, dict[str, Any], str]] = {
    "two stray quotes": (
        "log.csv",
        "\n".join(STRAY).encode(),
        {},
        "log.csv:21 begins a quoted cell that contains line 22",
    ),
    "words for nothing": (
        "log.csv",
        f"phone_number,out_id\n{NUMBERS[0]},\\N\n".encode(),
        {},
        "out_id is a word for a missing id",
    ),
    "numbers of seven digits": (
        "log.parquet",
        written(phone_number=pa.array([float(number) for number in NUMBERS], pa.float32())),
        {},
        "log.parquet:1 has a 32-bit floating-point number in column phone_number",
    ),
    "a key twice": (
        "log.jsonl",
        f'{{"phone_number": "{NUMBERS[0]}", "phone_number": "{NUMBERS[1]}"}}'.encode(),
        {},
        "log.jsonl:1 has a key twice in one object: phone_number",
    ),
    "bytes": (
        "log.parquet",
        written(phone_number=NUMBERS, x=pa.array([b"\xaa\x01", b"\xbb\x01"])),
        {"carry": ["x"]},
        "log.parquet:1 has bytes in column x that are not text; set binary='hex'",
    ),
    "a switch in another form": ("log.csv", b"", {"binary": "base64"}, "binary must be one of hex, not 'base64'"),
    "a switch that is text": ("log.csv", b"", {"multiline": "False"}, "multiline must be True or False"),
}


@pytest.mark.parametrize("case", NOT_READ)
def test_what_would_come_out_wrong_fails_before_anything_is_asked(
    audit: Run, emulator: Emulator, tmp_path: Path, case: str
) -> None:
    name, data, arguments, told = NOT_READ[case]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(AirflowFailException) as caught:
        audit(name, **arguments)
    assert told in str(caught.value)
    assert not any(number in str(caught.value) for number in NUMBERS)
    assert not emulator.requests()


def test_cells_over_several_lines_are_taken_and_counted_if_that_is_said(
    audit: Run, emulator: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    send(emulator)
    rows = [f'{number},{name},"a\nb"\n' for number, name in zip(NUMBERS, IDS, strict=True)]
    (tmp_path / "log.csv").write_text("phone_number,out_id,note\n" + "".join(rows), "utf-8")
    result = audit("log.csv", carry=["note"], multiline=True)["result"]
    assert (result["lines"], result["by_state"], result["multiline"]) == (2, {"delivered": 2}, 2)
    assert "The log has 2 lines with a line end inside a quoted cell, the first at log.csv:2" in capsys.readouterr().out
    out = (tmp_path / f"out/send_date={DAY}/part-0.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(row)["note"] for row in out] == ["a\nb"] * 2


def test_carried_parquet_values_come_out_as_they_are(audit: Run, emulator: Emulator, tmp_path: Path) -> None:
    send(emulator)
    carried = {
        "id": (pa.array([b"\xaa\x01", b"\xbb\x01"]), ["aa01", "bb01"]),
        "rate": (pa.array([0.1, 2.0], pa.float32()), ["0.1", "2"]),
        "price": (pa.array([Decimal("1.50"), Decimal("2.00")]), ["1.50", "2.00"]),
    }
    columns = {name: values for name, (values, _) in carried.items()}
    (tmp_path / "log.parquet").write_bytes(written(phone_number=NUMBERS, out_id=IDS, **columns))
    audit("log.parquet", carry=[*carried], binary="hex")
    out = (tmp_path / f"out/send_date={DAY}/part-0.jsonl").read_text("utf-8").splitlines()
    for name, (_, expected) in carried.items():
        assert [json.loads(row)[name] for row in out] == expected
