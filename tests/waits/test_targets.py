"""A watched message is found by what is known of it, near midnight too, and another message is never taken for it."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.client import DysmsClient
from airflow_provider_dysms.api.settings import Settings
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.errors import DysmsPermissionError, DysmsWindowError
from airflow_provider_dysms.model.reports import Report
from airflow_provider_dysms.waits.targets import Watched, WatchedMessage, WatchedSendDetail, dump, load

NUMBER = "139" + "00001111"
ABROAD = "852" + "60001111"
TODAY = dates.beijing_day(datetime.now(UTC))
DAY = TODAY - timedelta(days=2)
BIZ_ID = "577000359447064546^0"


def ask(emulator: Emulator, watched: Watched) -> Report | None:
    settings = Settings(
        credentials=Credentials(emulator.access_key_id, emulator.access_key_secret),
        host=emulator.host,
        port=emulator.port,
        quota_share=1.0,
    )

    async def session() -> Report | None:
        async with DysmsClient(settings) as client:
            return await watched.query(client)

    return asyncio.run(session())


def beijing(day: date, hour: int, minute: int, second: int) -> datetime:
    return dates.day_start(day) + timedelta(hours=hour, minutes=minute, seconds=second)


def add(emulator: Emulator, **message: Any) -> None:
    given = {"phone_number": NUMBER, "sent_at": beijing(DAY, 12, 0, 0).isoformat(), "biz_id": BIZ_ID}
    emulator.add_message(**given | message)


def detail(**what: Any) -> WatchedSendDetail:
    return WatchedSendDetail(**{"phone_number": NUMBER, "send_date": DAY, "biz_id": BIZ_ID, "out_id": None} | what)


def test_an_international_message_is_found_by_its_id(emulator: Emulator) -> None:
    emulator.add_message(phone_number=ABROAD, message_id="0001", state="failed", error_code="MK:0001")
    found = ask(emulator, WatchedMessage("0001"))
    assert found is not None
    assert (found.state, found.delivery.category) == (State.FAILED, "invalid_number")
    assert ask(emulator, WatchedMessage("0002")) is None


@pytest.mark.parametrize("handle", [{"biz_id": BIZ_ID}, {"biz_id": None, "out_id": "order-7"}, {"out_id": "order-7"}])
def test_a_mainland_message_is_found_by_its_number_and_request(emulator: Emulator, handle: dict[str, Any]) -> None:
    add(emulator, out_id="order-7", state="failed", error_code="MB:1077")
    add(emulator, out_id="order-8", biz_id="1^0", state="delivered")
    found = ask(emulator, detail(**handle))
    assert found is not None
    assert (found.state, found.error_code) == (State.FAILED, "MB:1077")


@pytest.mark.parametrize("handle", [{"biz_id": "1^0"}, {"biz_id": None, "out_id": "order"}, {"out_id": "order"}])
def test_another_message_to_the_number_is_not_taken_for_it(emulator: Emulator, handle: dict[str, Any]) -> None:
    add(emulator, out_id="order-7")
    assert ask(emulator, detail(**handle)) is None


def test_a_message_accepted_before_midnight_and_dated_after_it_is_found(emulator: Emulator) -> None:
    add(emulator, sent_at=beijing(DAY + timedelta(days=1), 0, 0, 1).isoformat())
    assert ask(emulator, detail()) is not None


def test_a_message_that_a_fast_clock_took_for_the_next_day_is_found(emulator: Emulator) -> None:
    add(emulator, sent_at=beijing(DAY - timedelta(days=1), 23, 59, 58).isoformat())
    assert ask(emulator, detail()) is not None


def test_a_message_two_days_off_is_not_looked_for(emulator: Emulator) -> None:
    add(emulator, sent_at=beijing(DAY - timedelta(days=2), 23, 59, 58).isoformat())
    assert ask(emulator, detail()) is None
    assert emulator.requests()["QuerySendDetails"]["requests"] == 3


def test_what_is_found_on_its_day_costs_one_request_and_tomorrow_is_never_asked(emulator: Emulator) -> None:
    add(emulator)
    assert ask(emulator, detail()) is not None
    assert emulator.requests()["QuerySendDetails"]["requests"] == 1
    assert ask(emulator, detail(send_date=TODAY)) is None
    asked = {call["parameters"]["SendDate"] for call in emulator.calls()}
    assert dates.wire_day(TODAY + timedelta(days=1)) not in asked


def test_a_day_that_the_service_has_forgotten_is_an_error_and_not_nothing(emulator: Emulator) -> None:
    with pytest.raises(DysmsWindowError):
        ask(emulator, detail(send_date=TODAY - timedelta(days=31)))


def test_of_several_records_that_fit_the_newest_is_taken_and_that_is_said(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    add(emulator, state="failed")
    add(emulator, state="delivered", sent_at=beijing(DAY, 12, 5, 0).isoformat())
    with caplog.at_level(logging.WARNING):
        found = ask(emulator, detail())
    assert found is not None
    assert found.state is State.DELIVERED
    assert "2 records match" in caplog.text
    assert NUMBER not in caplog.text


def test_other_errors_are_the_callers(emulator: Emulator) -> None:
    emulator.fault("business", action="QueryMessage", code="RAM_PERMISSION_DENY")
    with pytest.raises(DysmsPermissionError):
        ask(emulator, WatchedMessage("0001"))


def test_watched_messages_come_back_as_they_were_and_print_no_number() -> None:
    many = [detail(), detail(out_id="order-7", biz_id=None)]
    assert load(dump(many)) == many
    assert NUMBER not in repr(many)


def test_an_id_that_its_sender_gave_before_is_not_taken_for_this_time(emulator: Emulator) -> None:
    add(emulator, out_id="probe", sent_at=beijing(DAY - timedelta(days=1), 12, 0, 0).isoformat())
    assert ask(emulator, detail(biz_id=None, out_id="probe")) is None
    add(emulator, out_id="probe", sent_at=beijing(DAY, 9, 0, 0).isoformat(), state="delivered")
    later = detail(biz_id=None, out_id="probe", sent_at=beijing(DAY, 12, 0, 0))
    assert ask(emulator, later) is None
    add(emulator, out_id="probe", state="failed")
    found = ask(emulator, later)
    assert found is not None
    assert found.state is State.FAILED


def test_a_day_that_a_senders_clock_made_of_today_is_no_error(emulator: Emulator) -> None:
    add(emulator, sent_at=datetime.now(UTC).isoformat())
    assert ask(emulator, detail(send_date=TODAY + timedelta(days=1))) is not None
    with pytest.raises(DysmsWindowError):
        ask(emulator, detail(send_date=TODAY + timedelta(days=2)))
