"""Decides what an error does to a sensor's task, by Airflow's ``silent_fail``, ``soft_fail`` and ``never_fail``."""

from __future__ import annotations

from dataclasses import dataclass

from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
)

#: Errors after which trying again makes no sense.
FINAL_ERRORS = (AirflowSensorTimeout, AirflowTaskTimeout, AirflowFailException)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailurePolicy:
    """The three switches of Airflow's sensors.

    :param silent_fail: an error that is not final does not end the wait
    :param soft_fail: a final error skips the task
    :param never_fail: every error skips the task
    """

    silent_fail: bool
    soft_fail: bool
    never_fail: bool

    def tolerates(self, error: Exception) -> bool:
        """Say whether the wait goes on after an error."""
        return self.silent_fail and not isinstance(error, (*FINAL_ERRORS, AirflowSkipException))

    def skip(self, error: BaseException) -> AirflowSkipException | None:
        """Return the error that skips the task in place of failing it; ``None`` if the task must fail."""
        is_skipped = self.never_fail or (self.soft_fail and isinstance(error, FINAL_ERRORS))
        if not is_skipped or isinstance(error, AirflowSkipException):
            return None
        switch = "never_fail" if self.never_fail else "soft_fail"
        return AirflowSkipException(f"{switch} skips the task instead of failing it: {safe_message(error)}")


def safe_message(error: BaseException) -> str:
    """Return the text of an error of ours or Airflow's; only the type of others, whose text may hold phone numbers."""
    return str(error) if isinstance(error, (AirflowException, AirflowTaskTimeout)) else type(error).__name__
