"""How a task ends other than well: what tells Airflow whether to try it again."""

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


#: Frames of ours that an unexpected error is located by, at most.
MAX_FRAMES = 5

_PACKAGE = __name__.partition(".")[0]


def without_frames(method: Callable[..., Result]) -> Callable[..., Result]:
    """Wrap a method that Airflow calls, so that its errors hold no frames of ours.

    Frames hold phone numbers, texts and codes, and many tools show them: rich tracebacks, error trackers. What an error
    of another package says may hold them too: it is named, and located, and not repeated.
    """

    @wraps(method)
    def call(*given: Any, **named: Any) -> Result:
        try:
            return method(*given, **named)
        except BaseException as error:
            cleaned = _cleaned(error)
        del given, named
        raise cleaned  # outside of the handler: it has no context

    return call


def _cleaned(error: BaseException) -> BaseException:
    if (
        isinstance(error, Exception)
        and not isinstance(error, (DysmsError, AirflowException))
        and not _is_airflows(error)
    ):
        return DysmsTaskError(
            f"An unexpected {_name(error)} in {_located(error)}. What it says is not repeated, because it may hold "
            "phone numbers or texts"
        )
    end: BaseException | None = error
    while end is not None:
        cause = end.__cause__
        # Only our own errors in its chain say nothing of anybody.
        end.__cause__ = cause if isinstance(cause, DysmsError) else None
        end.__context__, end.__traceback__, end.__suppress_context__ = None, None, True
        end = end.__cause__
    return error


def _is_airflows(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] == "airflow"


def _name(error: BaseException) -> str:
    inner = getattr(error, "exceptions", ())
    return type(error).__name__ + (f" of {', '.join(sorted({_name(each) for each in inner}))}" if inner else "")


def _located(error: BaseException) -> str:
    """Name the innermost frames of ours: modules, functions and lines, without what they hold."""
    frames = [
        f"{frame.f_globals.get('__name__')}:{line} ({frame.f_code.co_name})"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__")).partition(".")[0] == _PACKAGE
    ]
    return ", called by ".join(frames[: -MAX_FRAMES - 1 : -1]) or "another package"


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Turn errors of the API into those that tell Airflow whether to try the task again."""
    try:
        yield
    except DysmsError as error:
        raise (DysmsTaskFailed if is_permanent(error) else DysmsTaskError)(str(error)) from error
    except OSError as error:
        # Stores name their own errors, so that this one is of a temporary file.
        if error.errno not in _FULL:
            raise
        raise DysmsTaskError(
            f"The folder for temporary files, {tempfile.gettempdir()}, has no room left ({error.strerror}). "
            "Make room there, or set TMPDIR of the worker to a folder with more"
        ) from error
