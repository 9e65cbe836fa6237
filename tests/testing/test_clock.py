"""The emulator's clock moves, and the provider is still served."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.testing import DysmsClock

pytestmark = pytest.mark.slow

TO = "6581234567"


@pytest.mark.usefixtures("dysms_connection")
def test_receipts_come_when_the_clock_moves_or_when_they_are_delivered(
    dysms: Emulator, dysms_clock: DysmsClock
) -> None:
    hook = DysmsHook()
    one = hook.send_message_to_globe(to=TO, message="Hello")
    assert hook.query_message(one.message_id).received_at is None
    dysms_clock.advance(timedelta(hours=2))
    assert hook.query_message(one.message_id).received_at is not None
    dysms.configure(transition="tick")
    other = hook.send_message_to_globe(to=TO, message="Hello")
    assert dysms_clock.deliver() == 1
    assert hook.query_message(other.message_id).received_at is not None


@pytest.mark.usefixtures("dysms_connection")
def test_a_message_is_as_old_as_a_test_wants(dysms_clock: DysmsClock) -> None:
    dysms_clock.advance(timedelta(hours=-73))
    sent = DysmsHook().send_message_to_globe(to=TO, message="Hello")
    dysms_clock.advance(timedelta(hours=73))
    sent_at = DysmsHook().query_message(sent.message_id).sent_at
    assert sent_at is not None
    assert timedelta(hours=72) < datetime.now(UTC) - sent_at < timedelta(hours=74)


def test_it_may_stand_still(dysms_clock: DysmsClock) -> None:
    then = datetime(2026, 1, 5, 12, tzinfo=UTC)
    dysms_clock.set(then, frozen=True)
    assert dysms_clock.now() == dysms_clock.now() == then
