"""The emulator's data: the clock, access keys, and the indexes over messages."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest

from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.state import (
    AccessKey,
    Clock,
    Message,
    Messages,
    beijing_day_of,
    beijing_text,
    day_number,
    first_visible_at,
    parse_instant,
    utc_text,
)

NUMBER = "13900000000"
#: Beijing midnight of 2026-01-05.
MIDNIGHT = 1_767_542_400.0
DAY = day_number(date(2026, 1, 5))


def message(**fields: Any) -> Message:
    values = {"account": "main", "phone_number": NUMBER, "international": False, "outcome": "delivered"}
    return Message(**{"sent_at": MIDNIGHT, **values, **fields})


def test_a_day_begins_at_beijing_midnight() -> None:
    assert [beijing_day_of(MIDNIGHT - 1), beijing_day_of(MIDNIGHT)] == [DAY - 1, DAY]
    assert (beijing_text(MIDNIGHT), utc_text(MIDNIGHT)) == ("2026-01-05 00:00:00", "2026-01-04T16:00:00Z")


@pytest.mark.parametrize("value", [MIDNIGHT, int(MIDNIGHT), "2026-01-05T00:00:00+08:00", "2026-01-04T16:00:00Z"])
def test_an_instant_is_seconds_or_iso_8601(value: object) -> None:
    assert parse_instant(value, "sent_at") == MIDNIGHT


@pytest.mark.parametrize("value", ["2026-01-05T00:00:00", "yesterday", True, None, [1]])
def test_any_other_instant_is_refused_by_name(value: object) -> None:
    with pytest.raises(InputError, match="sent_at must be ISO 8601 with a time zone"):
        parse_instant(value, "sent_at")


def test_a_frozen_clock_only_moves_when_it_is_told_to() -> None:
    clock = Clock()
    assert abs(clock.now() - time.time()) < 60
    clock.set(MIDNIGHT, frozen=True)
    assert clock.now() == clock.now() == MIDNIGHT
    clock.advance(-1.5)
    assert clock.now() == MIDNIGHT - 1.5
    clock.set(MIDNIGHT)
    assert 0 <= clock.now() - MIDNIGHT < 60


def test_an_access_key_needs_a_known_site_and_does_not_show_its_secrets() -> None:
    key = AccessKey(access_key_id="id", access_key_secret="hidden-1", security_token="hidden-2")
    assert "hidden" not in repr(key)
    with pytest.raises(InputError, match="site must be one of mainland, international"):
        AccessKey(access_key_id="id", access_key_secret="s", site="moon")


def test_a_message_waits_until_it_settles() -> None:
    later = message(outcome="failed", settles_at=MIDNIGHT + 10)
    assert [later.state_at(MIDNIGHT + seconds) for seconds in (0, 9.9, 10)] == ["waiting", "waiting", "failed"]
    assert message(content="code {n}", code="123456").text == "code 123456"
    assert first_visible_at(message(visible_at=None), 5) == MIDNIGHT + 5
    assert first_visible_at(message(visible_at=MIDNIGHT + 1), 5) == MIDNIGHT + 1


def test_statistics_do_not_count_blacklisted_messages() -> None:
    codes = [None, "MOBILE_NOT_ON_SERVICE", "MOBILE_IN_BLACK", "SC:0012", "SC:0017"]
    assert [message(error_code=code).is_billable for code in codes] == [True, True, False, False, True]


def test_messages_are_found_by_number_day_and_id_and_can_be_removed() -> None:
    messages = Messages()
    second, first, third = (message(sent_at=MIDNIGHT + seconds, message_id=f"{seconds}") for seconds in (2, 1, 3))
    other = message(account="other")
    messages.add([second, third, first, other])
    assert messages.for_number("main", NUMBER, DAY) == [first, second, third]
    assert messages.for_number("main", NUMBER, DAY - 1) == []
    assert set(map(id, messages.for_day("main", DAY))) == {id(first), id(second), id(third)}
    assert messages.find_by_id("main", "2") is second
    assert messages.find_by_id("other", "2") is None
    assert (len(messages), set(map(id, messages))) == (4, {id(each) for each in (first, second, third, other)})
    for removed in (second, first, third):
        messages.remove(removed)
    assert messages.for_number("main", NUMBER, DAY) == []
    assert messages.find_by_id("main", "2") is None
    assert len(messages) == 1


def test_the_first_message_that_counts_decides_the_site_of_its_account() -> None:
    messages = Messages()
    messages.add([message(site="international")], decides_site=False)
    assert messages.site_of("main") is None
    messages.add([message(), message(site="mainland"), message(site="international")])
    assert messages.site_of("main") == "mainland"


def test_all_waiting_messages_can_settle_at_once() -> None:
    messages = Messages()
    later, never = (message(outcome=outcome, settles_at=MIDNIGHT + 60) for outcome in ("delivered", "waiting"))
    messages.add([later, never, message()])
    assert messages.settle_all(MIDNIGHT + 1) == 2
    assert (later.state_at(MIDNIGHT + 1), later.received_at, never.received_at) == ("delivered", MIDNIGHT + 1, None)
    assert messages.settle_all(MIDNIGHT + 1) == 0
