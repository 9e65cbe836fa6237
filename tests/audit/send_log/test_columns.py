"""A column of the log that looks like one of ours is taken or named, never ignored in silence."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_provider_dysms.audit.send_log.columns import NAMES, guess_key
from airflow_provider_dysms.audit.send_log.log import SendLog, read_send_log
from airflow_provider_dysms.model.errors import DysmsInputError

DAY = date(2025, 6, 1)
NUMBER = "139" + "00001234"


def read(kind: str, *rows: dict[str, Any], **options: Any) -> SendLog:
    """Read a log that has these rows, in a format."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if kind == "csv":
        lines = [names, *([str(row.get(name, "")) for name in names] for row in rows)]
        data = "\n".join(map(",".join, lines)).encode()
    elif kind == "jsonl":
        data = "\n".join(map(json.dumps, rows)).encode()
    else:
        file = io.BytesIO()
        pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), file)
        data = file.getvalue()
    return read_send_log([(f"log.{kind}", io.BytesIO(data))], send_date=DAY, **options)


FORMATS = pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])


@FORMATS
@pytest.mark.parametrize("out_id", ["OutId", "outId", "OUT_ID", "out-id", "Out Id", "outid", "ＯｕｔＩｄ"])
@pytest.mark.parametrize("number", ["PhoneNumber", "phone-number", "PHONE_NUMBER"])
def test_another_spelling_is_taken_and_reported(kind: str, out_id: str, number: str) -> None:
    log = read(kind, {number: NUMBER, out_id: "a"}, {number: NUMBER, out_id: "b"})
    assert [line.out_id for line in log.lines] == ["a", "b"]
    assert log.has_match_keys
    assert (
        list(log.found.notes.values())
        == [
            f"Column {number} of log.{kind} is read as phone_number",
            f"Column {out_id} of log.{kind} is read as out_id",
        ]
        or kind == "jsonl"
    )
    assert log.found.notes.keys() == {number, out_id}
    assert not log.found.warnings


@FORMATS
def test_two_that_fit_are_refused_by_name(kind: str) -> None:
    with pytest.raises(
        DysmsInputError, match=rf"which column of log\.{kind} is out_id, because OutId, out_id both fit"
    ):
        read(kind, {"phone_number": NUMBER, "out_id": "a"}, {"phone_number": NUMBER, "OutId": "b"})


@FORMATS
def test_given_columns_are_all_that_is_read_and_others_are_named(kind: str) -> None:
    row = {"mobile": NUMBER, "BizId": "1^0", "out_id": "a", "OUT-ID": "b", "sent at": "x"}
    log = read(kind, row, columns={"phone_number": "mobile", "out_id": "out_id"}, carry=["sent at"])
    assert [(line.out_id, line.biz_id, line.sent_at) for line in log.lines] == [("a", None, None)]
    assert set(log.found.warnings) == {"BizId", "OUT-ID"}
    assert log.found.warnings["BizId"] == (
        f"Column BizId of log.{kind} looks like biz_id but is not read, because columns does not map it"
    )


def test_files_of_a_log_may_spell_differently() -> None:
    files = [("a.csv", b"phone_number,out_id\n%s,a\n"), ("b.jsonl", b'{"PhoneNumber": "%s", "OutId": "b"}\n')]
    log = read_send_log([(name, io.BytesIO(data % NUMBER.encode())) for name, data in files], send_date=DAY)
    assert [line.out_id for line in log.lines] == ["a", "b"]


def test_a_key_that_is_met_late_is_taken_from_its_first_line_on() -> None:
    log = read("jsonl", {"phone_number": NUMBER}, {"phone_number": NUMBER, "OutId": "b"}, {"phone_number": NUMBER})
    assert [line.out_id for line in log.lines] == [None, "b", None]


@FORMATS
def test_what_guess_key_a_key_is_named_and_not_taken(kind: str) -> None:
    log = read(
        kind, {"mobile": NUMBER, "order_id": "a", "sentAt": "x", "user_id": 1}, columns={"phone_number": "mobile"}
    )
    assert not log.has_match_keys
    assert log.found.likely_keys() == ["order_id (OutId)", "sentAt (time)"]


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        *((name, "OutId") for name in ("order_id", "orderNo", "serial", "requestId", "trace-id", "订单号", "id")),
        *((name, "BizId") for name in ("biz", "BizID", "receipt_no", "回执ID")),
        *((name, "time") for name in ("send_time", "SendDate", "created_at", "ts", "发送时间", "SENT")),
        *((name, None) for name in ("mobile", "user_id", "campaign", "template_id", "name", "状态", "format")),
        ("messageId", "message id"),
    ],
)
def test_a_name_tells_what_a_column_may_be(column: str, kind: str | None) -> None:
    assert guess_key(column) == kind


def test_data_in_the_place_of_names_is_not_repeated() -> None:
    log = read("csv", {NUMBER: NUMBER, f"{NUMBER} id": "a"}, columns={"phone_number": NUMBER})
    assert NUMBER not in "".join(log.found.likely_keys())


def test_every_name_of_ours_is_its_own_spelling() -> None:
    log = read("csv", dict.fromkeys(NAMES, ""), {"phone_number": NUMBER})
    assert not log.found.notes
