"""A refresh of an audit keeps rows that came from receipts, says so, and asks those that nothing was compared with."""

from __future__ import annotations

import logging
import shutil
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException
from support.receipted_day import DAY, ReceiptedDay, final, messages, receipt

from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.retention.erase import erase_people
from airflow_provider_dysms.storage import checkpoints


@pytest.mark.parametrize("share", [0, 0.3])
def test_the_manifest_says_what_came_from_receipts_also_when_a_refresh_takes_the_rows_over(
    day: ReceiptedDay, share: float
) -> None:
    sent = messages(60)
    day.send(sent)
    day.push(*map(receipt, final(sent)[10:]))
    first = day(cross_check=share)["result"]
    assert first["receipts"]["rows"] + first["receipts"]["cross_check"]["compared"] == len(final(sent)) - 10
    again = day(cross_check=share)["result"]
    assert {name: again["receipts"][name] for name in ("rows", "cross_check")} == {
        name: first["receipts"][name] for name in ("rows", "cross_check")
    }
    if share:  # rows that nothing was compared with are asked
        without = day(receipts_uri=None)["result"]
        assert (without["source"], without["receipts"]) == ("receipts and queries", again["receipts"])
    assert "source" not in day(receipts_uri=None, refresh="all")["result"]


def restart(day: ReceiptedDay, sent: list[dict[str, Any]]) -> None:
    """Let the service know messages, and nothing else."""
    day.attempts.emulator.reset()
    day.attempts.emulator.quotas(QuerySendDetails=50_000)
    day.attempts.emulator.add_messages(sent)


def two_per_number(sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give each number two of the messages."""
    return [{**message, "phone_number": f"1390000{place // 2:04}"} for place, message in enumerate(sent)]


@pytest.mark.parametrize(
    "how", [{"receipts_uri": None}, {"receipts_uri": None, "refresh": "all"}, {"cross_check": 0.1}]
)
def test_a_line_that_neither_a_receipt_nor_the_service_knows_is_missing_after_receipts_alone(
    day: ReceiptedDay, how: dict[str, Any]
) -> None:
    sent = messages(40)
    day.send(sent)
    day.push(*map(receipt, final(sent)))
    log = day.attempts.folder / "sent.csv"
    log.write_text(f"{log.read_text('utf-8')}13900009999,1^0,order,{sent[0]['sent_at']}\n", "utf-8")
    day.join()
    assert day(**how)["result"]["by_state"]["missing"] == 1


def test_a_receipt_that_says_expired_is_no_lost_record(day: ReceiptedDay) -> None:
    message = {"phone_number": "6591230000", "message_id": "5" * 18, "sent_at": f"{DAY}T10:00:00+08:00"}
    day.attempts.emulator.add_messages([{**message, "state": "delivered", "international": True}])
    (day.attempts.folder / "sent.csv").write_text(f"message_id\n{'5' * 18}\n", "utf-8")
    assert day(receipts_uri=None)["result"]["by_state"] == {"delivered": 1}
    dated = {"SendDate": message["sent_at"], "ReceiveDate": f"{DAY}T10:00:05+08:00"}
    day.push({"To": "6591230000", "Status": "6", "MessageId": "5" * 18, **dated})
    assert day(cross_check=0, refresh="all")["result"]["by_state"] == {"expired": 1}


def test_rows_that_nothing_was_compared_with_are_asked_as_soon_as_a_sample_is_wanted(day: ReceiptedDay) -> None:
    sent = [{**message, "state": "failed"} for message in messages(20)]
    day.send(sent)
    day.push(*(receipt({**message, "state": "delivered"}) for message in sent))
    assert day(cross_check=0)["result"]["by_state"] == {"delivered": 20}
    with pytest.raises(AirflowException, match=r'of 20 lines .* leave out receipts_uri and set refresh="all"'):
        day(cross_check=1)
    assert day(receipts_uri=None)["result"]["by_state"] == {"failed": 20}


def test_a_retry_without_receipts_takes_none_from_the_attempt_before_it(
    day: ReceiptedDay, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "MAX_QUERIES", 5)
    sent = two_per_number([{**message, "state": "failed"} for message in messages(60)])
    day.send(sent)
    day.push(*(receipt({**message, "state": "delivered"}) for message in sent[::2]))
    day.attempts.refuse_after(20)
    with pytest.raises(AirflowException):
        day(cross_check=0)
    assert day.attempts.checkpoints()
    restart(day, sent)
    assert day(receipts_uri=None)["result"]["by_state"] == {"failed": 60}


def test_lines_that_an_attempt_asked_are_not_counted_as_rows_of_receipts_that_came_since(
    day: ReceiptedDay, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "MAX_QUERIES", 5)
    sent = [{**message, "state": "delivered"} for message in messages(60)]
    day.send(sent)
    day.push(*map(receipt, sent[:5]))
    day.attempts.refuse_after(30)
    with pytest.raises(AirflowException):
        day(cross_check=0)
    restart(day, sent)
    day.push(*map(receipt, sent))
    manifest = day(cross_check=0)
    assert manifest["result"]["receipts"]["rows"] == 60 - manifest["run"]["resumed"] < 60


def test_the_bound_of_differences_is_about_all_lines_that_were_compared(day: ReceiptedDay) -> None:
    sent = [{**message, "state": "delivered"} for message in messages(600)]
    sent[3]["state"] = "waiting"
    day.send(sent)
    day.push(*(receipt({**message, "state": "delivered"}) for message in sent))
    compared = {"compared": 600, "differences": 0, "undecided": 1}
    assert day(cross_check=1)["result"]["receipts"]["cross_check"] == compared
    sent[3]["state"] = "failed"
    restart(day, sent)
    compared = {"compared": 600, "differences": 1, "undecided": 0}
    assert day(cross_check=1)["result"]["receipts"]["cross_check"] == compared


def test_a_line_that_is_asked_again_is_compared_once(day: ReceiptedDay) -> None:
    sent = [{**message, "state": "delivered"} for message in messages(20)]
    for place in range(1, 10, 2):
        sent[place]["state"] = "waiting"
    sent = two_per_number(sent)
    day.send(sent)
    day.push(*map(receipt, final(sent)))
    found = [day(cross_check=1)["result"]["receipts"]["cross_check"] for _ in range(3)]
    assert found == [{"compared": 15, "differences": 0, "undecided": 0}] * 3


@pytest.mark.parametrize("share", [0, 0.3])
def test_rows_stay_rows_of_receipts_when_the_archive_has_lost_its_files(day: ReceiptedDay, share: float) -> None:
    sent = messages(60)
    day.send(sent)
    day.push(*map(receipt, final(sent)))
    first = day(cross_check=share)["result"]["receipts"]
    shutil.rmtree(day.attempts.folder / "receipts")
    (day.attempts.folder / "receipts").mkdir()
    for _ in range(2):
        again = day(cross_check=share, refresh="unsettled")["result"]["receipts"]
        assert (again["rows"], again["cross_check"]) == (first["rows"], first["cross_check"])


def test_receipts_of_people_who_were_erased_have_a_line(day: ReceiptedDay) -> None:
    sent = [{**message, "state": "delivered"} for message in messages(10)]
    day.send(sent)
    day.push(*map(receipt, sent))
    day(cross_check=0)
    erase_people(
        f"file://{day.attempts.out}",
        [sent[3]["phone_number"]],
        mode="remove",
        privacy_key=PrivacyKey("k" * 32),
        log=logging.getLogger(__name__),
    )
    result = day(cross_check=1, refresh="all")["result"]
    assert (result["rows"], result["receipts"]["without_line"]) == (9, 0)
