"""A retry policy for tasks: it says after which errors Airflow tries a task again, and when. It needs Airflow 3.3.

Import it only where Airflow has retry policies: on an older Airflow the import fails with one sentence, and ``retries``
with ``retry_delay`` take its place.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.exceptions import DysmsSendUncertain
from airflow_provider_dysms.model.errors import (
    DysmsBusinessLimit,
    DysmsError,
    DysmsIncomplete,
    DysmsThrottled,
    is_permanent,
    is_uncertain_send,
)

try:
    from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy
except ImportError:
    raise ImportError(
        "airflow_provider_dysms.retry_policy needs Airflow 3.3 or newer, which has retry policies; with this Airflow "
        "set retries and retry_delay of the task"
    ) from None

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Longest chain of causes that is searched for an error of this package.
MAX_CAUSES = 20


class DysmsRetryPolicy(RetryPolicy):
    """Decides by the error of the service whether a task is tried again, and when.

    ``DysmsToObjectStorageOperator(..., retries=5, retry_policy=DysmsRetryPolicy())``. It works for every operator and
    sensor of this package, and for a task of your own that calls :class:`.DysmsHook`. It cannot add tries: the task's
    ``retries`` stay the limit. Errors that are not named here follow the task's ``retry_delay``.

    * a wrong key, a missing permission, a wrong argument: the task fails at once
    * a message that may have been sent: the task fails at once, because a retry may send it twice
    * throttled for longer than a request waits: again after ``throttled``, or later if the service asks for that
    * a limit of the account or of a number is used up: again after ``account_limit``
    * an answer that could not be shown to be complete: again after ``incomplete``

    :param throttled: how long a throttled task waits, default 15 minutes
    :param account_limit: how long a task waits after a limit of the account, default one hour
    :param incomplete: how long a task waits after incomplete answers, default 30 minutes
    """

    def __init__(
        self,
        *,
        throttled: timedelta = timedelta(minutes=15),
        account_limit: timedelta = timedelta(hours=1),
        incomplete: timedelta = timedelta(minutes=30),
    ) -> None:
        self.throttled = _delay("throttled", throttled)
        self.account_limit = _delay("account_limit", account_limit)
        self.incomplete = _delay("incomplete", incomplete)

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        """Return what Airflow does after an error; it calls this on the worker."""
        error = next(_errors_of_this_package(exception), None)
        if isinstance(exception, DysmsSendUncertain) or (error is not None and is_uncertain_send(error)):
            return RetryDecision.fail("The message may have been sent, and a retry may send it twice")
        if error is None:
            return RetryDecision.default()
        if is_permanent(error):
            return RetryDecision.fail(f"A retry would end in the same error ({type(error).__name__})")
        if isinstance(error, DysmsThrottled):
            delay = max(self.throttled, timedelta(seconds=error.retry_after or 0))
            return RetryDecision.retry(delay, "The service throttles the account's requests")
        if isinstance(error, DysmsBusinessLimit):
            return RetryDecision.retry(self.account_limit, "A limit of the account or of the number is used up")
        if isinstance(error, DysmsIncomplete):
            return RetryDecision.retry(self.incomplete, "The answers could not be shown to be complete")
        return RetryDecision.default()


def _errors_of_this_package(exception: BaseException | None) -> Iterator[DysmsError]:
    """Yield the errors of the service behind an exception: a task's error has the service's as its cause."""
    for _ in range(MAX_CAUSES):
        if exception is None:
            return
        if isinstance(exception, DysmsError):
            yield exception
        exception = exception.__cause__ or exception.__context__


def _delay(name: str, value: object) -> timedelta:
    if not isinstance(value, timedelta) or value < timedelta(0):
        raise ValueError(f"{name} must be a timedelta that is not negative, not {type(value).__name__}")
    return value
