"""A signature time is fixed once, and its age counts however long the process was paused."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_dysms.api.auth import signature_time
from airflow_provider_dysms.api.auth.signature_time import SignatureTime
from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.model import errors


def test_it_is_a_whole_second_and_may_leave_for_a_third_of_its_life() -> None:
    begun = SignatureTime.begin(900)
    assert (begun.at.microsecond, begun.at.tzinfo, begun.max_age) == (0, UTC, 300)
    begun.check()


@pytest.mark.parametrize("clock", ["boot", "wall"])
def test_a_pause_that_one_of_the_clocks_has_seen_counts(clock: str, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = SignatureTime.begin(30)
    if clock == "boot":
        later = time.clock_gettime(signature_time._CLOCK) + 11
        monkeypatch.setattr(time, "clock_gettime", lambda _: later)
    else:

        class Later(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                return datetime.now(UTC) + timedelta(seconds=11)

        monkeypatch.setattr(signature_time, "datetime", Later)
    with pytest.raises(errors.DysmsHeldBack, match="nothing was sent") as caught:
        begun.check()
    assert not errors.may_have_executed(caught.value)
    assert not errors.is_permanent(caught.value)
    again = RetryPolicy().delay(caught.value, attempt=1, spent=0, throttled_for=0, idempotent=False, random=lambda: 0.5)
    assert again is None
