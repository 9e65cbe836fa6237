"""The errors that tasks end with: they tell Airflow whether to retry the task, and show no phone number or text."""

from __future__ import annotations

import errno
import tempfile
import traceback
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_dysms.model.errors import DysmsError, DysmsInputError, is_permanent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Result = TypeVar("Result")

#: Error numbers of a file that cannot grow: the disk is full, or a quota or a limit of the process is reached.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

#: SQLite's names of the same, for the private databases in that folder.
_SQLITE_FULL = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_CANTOPEN")


class DysmsTaskError(AirflowException):
    """A task failed, but may succeed later: Airflow retries it."""


class DysmsUnexpectedError(DysmsTaskError):
    """An error of another package, or a defect of this one; its message is not passed on, because it may be private."""


class DysmsConnectionNotFound(DysmsTaskError):
    """Airflow does not find the connection; it says the same if its API server does not respond: so it is retried."""


class DysmsTaskFailed(AirflowFailException):
    """A task failed, and a retry cannot help: Airflow does not retry it."""


class DysmsArgumentError(DysmsInputError, DysmsTaskFailed):
    """An argument is wrong, as found while the DAG was parsed or a mapped task was created: Airflow does not retry."""


class DysmsSendUncertain(DysmsTaskFailed):
    """A message may have been sent: Airflow does not retry the task, because a retry may send it twice."""


class DysmsDeliveryFailed(DysmsTaskFailed):
    """Too many messages failed for the sensor's ``wait_for`` to be reached.

    :param message: how many of how many, and why
    :param reports: the known reports, one per message, as the sensor would have returned them
    """

    def __init__(self, message: str, reports: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.reports = reports

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.reports)


class DysmsDeliveryBad(DysmsTaskFailed):
    """A day was delivered worse than its check allows.

    :param message: the worst three figures
    :param result: the whole result of the check, as the operator would have returned it
    """

    def __init__(self, message: str, result: dict[str, Any]) -> None:
        super().__init__(message)
        self.result = result

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.result)


#: Largest number of this package's frames that the location of an unexpected error names.
MAX_FRAMES = 5

_PACKAGE = __name__.partition(".")[0]


def without_frames(method: Callable[..., Result]) -> Callable[..., Result]:
    """Wrap a method that Airflow calls, so that its errors hold no frames of this package.

    Frames hold phone numbers, texts and codes, and many tools show them: rich tracebacks, error trackers. The message
    of another package's error may hold them too: only its name and location are passed on.
    """

    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Result:
        try:
            return method(*args, **kwargs)
        except BaseException as error:
            cleaned = _cleaned(error)
        del args, kwargs
        raise cleaned  # outside the handler, so that it has no context

    return call


def _cleaned(error: BaseException) -> BaseException:
    if (
        isinstance(error, Exception)
        and not isinstance(error, (DysmsError, AirflowException))
        and not _is_from_airflow(error)
    ):
        return DysmsUnexpectedError(
            f"An unexpected {_name(error)} in {_location(error)}. Its message is not shown, because it may contain "
            "phone numbers or texts"
        )
    end: BaseException | None = error
    while end is not None:
        cause = end.__cause__
        # Only this package's own errors are known to be free of personal data.
        end.__cause__ = cause if isinstance(cause, DysmsError) else None
        end.__context__, end.__traceback__, end.__suppress_context__ = None, None, True
        end = end.__cause__
    return error


def _is_from_airflow(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] == "airflow"


def _name(error: BaseException) -> str:
    inner = getattr(error, "exceptions", ())
    return type(error).__name__ + (f" of {', '.join(sorted({_name(each) for each in inner}))}" if inner else "")


def _location(error: BaseException) -> str:
    """Return the innermost frames of this package: modules, lines and functions, without their variables."""
    frames = [
        f"{frame.f_globals.get('__name__')}:{line} ({frame.f_code.co_name})"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__")).partition(".")[0] == _PACKAGE
    ]
    return ", called by ".join(frames[: -MAX_FRAMES - 1 : -1]) or "another package"


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Turn this package's errors into those that tell Airflow whether to retry the task."""
    try:
        yield
    except DysmsError as error:
        raise (DysmsTaskFailed if is_permanent(error) else DysmsTaskError)(str(error)) from error
    except Exception as error:
        # Stores raise errors of their own, so these come from a temporary file or database.
        if getattr(error, "errno", None) not in _FULL and getattr(error, "sqlite_errorname", "") not in _SQLITE_FULL:
            raise
        raise DysmsTaskError(
            f"The folder for temporary files, {tempfile.gettempdir()}, has no room left "
            f"({getattr(error, 'strerror', error)}). Make room there, or set TMPDIR of the worker to a folder with more"
        ) from error
