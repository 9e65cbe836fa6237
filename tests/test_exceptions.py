"""The errors of a task tell Airflow whether to retry it."""

from __future__ import annotations

import errno
import pickle

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_dysms.exceptions import (
    DysmsDeliveryFailed,
    DysmsTaskError,
    DysmsTaskFailed,
    airflow_errors,
    without_frames,
)
from airflow_provider_dysms.model.errors import DysmsIncomplete, DysmsInputError, DysmsRefused, DysmsServerError

NUMBER = "139" + "00001111"


@pytest.mark.parametrize("error", [DysmsInputError("send_date", "is wrong"), DysmsRefused("no")])
def test_a_permanent_error_is_not_retried(error: Exception) -> None:
    with pytest.raises(DysmsTaskFailed) as caught, airflow_errors():
        raise error
    assert isinstance(caught.value, AirflowFailException)
    assert str(caught.value) == str(error)


@pytest.mark.parametrize("error", [DysmsServerError("busy"), DysmsIncomplete("not all")])
def test_an_error_that_may_pass_is_retried(error: Exception) -> None:
    with pytest.raises(DysmsTaskError) as caught, airflow_errors():
        raise error
    assert not isinstance(caught.value, AirflowFailException)


def test_a_full_disk_names_the_folder_and_what_to_do() -> None:
    with pytest.raises(DysmsTaskError, match="TMPDIR"), airflow_errors():
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(PermissionError), airflow_errors():
        raise PermissionError(errno.EACCES, "Permission denied")


def test_an_unexpected_error_is_named_and_located_without_its_message() -> None:
    @without_frames
    def call(number: str) -> None:
        raise KeyError(number)

    with pytest.raises(AirflowException, match="An unexpected KeyError in airflow_provider_dysms") as caught:
        call(NUMBER)
    assert NUMBER not in str(caught.value)
    assert caught.value.__context__ is caught.value.__cause__ is None


def test_a_failed_delivery_keeps_its_reports_between_processes() -> None:
    error = pickle.loads(pickle.dumps(DysmsDeliveryFailed("1 of 2 failed", [{"state": "failed"}])))
    assert (str(error), error.reports) == ("1 of 2 failed", [{"state": "failed"}])
