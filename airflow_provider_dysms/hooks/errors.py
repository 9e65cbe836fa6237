"""How a task ends other than well: what tells Airflow whether to try it again."""

from __future__ import annotations

import errno
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_dysms.api.errors import DysmsError, DysmsInputError, is_lasting

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Errors of a file that cannot grow: the disk, the user's quota, or a limit of the process.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class DysmsTaskError(AirflowException):
    """A task failed in a way that may pass: Airflow tries it again."""


class DysmsConnectionNotFound(DysmsTaskError):
    """Airflow does not know the connection; it says the same when its API server does not answer."""


class DysmsTaskFailed(AirflowFailException):
    """A task failed in a way that trying again cannot mend: Airflow does not try it again."""


class DysmsArgumentError(DysmsInputError, DysmsTaskFailed):
    """An argument is wrong, as was seen when the DAG was parsed or a mapped task was made: not tried again."""


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
    except OSError as error:
        # Stores name their own errors, so that this one is of a temporary file.
        if error.errno not in _FULL:
            raise
        raise DysmsTaskError(
            f"The folder for temporary files, {tempfile.gettempdir()}, has no room left ({error.strerror}). "
            "Make room there, or set TMPDIR of the worker to a folder with more"
        ) from error
