"""Each switch of Airflow's sensors decides about errors as in Airflow."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowSkipException, AirflowTaskTimeout

from airflow_provider_dysms.exceptions import DysmsTaskError, DysmsTaskFailed
from airflow_provider_dysms.sensors.failure_policy import FailurePolicy

NUMBER = "139" + "00001111"
FINAL = [AirflowSensorTimeout("late"), AirflowTaskTimeout("late"), DysmsTaskFailed("no")]
TEMPORARY = [DysmsTaskError("down"), KeyError(NUMBER)]


def policy(*switches: str) -> FailurePolicy:
    return FailurePolicy(**{name: name in switches for name in ("silent_fail", "soft_fail", "never_fail")})


@pytest.mark.parametrize("error", [*FINAL, *TEMPORARY])
def test_without_a_switch_every_error_fails_the_task(error: Exception) -> None:
    assert not policy().tolerates(error)
    assert policy().skip(error) is None


@pytest.mark.parametrize("error", FINAL)
def test_a_final_error_is_skipped_by_both_switches_and_never_tolerated(error: Exception) -> None:
    assert not policy("silent_fail").tolerates(error)
    for name in ("soft_fail", "never_fail"):
        assert str(policy(name).skip(error)) == f"{name} skips the task instead of failing it: {error}"


@pytest.mark.parametrize("error", TEMPORARY)
def test_a_temporary_error_is_tolerated_or_skipped_only_where_the_user_said_so(error: Exception) -> None:
    assert policy("silent_fail").tolerates(error)
    assert policy("soft_fail").skip(error) is None
    skip = policy("never_fail").skip(error)
    assert skip is not None
    assert NUMBER not in str(skip)


def test_a_task_that_skips_itself_stays_as_it_is() -> None:
    error = AirflowSkipException("enough")
    assert not policy("silent_fail").tolerates(error)
    assert policy("never_fail").skip(error) is None
