"""Which messages the arguments name: values in, watched messages or an error out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.errors import DysmsInputError, DysmsWindowError
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.sensors.message_arguments import watched_by_id, watched_by_number, watched_by_request
from airflow_provider_dysms.waits.targets import WatchedMessage, WatchedSendDetail

NUMBERS = ["139" + "00001111", "139" + "00002222"]
NOW = datetime.now(UTC)
TODAY = dates.beijing_day(NOW)
KEY = PrivacyKey("a secret of these tests")
SENT: dict[str, Any] = {
    "kind": "sms",
    "biz_id": "1^0",
    "out_id": "mine",
    "send_date": str(TODAY),
    "sent_at": "2026-11-28T04:00:00Z",
    "token": KEY.seal(json.dumps(NUMBERS).encode()),
}


def test_ids_become_international_messages() -> None:
    assert watched_by_id(["1", "2"]) == [WatchedMessage("1"), WatchedMessage("2")]


def test_each_number_of_a_request_becomes_a_message() -> None:
    sent_at = datetime(2026, 11, 28, 4, tzinfo=UTC)
    assert watched_by_request([SENT], KEY, NOW) == [
        WatchedSendDetail(number, TODAY, "1^0", "mine", sent_at) for number in NUMBERS
    ]


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"token": "x"}, "has a wrong token"),
        ({"token": KEY.seal(b'{"a": 1}')}, "has a wrong token: it does not hold the numbers of a send"),
        ({"token": KEY.seal(b"no json")}, "has a wrong token: it does not hold the numbers of a send"),
        ({"send_date": "soon"}, "has a wrong send_date"),
        ({"sent_at": "soon"}, "has a wrong sent_at: it is not a time"),
        ({"biz_id": "a b"}, "has a wrong biz_id"),
        ({"out_id": "none"}, "has a wrong out_id: it is 'none', a word for a missing value"),
        ({"biz_id": None, "out_id": ""}, "has neither biz_id nor out_id"),
    ],
)
def test_what_is_wrong_with_a_request_is_named_by_its_place(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(DysmsInputError) as raised:
        watched_by_request([SENT, {**SENT, **changed}], KEY, NOW)
    assert str(raised.value).startswith(f"sent (number 2 of the list) {text}")
    assert NUMBERS[0] not in str(raised.value)


def by_number(**changed: Any) -> Any:
    arguments = {"phone_numbers": NUMBERS, "biz_id": "1^0", "out_id": None, "send_date": None, "started_at": NOW}
    return watched_by_number(**arguments | changed)


def test_numbers_belong_to_one_request_and_by_default_to_the_day_of_the_wait() -> None:
    assert by_number() == [WatchedSendDetail(number, TODAY, "1^0", None) for number in NUMBERS]
    yesterday = TODAY - timedelta(days=1)
    assert by_number(biz_id=None, out_id="mine", send_date=yesterday)[1] == WatchedSendDetail(
        NUMBERS[1], yesterday, None, "mine"
    )


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"biz_id": None}, "phone_numbers needs biz_id or out_id"),
        ({"biz_id": "a b"}, "biz_id "),
        ({"out_id": " NONE "}, "out_id is ' NONE ', a word for a missing value"),
        ({"out_id": "x" * 256}, "out_id "),
        ({"send_date": "soon"}, "send_date is not a date"),
        ({"phone_numbers": []}, "phone_numbers "),
        ({"phone_numbers": ["12"]}, "phone_numbers "),
    ],
)
def test_a_wrong_argument_is_named(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(DysmsInputError) as raised:
        by_number(**changed)
    assert str(raised.value).startswith(text)


@pytest.mark.parametrize("days", [-31, 2])
def test_a_day_that_the_service_does_not_remember_is_refused(days: int) -> None:
    with pytest.raises(DysmsWindowError):
        by_number(send_date=TODAY + timedelta(days=days))
    with pytest.raises(DysmsWindowError):
        watched_by_request([{**SENT, "send_date": str(TODAY + timedelta(days=days))}], KEY, NOW)
