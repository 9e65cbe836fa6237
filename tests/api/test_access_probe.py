"""The probes of a connection: each query alone, and a signature of another instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from support.executors import run_with_executor

from airflow_provider_dysms.api.access_probe import PROBED_NUMBER, is_signature_refused, probe_access
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates, errors

TODAY = dates.beijing_day(datetime.now(UTC))
EVERY = {"QuerySendDetails": None, "QuerySendStatistics": None, "QueryMessage": None}


def test_each_query_is_sent_once_and_allowed(emulator: Emulator) -> None:
    assert run_with_executor(emulator, lambda executor: probe_access(executor, TODAY)) == EVERY
    assert {action: counts["requests"] for action, counts in emulator.requests().items()} == dict.fromkeys(EVERY, 1)


def test_a_query_that_is_not_allowed_has_an_error_of_its_own(emulator: Emulator) -> None:
    emulator.fault("business", action="QueryMessage", code="isp.RAM_PERMISSION_DENY", times=None)
    found = run_with_executor(emulator, lambda executor: probe_access(executor, TODAY))
    assert isinstance(found.pop("QueryMessage"), errors.DysmsPermissionError)
    assert set(found.values()) == {None}


def test_an_illegal_number_shows_that_the_query_is_allowed(emulator: Emulator) -> None:
    emulator.fault("business", action="QuerySendDetails", code="isv.MOBILE_NUMBER_ILLEGAL", times=None)
    assert run_with_executor(emulator, lambda executor: probe_access(executor, TODAY)) == EVERY


@pytest.mark.parametrize(("minutes", "refused"), [(0, False), (-10, False), (-20, True), (20, True)])
def test_a_signature_is_refused_by_the_clock_of_the_service(emulator: Emulator, minutes: int, refused: bool) -> None:
    signed_at = datetime.now(UTC) + timedelta(minutes=minutes)
    assert refused is run_with_executor(
        emulator, lambda executor: is_signature_refused(executor, signed_at, PROBED_NUMBER, TODAY)
    )


def test_another_refusal_says_nothing_of_the_signature(emulator: Emulator) -> None:
    emulator.fault("business", action="QuerySendDetails", code="isp.RAM_PERMISSION_DENY", times=None)
    with pytest.raises(errors.DysmsPermissionError):
        run_with_executor(
            emulator, lambda executor: is_signature_refused(executor, datetime.now(UTC), PROBED_NUMBER, TODAY)
        )
