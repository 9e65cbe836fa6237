"""Messages from and to JSON: defaults, states, and refused fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_dysms.emulator.errors import InputError

if TYPE_CHECKING:
    pass


def test_a_message_has_the_given_fields_and_defaults(emulator: Any) -> None:
    sent_at = datetime(2026, 1, 5, 4, tzinfo=UTC)
    message = emulator.add_message(phone_number="+86 139-0000-0000", sent_at=sent_at, state="failed", out_id="o")
    assert message["phone_number"] == "13900000000"
    assert (message["state"], message["error_code"], message["out_id"]) == ("failed", "MOBILE_NOT_ON_SERVICE", "o")
    assert message["sent_at"] == "2026-01-05T04:00:00Z"
    assert message["biz_id"].endswith("^0")
    assert message["message_id"] is None
    assert emulator.add_message(phone_number="0085261234567")["message_id"]
    assert [each["phone_number"] for each in emulator.messages()] == ["13900000000", "85261234567"]


def test_a_message_can_settle_later(emulator: Any) -> None:
    settles_at = emulator.now() + timedelta(seconds=60)
    assert emulator.add_message(phone_number="13900000000", settles_at=settles_at)["state"] == "waiting"
    emulator.advance(61)
    assert emulator.messages()[0]["state"] == "delivered"


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ({}, "phone_number"),
        ({"phone_number": "none"}, "phone_number"),
        ({"phone_number": "13900000000", "state": "lost"}, "state"),
        ({"phone_number": "13900000000", "colour": "red"}, "phone_number"),
        ({"phone_number": "13900000000", "sent_at": "2026-01-05T04:00:00"}, "sent_at"),
    ],
)
def test_an_invalid_message_is_refused(emulator: Any, message: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        emulator.add_message(**message)
    assert emulator.messages() == []
