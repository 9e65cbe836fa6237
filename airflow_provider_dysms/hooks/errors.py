"""How a task ends other than well: what tells Airflow whether to try it again."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_dysms.api.errors import DysmsError, is_lasting

if TYPE_CHECKING:
    from collections.abc import Iterator


class DysmsTaskError(AirflowException):
    """A task failed in a way that may pass: Airflow tries it again."""


class DysmsConnectionNotFound(DysmsTaskError):
    """Airflow does not know the connection; it says the same when its API server does not answer."""


class DysmsTaskFailed(AirflowFailException):
    """A task failed in a way that trying again cannot mend: Airflow does not try it again."""


class DysmsSendUncertain(DysmsTaskFailed):
    """A message may have been sent, or not: Airflow does not try the task again, because a second try may repeat it."""


class DysmsDeliveryFailed(DysmsTaskFailed):
    """So many messages did not arrive that no longer enough of them can.

    :param message: how many of how many, and why
    :param reports: what is known, one report a message, as the sensor would have returned it
    """

    def __init__(self, message: str, reports: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.reports = reports

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.reports)


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Turn errors of the API into those that tell Airflow whether to try the task again."""
    try:
        yield
    except DysmsError as error:
        raise (DysmsTaskFailed if is_lasting(error) else DysmsTaskError)(str(error)) from error
