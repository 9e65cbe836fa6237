"""Receipts of both vendors in, the table of an audit out: through the operator, from and to files."""

from __future__ import annotations

import gzip
import json
import logging
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_dysms.audit.verdict import COLUMNS
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.operators.dysms import DysmsVerifyPartitionOperator
from airflow_provider_dysms.retention.erase import erase_people
from airflow_provider_dysms.transfers.dysms_receipts_to_object_storage import DysmsReceiptsToObjectStorageOperator

NOW = datetime.now(UTC)
#: Its receipts may still come, and another day whose receipts are all here.
DAY, OLD_DAY = dates.beijing_day(NOW) - timedelta(days=1), dates.beijing_day(NOW) - timedelta(days=9)
NUMBER = "139" + "0000"


def at(day: Any, clock: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}+08:00")


def number(place: int) -> str:
    return f"{NUMBER}{place:04}"


def sms_report(place: int, day: Any = DAY, clock: str = "12:00:00", **fields: Any) -> dict[str, Any]:
    """Return an SmsReport of a delivered message."""
    report = {
        "phone_number": number(place),
        "send_time": f"{day} {clock}",
        "report_time": f"{day} {clock[:-2]}59",
        "success": True,
        "err_code": "DELIVERED",
        "sms_size": "1",
        "biz_id": f"9007{place}^0",
        "out_id": f"order-{place}",
    }
    return {name: value for name, value in {**report, **fields}.items() if value is not None}


def huawei_id(place: int) -> str:
    return f"11aa22bb-0000-4000-8000-{place:012}_{place}"


def huawei(place: int, status: str = "DELIVRD", day: Any = DAY, **fields: Any) -> str:
    """Return a form of Huawei about a message of noon."""
    report = {
        "smsMsgId": huawei_id(place),
        "status": status,
        "source": "2",
        "updateTime": f"{day}T04%3A00%3A30Z",
        "orgCode": "000",
        **fields,
    }
    return "&".join(f"{name}={value}" for name, value in report.items() if value is not None)


class Archive:
    """A send log, archived receipts, and the operator that joins them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "out"

    def log(self, header: str, *lines: str) -> None:
        (self.folder / "sent.csv").write_text("\n".join([header, *lines, ""]), "utf-8")

    def aliyun_log(self, count: int, day: Any = DAY) -> None:
        lines = [f"{number(place)},9007{place}^0,order-{place},{at(day, '12:00:00')}" for place in range(count)]
        self.log("phone_number,biz_id,out_id,sent_at", *lines)

    def huawei_log(self, count: int, day: Any = DAY) -> None:
        lines = [f"{huawei_id(place)},{number(place)},{at(day, '12:00:00')}" for place in range(count)]
        self.log("message_id,phone_number,sent_at", *lines)

    def store(self, *bodies: Any, name: str = "a.jsonl", bare: bool = False, **request: Any) -> None:
        """Store bodies as a receiver does: as requests, one per line."""
        texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
        lines = (
            texts if bare else [json.dumps({"received_at": NOW.isoformat(), "body": text, **request}) for text in texts]
        )
        path = self.folder / "receipts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = "\n".join([*lines, ""]).encode()
        path.write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)

    def __call__(self, *, day: Any = DAY, receipts: str = "receipts", **arguments: Any) -> dict[str, Any]:
        """Run the operator, and return the result of its manifest."""
        given = {
            "sent_uri": f"file://{self.folder}/sent.csv",
            "receipts_uri": f"file://{self.folder}/{receipts}",
            "output_uri": f"file://{self.out}",
            "send_date": str(day),
            "max_rejected_receipts": 1,
            **arguments,
        }
        manifest = DysmsReceiptsToObjectStorageOperator(task_id="join", **given).execute({})
        result: dict[str, Any] = manifest["result"]
        return result

    def data(self, day: Any = DAY) -> bytes:
        return (self.out / f"send_date={day}/part-0.jsonl").read_bytes()

    def rows(self, day: Any = DAY) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.data(day).splitlines()]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def test_a_day_of_the_mainland_has_the_rows_and_the_manifest_of_an_audit(archive: Archive) -> None:
    archive.aliyun_log(3)
    archive.store([sms_report(0), sms_report(1, success=False, err_code="MK:0001")])
    result = archive()
    delivered, failed, waiting = archive.rows()
    assert list(delivered) == [name for name in COLUMNS if name != "content"]
    assert delivered | {"sent_at": None, "received_at": None} == {
        **dict.fromkeys(delivered),
        "phone_number": number(0),
        "country": "CN",
        "biz_id": "90070^0",
        "out_id": "order-0",
        "state": "delivered",
        "category": "delivered",
        "error_code": "DELIVERED",
        "delivery_seconds": 59,
        "segments": 1,
        "is_final": True,
        "vendor": "aliyun",
    }
    assert (failed["state"], failed["category"], failed["fault"]) == ("failed", "invalid_number", "recipient")
    assert (waiting["state"], waiting["is_final"], waiting["category"]) == ("waiting", False, None)
    assert result["by_state"] == {"delivered": 1, "failed": 1, "waiting": 1}
    assert (result["source"], result["asked"], result["missing"]) == ("receipts", 0, 0)
    assert result["receipts"]["cross_check"] == "not cross-checked"
    assert (result["receipts"]["read"], result["receipts"]["matched"]) == (2, 2)
    assert DysmsVerifyPartitionOperator(
        task_id="verify", output_uri=f"file://{archive.out}", send_date=str(DAY)
    ).execute({})


def test_a_day_of_huawei_needs_no_connection(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_DYSMS_DEFAULT", raising=False)
    archive.huawei_log(6)
    batch = {"statusReportList": [{"smsMsgId": huawei_id(1), "status": "EXPIRED", "source": "1"}]}
    archive.store(
        huawei(0),
        batch,
        huawei(2, "E200018", source="3"),
        huawei(3, "ACCEPTD"),
        huawei(4, "UNKNOWN", updateTime=None),
        huawei(5, "MBBLACK"),
        content_type="application/x-www-form-urlencoded",
    )
    result = archive(vendor="huawei")
    rows = archive.rows()
    assert [row["state"] for row in rows] == ["delivered", "expired", "failed", "waiting", "waiting", "failed"]
    assert {row["vendor"] for row in rows} == {"huawei"}
    assert [row["category"] for row in rows][2] == "platform_rejected"
    assert json.loads(rows[2]["vendor_extra"])["billed"] == "no"
    assert rows[5]["category"] == "blacklist"
    assert (rows[0]["segments"], rows[0]["delivery_seconds"], rows[0]["phone_number"]) == (1, 30, number(0))
    assert json.loads(rows[0]["vendor_extra"]) == {"org_code": "000", "source": "2"}
    assert result["receipts"]["not_billed"] == 1


def test_a_long_message_is_delivered_with_its_last_part_and_failed_with_the_first_that_is(archive: Archive) -> None:
    archive.huawei_log(3)
    for part in (1, 2, 3):
        later = {"updateTime": f"{DAY}T04%3A00%3A{30 + part}Z"}
        archive.store(
            huawei(0, total=3, sequence=part, **later),
            *([huawei(1, total=3, sequence=part)] if part < 3 else []),
            huawei(2, "UNDELIV" if part == 2 else "DELIVRD", total=3, sequence=part),
            name=f"{part}.jsonl",
        )
    archive()
    whole, partial, failed = archive.rows()
    assert (whole["state"], whole["segments"], whole["delivery_seconds"]) == ("delivered", 3, 33)
    assert (partial["state"], partial["segments"]) == ("waiting", 3)
    assert json.loads(partial["vendor_extra"])["delivered_parts"] == "2"
    assert (failed["state"], failed["error_code"], failed["segments"]) == ("failed", "UNDELIV", 3)


def test_a_part_that_was_delivered_does_not_explain_why_the_message_expired(archive: Archive) -> None:
    archive.huawei_log(1, OLD_DAY)
    archive.store(huawei(0, day=OLD_DAY, total=2, sequence=1))
    archive(day=OLD_DAY)
    (row,) = archive.rows(OLD_DAY)
    assert (row["state"], row["category"], row["error_code"], row["fault"]) == ("expired", None, None, "unknown")
    assert json.loads(row["vendor_extra"])["delivered_parts"] == "1"


@pytest.mark.parametrize("sign", ["", "+"])
def test_a_number_with_the_code_of_another_country_is_not_of_the_mainland(archive: Archive, sign: str) -> None:
    archive.log("message_id", "1008030", huawei_id(1))
    american = "1310" + "5550123"
    archive.store(
        {"To": sign + american, "MessageId": "1008030", "Status": "1"}, huawei(1, to=f"%2B{american}", extend="a")
    )
    archive()
    assert [(row["phone_number"], row["country"]) for row in archive.rows()] == [(american, "US")] * 2


def test_an_international_message_is_found_by_its_id(archive: Archive) -> None:
    archive.log("message_id,country", "1008030,HK", "1008031,HK", "1008032,HK")
    sent = f"{at(DAY, '12:00:00'):%a, %d %b %Y %H:%M:%S} +0800"
    common = {"To": "852" + "51246802", "SmsSize": "2", "SendDate": sent, "ReceiveDate": sent}
    archive.store(
        {**common, "MessageId": "1008030", "Status": "1", "ErrorCode": "success"},
        {**common, "MessageId": "1008031", "Status": "2", "ErrorCode": "UNDELIV"},
    )
    archive()
    first, second, third = archive.rows()
    assert (first["state"], first["phone_number"], first["country"]) == ("delivered", "852" + "51246802", "HK")
    assert (first["segments"], second["state"], third["state"]) == (2, "failed", "waiting")
    assert [row["vendor"] for row in (first, second, third)] == ["aliyun"] * 3


def test_lines_without_a_biz_id_are_matched_by_out_id_in_order_of_time(archive: Archive) -> None:
    archive.log(
        "phone_number,out_id,sent_at",
        f"{number(1)},a,{at(DAY, '12:00:00')}",
        f"{number(1)},a,{at(DAY, '18:00:00')}",
        f"{number(1)},a,{at(DAY, '18:00:00')}",
        f"{number(2)},b,{at(DAY, '12:00:00')}",
        f"{number(3)},,{at(DAY, '12:00:00')}",
    )
    archive.store(
        [
            sms_report(1, clock="18:00:00", biz_id="2^0", out_id="a", success=False, err_code="MK:0001"),
            sms_report(2, biz_id=None, out_id="b"),
        ]
    )
    result = archive(max_rejected_rate=0.5)
    rows = archive.rows()
    assert [row["state"] for row in rows] == ["waiting", "failed", "delivered", "rejected"]
    assert (result["repeated"], result["rejected"]) == (1, {"no_receipt_key": 1})
    with pytest.raises(AirflowFailException, match="1 of 5 lines without a key"):
        archive()


def test_lines_of_one_message_have_one_row(archive: Archive) -> None:
    archive.aliyun_log(2)
    path = archive.folder / "sent.csv"
    header, *lines = path.read_text().splitlines()
    path.write_text("\n".join([header, *lines, *lines, ""]))
    archive.store([sms_report(0), sms_report(1)])
    result = archive()
    assert (result["rows"], result["repeated"], result["by_state"]) == (2, 2, {"delivered": 2})
    archive.huawei_log(1)
    path.write_text(path.read_text() * 1 + path.read_text().splitlines()[1] + "\n")
    archive.store(huawei(0))
    assert archive(refresh="all", output_uri=f"file://{archive.folder}/other")["repeated"] == 1


def test_a_message_without_a_receipt_expires_and_is_never_missing(archive: Archive) -> None:
    archive.aliyun_log(2, OLD_DAY)
    archive.store([sms_report(0, OLD_DAY)])
    result = archive(day=OLD_DAY)
    assert result["by_state"] == {"delivered": 1, "expired": 1}
    assert (result["missing"], result["settled"]) == (0, True)
    row = archive.rows(OLD_DAY)[1]
    assert (row["is_final"], row["vendor"], row["fault"]) == (True, "aliyun", "unknown")


def test_contradictions_are_counted_and_a_delivery_wins(archive: Archive) -> None:
    archive.aliyun_log(4)
    archive.store(
        [
            sms_report(0, success=False, err_code="MK:0001", report_time=f"{DAY} 12:10:00"),
            sms_report(0),
            sms_report(1, success=False, err_code="MK:0001"),
            sms_report(1, success=False, err_code="MK:0008", report_time=f"{DAY} 12:10:00"),
            sms_report(2),
            sms_report(2),
            sms_report(2),
            sms_report(3),
        ]
    )
    result = archive()
    assert [(row["state"], row["error_code"]) for row in archive.rows()] == [
        ("delivered", "DELIVERED"),
        ("failed", "MK:0008"),
        ("delivered", "DELIVERED"),
        ("delivered", "DELIVERED"),
    ]
    assert (result["receipts"]["conflicts"], result["receipts"]["duplicates"]) == (2, 4)


def test_the_order_of_arrival_changes_no_byte(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow_provider_dysms.receipts.matching.receipt_index.MAX_MERGED", 7)
    mixed = [f",{number(place)},9007{place}^0,order-{place},{at(DAY, '12:00:00')}" for place in range(20)]
    mixed += [f",{number(place)},,order-{place},{at(DAY, '12:00:00')}" for place in range(20, 25)]
    mixed += [f"{huawei_id(place)},{number(place)},,,{at(DAY, '12:00:00')}" for place in range(30, 40)]
    archive.log("message_id,phone_number,biz_id,out_id,sent_at", *mixed)
    bodies: list[Any] = [[sms_report(place)] for place in range(28)]
    bodies += [[sms_report(place, success=False, err_code=f"MK:000{place}")] for place in range(5)]
    bodies += [[sms_report(27, sign_name=f"s{place}")] for place in range(9)]
    bodies += [[sms_report(50 + place, biz_id=f"{place}^1", out_id="order-21")] for place in range(4)]
    bodies += [huawei(place, status) for place in range(30, 40) for status in ("ACCEPTD", "DELIVRD", "UNDELIV")]
    bodies += [huawei(30, total=2, sequence=part) for part in (2, 1, 2)]
    archive.store(*bodies)
    first = archive()
    data = archive.data()
    assert first["by_state"]["unlogged"] == 7
    for seed in range(4):
        random.Random(seed).shuffle(bodies)
        cut = len(bodies) // 2
        archive.store(*bodies[:cut])
        archive.store(*bodies[cut:], name=f"{seed}.jsonl.gz")
        again = archive(refresh="all")
        assert archive.data() == data
        assert {**again["receipts"], "files": 1} == {**first["receipts"], "files": 1}
        (archive.folder / f"receipts/{seed}.jsonl.gz").unlink()


def test_a_receipt_without_a_line_is_unlogged_only_if_its_day_is_known(archive: Archive) -> None:
    archive.aliyun_log(1)
    next_day = DAY + timedelta(days=1)
    archive.store(
        [
            sms_report(0),
            sms_report(1),
            sms_report(2, clock="00:05:00"),
            sms_report(3, DAY - timedelta(days=1)),
            sms_report(4, send_time=None),
            sms_report(5, next_day, clock="00:00:01") if at(next_day, "00:01:00") <= NOW else sms_report(5, OLD_DAY),
        ],
        huawei(7),
    )
    result = archive()
    assert result["by_state"] == {"delivered": 1, "unlogged": 1}
    assert result["edge"] == 1
    counts = result["receipts"]
    assert (counts["unmatched"], counts["other_days"]) == (2, 2)
    row = archive.rows()[1]
    assert (row["phone_number"], row["state"]) == (number(1), "unlogged")
    assert json.loads(row["vendor_extra"])["delivery"] == "delivered"


@pytest.mark.parametrize("merged", [1, 1_000])
def test_receipts_without_a_line_are_counted_by_message_in_whatever_order_they_came(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, merged: int
) -> None:
    monkeypatch.setattr("airflow_provider_dysms.receipts.matching.receipt_index.MAX_MERGED", merged)
    archive.aliyun_log(1)
    earlier, later = ({"send_time": None, "report_time": f"{DAY} {clock}"} for clock in ("12:00:01", "13:00:00"))
    archive.store([sms_report(0), sms_report(1), sms_report(1, **earlier), sms_report(2), sms_report(2, **later)])
    result = archive()
    assert result["by_state"] == {"delivered": 1, "unlogged": 1}
    assert (result["receipts"]["unmatched"], result["receipts"]["other_days"]) == (2, 0)


def test_the_folders_of_the_day_and_the_three_after_it_are_read(archive: Archive) -> None:
    archive.aliyun_log(6, OLD_DAY)
    for offset in range(-1, 5):
        day = OLD_DAY + timedelta(days=offset)
        archive.store([sms_report(offset + 1, OLD_DAY)], name=f"{day:%Y%m%d}/a.jsonl")
    arguments = {"day": OLD_DAY, "receipts": "receipts/{send_date:%Y%m%d}"}
    assert archive(**arguments)["receipts"]["matched"] == 4
    assert archive(**arguments, lookahead_days=0, output_uri=f"file://{archive.folder}/b")["receipts"]["matched"] == 1
    assert archive(**arguments, lookahead_days=4, output_uri=f"file://{archive.folder}/c")["receipts"]["matched"] == 5


def test_bare_bodies_gzip_globs_and_json_bodies_are_read(archive: Archive) -> None:
    archive.log(
        "message_id,phone_number,biz_id",
        *(f",{number(place)},9007{place}^0" for place in range(4)),
        f"{huawei_id(4)},,",
    )
    archive.store([sms_report(0)], bare=True, name="x/bare.txt")
    archive.store([sms_report(1)], name="y/zipped.jsonl.gz")
    path = archive.folder / "receipts/y/parsed.jsonl"
    path.write_text(json.dumps({"body": [sms_report(2)]}) + "\n" + json.dumps({"body": sms_report(3)}) + "\n\n")
    archive.store(huawei(4), bare=True, name="y/form.log")
    assert archive(receipts="receipts/**")["by_state"] == {"delivered": 5}


def test_what_cannot_be_used_is_named_and_counted_and_above_a_share_it_fails(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    archive.aliyun_log(2)
    future = f"{dates.beijing_day(NOW) + timedelta(days=2)} 12:00:00"
    archive.store(
        [sms_report(0)],
        "rubbish " + number(1),
        "[" * 100_000,
        "x" * 3_000_000,
        [sms_report(1, send_time=future, report_time=future)],
        {"phone_number": number(1), "content": "TD"},
        huawei(1),
    )
    result = archive(vendor="aliyun")
    assert result["receipts"]["rejected"] == {
        "future": 1,
        "other_vendor": 1,
        "reply": 1,
        "too_long": 1,
        "unreadable": 2,
    }
    assert result["by_state"] == {"delivered": 1, "waiting": 1}
    logged = "".join(capsys.readouterr())
    assert "a.jsonl:2 is neither JSON" in logged
    assert number(1) not in logged
    with pytest.raises(AirflowFailException, match="more than the share of") as raised:
        archive(vendor="aliyun", max_rejected_receipts=0.05)
    assert number(1) not in str(raised.value)


def test_an_id_with_the_number_of_another_customer_is_not_used(archive: Archive) -> None:
    archive.huawei_log(2)
    archive.store(huawei(0, to="%2B86" + number(9), extend="a"), huawei(1, to="%2B86" + number(1), extend="b"))
    result = archive()
    assert [row["state"] for row in archive.rows()] == ["waiting", "delivered"]
    assert result["receipts"]["other_number"] == 1
    assert archive.rows()[1]["out_id"] == "b"


def test_no_receipts_at_all_are_not_a_day_on_which_everything_waits(archive: Archive) -> None:
    archive.aliyun_log(1)
    with pytest.raises(AirflowException, match="finds no file") as raised:
        archive()
    assert not isinstance(raised.value, AirflowFailException)
    assert not archive.out.exists() or not list(archive.out.rglob("part-*"))


def test_a_damaged_gzip_file_fails_and_is_named(archive: Archive) -> None:
    archive.aliyun_log(1)
    archive.store(*([[sms_report(0)]] * 50), name="a.jsonl.gz")
    path = archive.folder / "receipts/a.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-8] + bytes(8))
    with pytest.raises(AirflowFailException, match=r"a\.jsonl\.gz, which is not a gzip file, or a damaged one"):
        archive()


@pytest.mark.parametrize("size", [5, -20])
def test_a_part_of_a_gzip_file_may_be_whole_at_the_next_attempt(archive: Archive, size: int) -> None:
    archive.aliyun_log(1)
    archive.store(*([[sms_report(0)]] * 50), name="a.jsonl.gz")
    path = archive.folder / "receipts/a.jsonl.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:size])
    with pytest.raises(AirflowException, match=r"a\.jsonl\.gz, of which only a part is there") as raised:
        archive()
    assert not isinstance(raised.value, AirflowFailException)
    path.write_bytes(whole)
    assert archive()["receipts"]["matched"] == 1


def test_a_file_that_is_too_large_fails_and_is_named(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow_provider_dysms.receipts.archive.archive.MAX_FILE_BYTES", 5_000)
    archive.aliyun_log(1)
    archive.store(*([[sms_report(0)]] * 50), name="a.jsonl.gz")
    with pytest.raises(AirflowFailException, match=r"a\.jsonl\.gz, which has more than 5000 bytes, unzipped; split it"):
        archive()


def test_a_million_copies_of_one_receipt_are_a_few_entries(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_dysms.receipts.matching import receipt_index

    inserted = []
    insert = receipt_index.ReceiptIndex._insert
    monkeypatch.setattr(
        receipt_index.ReceiptIndex,
        "_insert",
        lambda self, batch: inserted.append(len(batch)) or insert(self, batch),
    )
    archive.aliyun_log(1)
    archive.store(*([[sms_report(0)] * 1_000] * 60))
    result = archive()
    assert (result["receipts"]["read"], result["receipts"]["duplicates"]) == (60_000, 59_999)
    assert sum(inserted) <= 4


def test_a_refresh_keeps_what_the_archive_no_longer_has(archive: Archive) -> None:
    archive.aliyun_log(3, OLD_DAY)
    archive.store([sms_report(0, OLD_DAY)], name="a.jsonl")
    archive.store([sms_report(1, OLD_DAY, success=False, err_code="MK:0001")], name="b.jsonl")
    first = archive(day=OLD_DAY)
    (archive.folder / "receipts/b.jsonl").unlink()
    archive.store([sms_report(2, OLD_DAY)], name="late.jsonl")
    second = archive(day=OLD_DAY)
    assert first["by_state"] == {"delivered": 1, "expired": 1, "failed": 1}
    assert second["by_state"] == {"delivered": 2, "failed": 1}, "a receipt that comes late is taken"
    with pytest.raises(AirflowException, match=r"1 lines had a receipt .* first of them sent\.csv:3"):
        archive(day=OLD_DAY, refresh="all")
    assert archive(day=OLD_DAY) == second


def test_a_message_without_a_line_is_not_lost_in_silence(archive: Archive, capsys: pytest.CaptureFixture[str]) -> None:
    archive.aliyun_log(1, OLD_DAY)
    archive.store([sms_report(0, OLD_DAY), sms_report(1, OLD_DAY), sms_report(2, OLD_DAY)])
    assert archive(day=OLD_DAY)["by_state"] == {"delivered": 1, "unlogged": 2}
    assert "without a line" not in "".join(capsys.readouterr())
    archive.store([sms_report(0, OLD_DAY), sms_report(1, OLD_DAY)])
    assert archive(day=OLD_DAY)["by_state"] == {"delivered": 1, "unlogged": 1}
    assert "The partition had 2 messages without a line, and has 1 now" in "".join(capsys.readouterr())


def test_a_refresh_writes_a_message_without_a_line_once(archive: Archive) -> None:
    """Its row follows the row of a line of the same number, which is taken over."""
    archive.aliyun_log(1, OLD_DAY)
    archive.store([sms_report(0, OLD_DAY, biz_id="1^1", out_id="unlogged")])
    first = archive(day=OLD_DAY)
    assert first["by_state"] == {"expired": 1, "unlogged": 1}
    assert archive(day=OLD_DAY) == first


def test_hashed_numbers_are_hashed_and_carried_columns_are_carried(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = {"extra": {"privacy_secret": "k" * 32}, "login": "LTAI", "password": "secret", "conn_type": "dysms"}
    monkeypatch.setenv("AIRFLOW_CONN_HASHES", json.dumps(secret))
    archive.log("phone_number,biz_id,campaign", f"{number(0)},90070^0,spring")
    archive.store([sms_report(0), sms_report(1)])
    archive(phone="hashed", dysms_conn_id="hashes", carry=["campaign"])
    assert [row["campaign"] for row in archive.rows()] == ["spring", None]
    assert NUMBER.encode() not in archive.data()


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_other_formats_are_written_as_by_the_audit(archive: Archive, file_format: str) -> None:
    archive.aliyun_log(2)
    archive.store([sms_report(0)])
    archive(file_format=file_format)
    assert archive(file_format=file_format)["by_state"] == {"delivered": 1, "waiting": 1}


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"send_date": "2999-01-01"}, "in the future"),
        ({"push_conn_id": "nowhere"}, "does not exist"),
        ({"receipts_uri": "ftp://x/y"}, "receipts_uri"),
        ({"lookahead_days": 2.5}, "lookahead_days must be a whole number"),
        ({"lookahead_days": 3.0}, "lookahead_days must be a whole number"),
    ],
)
def test_wrong_arguments_write_nothing(archive: Archive, wrong: dict[str, Any], problem: str) -> None:
    archive.huawei_log(1)
    archive.store(huawei(0))
    with pytest.raises(AirflowFailException, match=problem):
        archive(**wrong)
    assert not list(archive.folder.rglob("part-*"))


def test_the_archive_may_not_hold_the_output(archive: Archive) -> None:
    archive.aliyun_log(1)
    archive.store([sms_report(0)])
    with pytest.raises(AirflowFailException, match="output"):
        archive(receipts="**", output_uri=f"file://{archive.folder}/receipts/out")


def test_files_that_are_added_meanwhile_do_not_fail_the_task(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_dysms.receipts.archive import archive as reader

    archive.aliyun_log(2)
    archive.store([sms_report(0)])
    lines_of: Callable[..., Any] = reader.lines_of

    def with_arrival(name: str, *arguments: Any, **named: Any) -> Any:
        archive.store([sms_report(1)], name="new.jsonl")
        return lines_of(name, *arguments, **named)

    monkeypatch.setattr(reader, "lines_of", with_arrival)
    assert archive()["receipts"]["matched"] == 1


@pytest.mark.parametrize("is_cut", [False, True])
def test_a_file_that_grows_while_it_is_read_counts_as_it_was_at_first(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, is_cut: bool
) -> None:
    from airflow_provider_dysms.receipts.archive import archive as reader

    archive.aliyun_log(3)
    archive.store([sms_report(0)], [sms_report(1)])
    path = archive.folder / "receipts/a.jsonl"
    request = json.dumps({"body": json.dumps([sms_report(2)])}) + "\n"
    cut = len(request) // 2 if is_cut else 0
    with path.open("a") as writer:
        writer.write(request[:cut])
    lines_of: Callable[..., Any] = reader.lines_of

    def with_growth(*arguments: Any, **named: Any) -> Any:
        for numbered in lines_of(*arguments, **named):
            if path.stat().st_size < 10_000:
                with path.open("a") as writer:
                    writer.write(request[cut:] + request * 100)
            yield numbered

    with monkeypatch.context() as meddled:
        meddled.setattr(reader, "lines_of", with_growth)
        result = archive()
    assert (result["receipts"]["matched"], result["receipts"]["rejected"]) == (2, {})
    assert archive()["by_state"] == {"delivered": 3}


@pytest.mark.parametrize("content", ["", "\n"])
def test_a_last_line_of_a_file_that_does_not_grow_counts_without_its_end(archive: Archive, content: str) -> None:
    archive.aliyun_log(1)
    archive.store([sms_report(0)])
    path = archive.folder / "receipts/a.jsonl"
    path.write_text(path.read_text().strip() + content)
    assert archive()["receipts"]["matched"] == 1


@pytest.mark.parametrize("change", [lambda path: path.write_text("[]\n"), lambda path: path.unlink()])
def test_a_file_that_shrinks_or_goes_away_while_it_is_read_fails_the_attempt(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], Any]
) -> None:
    from airflow_provider_dysms.receipts.archive import archive as reader

    archive.aliyun_log(1)
    archive.store([sms_report(0)])
    lines_of: Callable[..., Any] = reader.lines_of

    def with_change(*arguments: Any, **named: Any) -> Any:
        yield from lines_of(*arguments, **named)
        change(archive.folder / "receipts/a.jsonl")

    monkeypatch.setattr(reader, "lines_of", with_change)
    with pytest.raises(AirflowException, match="receipts_uri changed while it was read") as raised:
        archive()
    assert not isinstance(raised.value, AirflowFailException)


def test_people_who_were_erased_stay_away_also_from_receipts(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {"conn_type": "dysms", "login": "a", "password": "b", "extra": {"privacy_secret": "k" * 32}}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps(connection))
    archive.aliyun_log(4)  # the last one waits
    archive.store([sms_report(0), sms_report(1), sms_report(2), sms_report(1, biz_id="1^1", out_id="unlogged")])
    archive()
    log = logging.getLogger(__name__)
    erased = erase_people(
        f"file://{archive.out}", [number(1)], mode="remove", privacy_key=PrivacyKey("k" * 32), log=log
    )
    assert erased["rows"] >= 1
    data = archive.data()
    for refresh in ("unsettled", "all"):
        result = archive(refresh=refresh)
        assert archive.data() == data
        assert result["erased"]["rows"] == erased["rows"]
    assert result["erased"]["lines"] == 2  # a line, and a message without a line
    assert number(1) not in {row["phone_number"] for row in archive.rows()}
    DysmsVerifyPartitionOperator(task_id="verify", output_uri=f"file://{archive.out}", send_date=str(DAY)).execute({})


def states(archive: Archive, day: date) -> list[str]:
    return [row["state"] for row in archive.rows(day)]


@pytest.mark.parametrize("days", [-1, 1])
def test_an_out_id_that_another_day_uses_again_finds_no_receipt_of_that_day(archive: Archive, days: int) -> None:
    archive.log("phone_number,out_id,sent_at", f"{number(1)},login,{at(OLD_DAY, '12:00:00')}")
    archive.store([sms_report(1, OLD_DAY + timedelta(days=days), out_id="login")])
    assert archive(day=OLD_DAY)["receipts"]["other_days"] == 1
    assert states(archive, OLD_DAY) == ["expired"]


def test_a_receipt_of_another_day_without_a_biz_id_is_not_that_of_a_line_with_one(archive: Archive) -> None:
    archive.aliyun_log(1, OLD_DAY)
    archive.store([sms_report(0, OLD_DAY + timedelta(days=1), biz_id=None)])
    archive(day=OLD_DAY)
    assert states(archive, OLD_DAY) == ["expired"]


def test_a_second_message_of_an_out_id_that_has_one_line_is_unlogged(archive: Archive) -> None:
    archive.log("phone_number,out_id,sent_at", f"{number(1)},login,{at(OLD_DAY, '12:00:00')}")
    second = sms_report(1, OLD_DAY, clock="15:00:00", out_id="login", biz_id="8^0")
    archive.store([sms_report(1, OLD_DAY, out_id="login"), second])
    archive(day=OLD_DAY)
    assert states(archive, OLD_DAY) == ["delivered", "unlogged"]


def test_messages_of_one_out_id_without_a_biz_id_are_told_apart_by_their_time(archive: Archive) -> None:
    clocks = ("12:00:00", "15:00:00")
    lines = (f"{number(1)},login,{at(OLD_DAY, clock)}" for clock in clocks)
    archive.log("phone_number,out_id,sent_at", *lines)
    reports = [sms_report(1, OLD_DAY, clock=clock, out_id="login", biz_id=None) for clock in clocks]
    archive.store([{**reports[1], "success": False, "err_code": "MK:0001"}, reports[0]])
    archive(day=OLD_DAY)
    assert states(archive, OLD_DAY) == ["delivered", "failed"]


@pytest.mark.parametrize("path", ["//[x", "http://[::1/receipts", "//\u2100/receipts"])
def test_a_path_that_is_not_one_of_an_address_has_a_bad_signature(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PUSH", json.dumps({"conn_type": "http", "login": "ak", "password": "sk"}))
    archive.huawei_log(1)
    signature = f"SDK-HMAC-SHA256 Access=ak, SignedHeaders=x-sdk-date, Signature={'0' * 64}"
    archive.store(huawei(0), path=path, headers={"Authorization": signature, "X-Sdk-Date": "20261120T010203Z"})
    assert archive(push_conn_id="push")["receipts"]["rejected"] == {"bad_signature": 1}


def test_an_unsigned_receipt_of_another_vendor_does_not_pass_for_one_of_huawei(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PUSH", json.dumps({"conn_type": "http", "login": "ak", "password": "sk"}))
    archive.huawei_log(1)
    archive.store({"MessageId": huawei_id(0), "Status": "1"})
    archive(push_conn_id="push")
    assert states(archive, DAY) == ["waiting"]


def two_lines_of_a_number(archive: Archive, day: date) -> list[dict[str, Any]]:
    """Write a log of two messages to one number; return their receipts."""
    clocks = ("12:00:00", "12:01:00")
    lines = (f"{number(0)},{place}^0,order-{place},{at(day, clock)}" for place, clock in enumerate(clocks))
    archive.log("phone_number,biz_id,out_id,sent_at", *lines)
    return [
        sms_report(0, day, clock=clock, biz_id=f"{place}^0", out_id=f"order-{place}")
        for place, clock in enumerate(clocks)
    ]


UNRELATED = sms_report(9, OLD_DAY, send_time=None)


def test_a_refresh_takes_a_late_receipt_although_another_line_of_the_number_has_none(archive: Archive) -> None:
    first, _ = two_lines_of_a_number(archive, OLD_DAY)
    archive.store([UNRELATED])
    archive(day=OLD_DAY)
    archive.store([first])
    archive(day=OLD_DAY)
    assert states(archive, OLD_DAY) == ["delivered", "expired"]


def test_a_refresh_takes_a_delivery_after_a_failure_although_another_line_has_no_receipt(archive: Archive) -> None:
    first, _ = two_lines_of_a_number(archive, OLD_DAY)
    failure = {**first, "success": False, "err_code": "MK:0001"}
    archive.store([failure])
    archive(day=OLD_DAY)
    archive.store([failure, first])
    assert archive(day=OLD_DAY)["receipts"]["conflicts"] == 1
    assert states(archive, OLD_DAY) == ["delivered", "expired"]


@pytest.mark.parametrize("phone", ["plain", "hashed"])
def test_a_refresh_keeps_each_line_that_had_a_receipt(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, phone: str
) -> None:
    connection = {"conn_type": "dysms", "login": "a", "password": "b", "extra": {"privacy_secret": "k" * 32}}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps(connection))
    first, second = two_lines_of_a_number(archive, DAY)
    for receipt in (first, UNRELATED, second):
        archive.store([receipt])
        result = archive(phone=phone)
    assert (result["by_state"], result["receipts"]["rows"]) == ({"delivered": 2}, 2)
    assert len({row["phone_hash" if phone == "hashed" else "phone_number"] for row in archive.rows(DAY)}) == 1


def test_a_line_that_lost_its_receipt_is_named_although_another_of_the_number_got_one(archive: Archive) -> None:
    first, second = two_lines_of_a_number(archive, DAY)
    archive.store([first])
    archive()
    archive.store([second])
    with pytest.raises(AirflowException, match=r"1 lines had a receipt .* sent\.csv:2"):
        archive(refresh="all")


def test_the_manifest_counts_the_rows_that_a_receipt_tells_of(archive: Archive) -> None:
    archive.aliyun_log(3, OLD_DAY)
    archive.store([sms_report(0, OLD_DAY), sms_report(7, OLD_DAY)])
    for _ in range(2):
        result = archive(day=OLD_DAY)
        assert (result["by_state"], result["receipts"]["rows"]) == ({"delivered": 1, "expired": 2, "unlogged": 1}, 2)


def test_a_time_that_cannot_be_that_of_a_line_is_not_taken_from_its_receipt(archive: Archive) -> None:
    archive.aliyun_log(2)
    archive.store([sms_report(0, send_time="1970-01-01 00:00:00"), sms_report(1)])
    result = archive()
    assert (result["by_state"], result["receipts"]["other_time"]) == ({"delivered": 2}, 1)
    assert result["delivery_seconds"]["p95"] < 60
    assert {row["sent_at"][:10] for row in archive.rows()} == {f"{at(DAY, '12:00:00').astimezone(UTC):%Y-%m-%d}"}


def test_one_body_of_many_reports_that_cannot_be_used_counts_once(archive: Archive) -> None:
    archive.aliyun_log(19)
    archive.store(*([sms_report(place)] for place in range(19)), [1] * 9_000)
    result = archive()
    assert result["receipts"]["rejected"] == {"unreadable": 9_000}
    with pytest.raises(AirflowFailException, match=r"1 bodies that cannot be used, of 20, .*jsonl:20 .*") as raised:
        archive(max_rejected_receipts=0.04)
    assert str(raised.value).count("jsonl:20") == 1


def test_receipts_without_a_biz_id_go_to_the_lines_with_one_that_were_sent_then(archive: Archive) -> None:
    clocks = ("10:00:00", "12:00:00")
    lines = (f"{number(0)},{place}^0,login,{at(OLD_DAY, clock)}" for place, clock in enumerate(clocks))
    archive.log("phone_number,biz_id,out_id,sent_at", *lines)
    later = sms_report(0, OLD_DAY, clocks[1], out_id="login", biz_id=None, success=False, err_code="MK:0001")
    archive.store([later])
    archive(day=OLD_DAY)
    assert states(archive, OLD_DAY) == ["expired", "failed"]
    archive.store([later], [sms_report(0, OLD_DAY, clocks[0], out_id="login", biz_id=None)])
    archive(day=OLD_DAY)
    assert states(archive, OLD_DAY) == ["delivered", "failed"]


def test_a_row_stays_when_its_line_looks_like_a_copy_because_a_receipt_was_lost(archive: Archive) -> None:
    archive.log("phone_number,out_id", *[f"{number(0)},login"] * 2)
    reports = [sms_report(0, clock=clock, out_id="login", biz_id=clock) for clock in ("10:00:00", "10:20:00")]
    archive.store(reports)
    archive()
    rows = archive.rows()
    archive.store([*reports[:1], UNRELATED])
    result = archive()
    assert (result["by_state"], result["repeated"]) == ({"delivered": 2}, 0)
    assert archive.rows() == rows


def test_a_part_that_fails_and_then_arrives_is_no_lost_receipt(archive: Archive) -> None:
    archive.huawei_log(1)
    failed, delivered = (
        huawei(0, status, total=2, sequence=1, updateTime=f"{DAY}T04%3A0{minute}%3A00Z")
        for minute, status in enumerate(("UNDELIV", "DELIVRD"))
    )
    archive.store(failed)
    archive(refresh="all")
    assert states(archive, DAY) == ["failed"]
    archive.store(failed, delivered)
    archive(refresh="all")
    assert states(archive, DAY) == ["waiting"]
