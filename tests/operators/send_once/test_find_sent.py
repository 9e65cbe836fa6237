"""The service is asked for a send by number and OutId, until it shows it or certainly refuses the request."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.exceptions import DysmsTaskFailed
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.operators.send_once import find_sent as find_sent_module
from airflow_provider_dysms.operators.send_once.find_sent import SendSearch, find_sent
from airflow_provider_dysms.operators.send_once.journal import InDoubt
from airflow_provider_dysms.operators.send_once.out_ids import OutId

NUMBERS = ["139" + "24680135", "139" + "13579246"]
TEMPLATE = "SMS_154950909"

#: Seconds for which the emulator takes a signature here.
LIFETIME = 6


def search(in_doubt: InDoubt, out_id: str, settle: float) -> Any:
    """Return what the service shows of a send to the numbers."""
    found = DysmsHook().run(
        lambda client: find_sent(client, NUMBERS, OutId(out_id), in_doubt, settle, lifetime=LIFETIME)
    )
    return found.found


def test_a_send_of_yesterday_is_found_under_its_day(sends: Emulator) -> None:
    midnight = dates.day_start(dates.beijing_day(datetime.now(UTC)))
    sent_at = midnight - timedelta(seconds=2)
    sends.add_message(phone_number=NUMBERS[1], sent_at=sent_at.isoformat(), out_id="mine", template_code=TEMPLATE)

    def found(out_id: str, since: datetime) -> Any:
        return search(InDoubt(since, since, out_id, is_complete=True), out_id, 0)

    day, record = found("mine", midnight - timedelta(seconds=3))
    assert (day, record.sent_at) == (dates.beijing_day(sent_at), sent_at)
    assert found("mine", midnight + timedelta(seconds=3)) is not None
    assert found("mine", midnight + timedelta(hours=3)) is None
    assert found("theirs", midnight) is None


def test_a_send_that_stood_in_line_for_longer_than_it_takes_to_show_is_found(sends: Emulator) -> None:
    sends.configure(detail_visible_after=3)
    DysmsHook().run(lambda client: client.send_sms(NUMBERS, "示例", TEMPLATE, {"code": "1"}, "mine"))
    began = datetime.now(UTC) - timedelta(minutes=5)
    in_doubt = InDoubt(began, began, "mine", is_complete=True, signed_by=datetime.now(UTC))
    assert search(in_doubt, "mine", 60) is not None


def test_a_first_attempt_that_the_journal_does_not_have_is_found_when_its_records_come_in_one_by_one(
    sends: Emulator,
) -> None:
    def add(number: str) -> None:
        sends.add_message(phone_number=number, sent_at=datetime.now(UTC).isoformat(), out_id="mine")

    in_doubt = InDoubt(datetime.now(UTC), datetime.now(UTC), None, is_complete=False)
    add(NUMBERS[0])
    late = threading.Timer(1.5, add, NUMBERS[1:])
    late.start()
    assert search(in_doubt, "mine", 60) is not None
    late.join()


def test_nothing_found_is_final_only_when_the_request_is_refused(sends: Emulator) -> None:
    def find(signed_at: datetime) -> SendSearch:
        in_doubt = InDoubt(signed_at, signed_at, "mine", is_complete=True)
        return DysmsHook().run(lambda client: find_sent(client, NUMBERS, OutId("mine"), in_doubt, 0, lifetime=LIFETIME))

    now = datetime.now(UTC)
    assert find(now - timedelta(seconds=LIFETIME + 2)) == SendSearch()
    early = find(now)
    assert early.found is None
    assert early.again_at == now + timedelta(seconds=LIFETIME)


def test_a_day_that_the_service_is_about_to_forget_is_not_asked_for(
    sends: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (dates, find_sent_module):  # as within fifteen minutes of midnight
        monkeypatch.setattr(module, "MAX_CLOCK_SKEW", dates.DAY)
    now = datetime.now(UTC)
    with pytest.raises(DysmsTaskFailed, match="Start a new run to send again"):
        search(InDoubt(now - timedelta(days=40), now, "mine", is_complete=True), "mine", 0)


def test_a_record_under_a_foreign_id_is_not_taken_for_nothing(sends: Emulator) -> None:
    now = datetime.now(UTC)
    for number in NUMBERS:
        sends.add_message(phone_number=number, sent_at=now.isoformat(), out_id="theirs", template_code=TEMPLATE)
    in_doubt = InDoubt(now, now, None, is_complete=False)
    with pytest.raises(DysmsTaskFailed, match="under another OutId"):
        DysmsHook().run(
            lambda client: find_sent(
                client, NUMBERS, OutId("mine"), in_doubt, 0, lifetime=LIFETIME, template_code=TEMPLATE
            )
        )


def test_numbers_without_a_record_are_named_by_their_positions(sends: Emulator) -> None:
    now = datetime.now(UTC)
    sends.add_message(phone_number=NUMBERS[0], sent_at=now.isoformat(), out_id="mine")
    in_doubt = InDoubt(now, now, None, is_complete=False)
    with pytest.raises(DysmsTaskFailed, match=r"for 1 of the 2 numbers \(number\(s\) 2 of the list\)") as caught:
        search(in_doubt, "mine", 1)
    assert NUMBERS[1] not in str(caught.value)
