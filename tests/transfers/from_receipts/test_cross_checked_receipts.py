"""The audit takes lines from their receipts, asks the rest and a sample, and refuses receipts that are forged."""

from __future__ import annotations

import random
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from support.receipted_day import DAY, ReceiptedDay, final, messages, receipt

from airflow_provider_dysms.operators.dysms import DysmsDeliveryReportOperator


@pytest.mark.parametrize("biz_id", [True, False], ids=["biz_id", "out_id"])
def test_receipted_lines_are_taken_and_the_others_asked(day: ReceiptedDay, biz_id: bool) -> None:
    sent = messages(300, biz_id=biz_id)
    day.send(sent, biz_id=biz_id)
    lost = 9
    day.push(*map(receipt, final(sent)[lost:]))
    manifest = day(cross_check=0)
    waiting = 300 - len(final(sent))
    assert day.attempts.asked() == waiting + lost
    result = manifest["result"]
    assert (result["receipts"]["rows"], result["asked"]) == (300 - waiting - lost, waiting + lost)
    assert result["source"] == "receipts and queries"
    assert result["receipts"]["cross_check"] == {"compared": 0, "differences": 0, "undecided": 0}
    assert result["receipts"]["unlogged_judged"] is False
    with_receipts = day.attempts.rows()
    day.attempts.out = day.attempts.folder / "asked"
    manifest = day.attempts(statistics="skip")
    alone = day.attempts.rows()
    keys = ("phone_number", "biz_id", "out_id", "state", "sent_at", "segments", "is_final")
    if not biz_id:
        keys = tuple(key for key in keys if key != "segments")
    with_text = [row | {"segments": 1} for row in alone]
    assert [[row[key] for key in keys] for row in with_receipts] == [[row[key] for key in keys] for row in with_text]
    assert result["by_state"] == manifest["result"]["by_state"]


def test_only_the_lines_of_a_number_that_have_no_receipt_are_asked(day: ReceiptedDay) -> None:
    sent = messages(6)
    for message in sent:
        message["phone_number"] = "13900000000"
    day.send(sent)
    day.push(*map(receipt, sent[:4]))
    assert day(cross_check=0)["result"]["by_state"] == {"delivered": 5, "failed": 1}
    assert day.attempts.asked() == 2
    assert [row["biz_id"] for row in day.attempts.rows()] == [message["biz_id"] for message in sent]


def test_a_sample_is_asked_too_and_is_the_same_in_every_run(day: ReceiptedDay) -> None:
    sent = messages(400)
    day.send(sent)
    day.push(*map(receipt, final(sent)))
    waiting = 400 - len(final(sent))
    first = day(cross_check=0.1)["result"]
    compared = first["receipts"]["cross_check"]["compared"]
    assert 15 < compared < 70
    assert first["receipts"]["cross_check"] == {"compared": compared, "differences": 0, "undecided": 0}
    assert day.attempts.asked() == waiting + compared
    data = day.attempts.data()
    again = day(cross_check=0.1, refresh="all")["result"]
    assert again["receipts"] == first["receipts"]
    assert day.attempts.data() == data


def test_forged_receipts_fail_the_task_and_nothing_is_written(day: ReceiptedDay) -> None:
    sent = messages(400)
    for message in sent:
        message["state"] = "failed" if message["state"] == "delivered" else message["state"]
    day.send(sent)
    day.push(*(receipt({**message, "state": "delivered"}) for message in sent))
    with pytest.raises(AirflowException, match=r"of \d+ lines whose receipts were compared .* sent\.csv:\d+") as raised:
        day(cross_check=0.05)
    assert not isinstance(raised.value, AirflowFailException)
    assert not list(day.attempts.out.rglob("part-*"))
    assert day(cross_check=0.05, max_cross_check_differences=1)["result"]["receipts"]["cross_check"]["differences"] > 5


def test_the_report_says_how_many_states_come_from_receipts_and_what_was_compared(day: ReceiptedDay) -> None:
    sent = messages(200)
    day.send(sent)
    day.push(*map(receipt, final(sent)))
    receipts = day(cross_check=0.1)["result"]["receipts"]
    folder = day.attempts.folder
    arguments = {"output_uri": f"file://{day.attempts.out}", "report_uri": f"file://{folder}/day.html"}
    report = DysmsDeliveryReportOperator(task_id="report", send_date=DAY, **arguments)
    assert report.execute({})["missing"] == 0
    compared = receipts["cross_check"]["compared"]
    assert compared > 5
    page = (folder / "day.html").read_text("utf-8")
    assert (
        f"The states of {receipts['rows']} messages come from receipts. {compared} others with receipts were "
        "cross-checked with the service: 0 differ." in page
    )
    assert "From receipts alone" not in page
    day(receipts_uri=None, refresh="all")
    report.execute({})
    assert "cross-checked" not in (folder / "day.html").read_text("utf-8")


@pytest.mark.parametrize("receipts_first", [False, True])
def test_an_audit_takes_over_no_row_that_comes_from_receipts_alone(day: ReceiptedDay, receipts_first: bool) -> None:
    sent = messages(60)
    day.send(sent)
    day.push(*(receipt({**message, "state": "delivered"}) for message in sent))
    assert day.join()["result"]["by_state"] == {"delivered": 60}
    how = {"cross_check": 1, "max_cross_check_differences": 1} if receipts_first else {"receipts_uri": None}
    assert day(**how)["run"]["taken_over"] == 0
    truth = {message["phone_number"]: message["state"] for message in sent}
    assert {row["phone_number"]: row["state"] for row in day.attempts.rows()} == truth
    assert day(**how)["run"]["taken_over"] == len(final(sent))


def test_receipts_that_contradict_each_other_are_asked(day: ReceiptedDay) -> None:
    sent = messages(100)
    day.send(sent)
    contradicted = final(sent)[:5]
    wrong = [
        receipt({**each, "state": "failed" if each["state"] == "delivered" else "delivered"}) for each in contradicted
    ]
    receipts = [*map(receipt, final(sent)), *wrong]
    random.Random(1).shuffle(receipts)
    day.push(*receipts)
    result = day(cross_check=0)["result"]
    assert day.attempts.asked() == 100 - len(final(sent)) + 5
    assert result["receipts"]["conflicts"] == 5
    truth = {message["phone_number"]: message["state"] for message in sent}
    assert {row["phone_number"]: row["state"] for row in day.attempts.rows()} == truth


def test_a_retry_compares_what_the_attempt_before_it_asked(day: ReceiptedDay, hasty: None) -> None:
    sent = messages(60)
    for message in sent:
        message["state"] = "failed"
    day.send(sent)
    day.push(*(receipt({**message, "state": "delivered"}) for message in sent))
    day.attempts.refuse_after(30)
    with pytest.raises(AirflowFailException):
        day(cross_check=1)
    day.attempts.emulator.reset()
    day.attempts.emulator.quotas(QuerySendDetails=50_000)
    day.attempts.emulator.add_messages(sent)
    result = day(cross_check=1, max_cross_check_differences=1)["result"]
    assert result["receipts"]["cross_check"] == {"compared": 60, "differences": 60, "undecided": 0}


def test_a_sample_needs_a_privacy_secret(day: ReceiptedDay, monkeypatch: pytest.MonkeyPatch) -> None:
    day.send(messages(1))
    day.push(receipt(messages(1)[0]))
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", day.attempts.connection(privacy_secret=None))
    with pytest.raises(AirflowFailException, match="privacy_secret"):
        day()
    assert day.attempts.asked() == 0
    assert day(cross_check=0)["result"]["by_state"] == {"failed": 1}


def test_an_archive_without_a_file_has_every_line_asked(day: ReceiptedDay) -> None:
    day.send(messages(5))
    (day.attempts.folder / "receipts").mkdir()
    assert day()["result"]["receipts"]["rows"] == 0
    assert day.attempts.asked() == 5


@pytest.mark.parametrize("wrong", [{"content": "keep"}, {"sent": None, "phone_numbers": ["13900000000"]}])
def test_receipts_have_no_text_and_no_list_of_numbers(day: ReceiptedDay, wrong: dict[str, Any]) -> None:
    day.send(messages(1))
    with pytest.raises(AirflowException, match="receipts_uri"):
        day(**wrong)


def test_an_audit_by_time_alone_asks_lines_that_have_receipts(day: ReceiptedDay) -> None:
    sent = [{**message, "state": "delivered"} for message in messages(4)]
    day.send(sent)
    day.push(*(receipt(message, biz_id="1^0", success=False) for message in sent))
    assert day(cross_check=0, match="sent_at")["result"]["by_state"] == {"delivered": 4}
    assert day.attempts.asked() == 4


def test_a_receipt_of_the_same_out_id_at_another_time_spares_no_question(day: ReceiptedDay) -> None:
    first, second = messages(2)
    first |= {"state": "failed", "sent_at": f"{DAY}T08:00:00+08:00"}
    second |= {"state": "delivered", "sent_at": f"{DAY}T20:00:00+08:00"}
    both = [{**message, "phone_number": "13900000000", "out_id": "campaign"} for message in (first, second)]
    day.send(both)
    log = f"phone_number,out_id,sent_at\n13900000000,campaign,{first['sent_at']}\n"
    (day.attempts.folder / "sent.csv").write_text(log, "utf-8")
    day.push(receipt(both[1]))
    day(cross_check=1)
    assert [row["state"] for row in day.attempts.rows()] == ["failed", "unlogged"]


def test_a_receipt_that_was_sent_long_before_its_line_is_not_believed(day: ReceiptedDay) -> None:
    sent = [{**message, "state": "failed"} for message in messages(3)]
    day.send(sent)
    day.push(receipt({**sent[0], "state": "delivered"}, send_time="2025-01-01 00:00:00"), *map(receipt, sent[1:]))
    assert day(cross_check=0)["result"]["receipts"]["other_time"] == 1
    assert day.attempts.asked() == 1
    assert [row["state"] for row in day.attempts.rows()] == ["failed"] * 3


def test_the_form_of_another_vendor_says_nothing_about_a_message_of_this_one(day: ReceiptedDay) -> None:
    message = {"phone_number": "6591230000", "message_id": "5" * 18, "sent_at": f"{DAY}T10:00:00+08:00"}
    day.attempts.emulator.add_messages([{**message, "state": "failed", "international": True}])
    (day.attempts.folder / "sent.csv").write_text(f"message_id\n{'5' * 18}\n", "utf-8")
    day.push({"smsMsgId": "5" * 18, "status": "DELIVRD", "updateTime": f"{DAY}T02:00:05Z"})
    assert day(cross_check=0)["result"]["by_state"] == {"failed": 1}


def test_an_audit_of_messages_of_huawei_names_the_operator_that_can_do_it(day: ReceiptedDay) -> None:
    ids = [f"11aa22bb-0000-4000-8000-{place:012}_{place}" for place in range(5)]
    (day.attempts.folder / "sent.csv").write_text("\n".join(["message_id", *ids, ""]), "utf-8")
    day.push(*({"smsMsgId": each, "status": "DELIVRD", "updateTime": f"{DAY}T02:00:05Z"} for each in ids))
    with pytest.raises(AirflowException, match=r"5 of the 5 message ids .* use DysmsReceiptsToObjectStorageOperator"):
        day(cross_check=0)


def test_a_lost_receipt_does_not_make_a_copy_of_a_line(day: ReceiptedDay) -> None:
    both = [{**message, "phone_number": "13900000000", "out_id": "campaign"} for message in messages(2)]
    for message, clock in zip(both, ("10:00:00", "11:00:00"), strict=True):
        message["sent_at"] = f"{DAY}T{clock}+08:00"
    day.send(both)
    (day.attempts.folder / "sent.csv").write_text("phone_number,out_id\n" + "13900000000,campaign\n" * 2, "utf-8")
    day.push(receipt(both[0]))
    result = day(cross_check=0)["result"]
    assert (result["by_state"], result["repeated"]) == ({"delivered": 1, "failed": 1}, 0)


def test_without_a_sample_nothing_is_compared(day: ReceiptedDay) -> None:
    first, second = [{**message, "phone_number": "13900000000"} for message in messages(2, biz_id=False)]
    day.send([first, second], biz_id=False)
    day.push(receipt({**first, "state": "delivered" if first["state"] == "failed" else "failed"}))
    assert day(cross_check=0)["result"]["receipts"]["cross_check"]["compared"] == 0
