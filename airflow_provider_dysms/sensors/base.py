"""The wait that both sensors share, in each of Airflow's modes.

All modes go through ``BaseSensorOperator.execute``, which pokes: that is what gives them the same ends. A task that
comes back from the triggerer pokes too, with what the trigger found out in place of a look.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk.bases.operator import TRIGGER_FAIL_REPR, BaseOperator
from airflow.sdk.bases.sensor import BaseSensorOperator, PokeReturnValue
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import (
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    TaskDeferralError,
    TaskDeferralTimeout,
)

from airflow_provider_dysms.arguments.dag_parse_checks import CheckedArguments, flag
from airflow_provider_dysms.exceptions import DysmsConnectionNotFound, airflow_errors, without_frames
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.dates import RECEIPT_TIME
from airflow_provider_dysms.waits import goal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_dysms.sensors.worker_wait import WaitConfig, WorkerWait
    from airflow_provider_dysms.waits.targets import Watched

#: Seconds by which Airflow's timeout of a trigger lies behind the end of the trigger's own last look.
TRIGGER_SLACK = 60.0

#: Seconds between look-ups of the connection when a task comes back from the triggerer.
RESUME_PAUSES = (2.0, 10.0)

#: Seconds by which a sensor's own count of its ``timeout``, in Airflow, lies behind ours.
TIMEOUT_SLACK = 60.0

#: One report a message where the outcome is certain.
Reports = list[dict[str, Any]] | None


class DysmsWaitSensor(CheckedArguments, BaseSensorOperator):
    """Base of the sensors that wait until messages have arrived.

    It ends as soon as the outcome is certain. The result is a list with one report a message: ``message`` (position,
    from 0), what names it (``message_id``, or ``biz_id`` and ``out_id``), ``state`` (``delivered``, ``failed``,
    ``expired``, ``missing``, ``waiting``), ``category``, ``fault``, ``error_code``, ``sent_at``, ``received_at``,
    ``is_final``. However else a wait ends, the reports are in XCom under the key ``reports``.

    It ends the same way in the modes ``poke`` and ``reschedule`` and deferred:

    ============================== ======================== =========== =========== ==========
    what happened                  raised                   tried again soft_fail   never_fail
    ============================== ======================== =========== =========== ==========
    enough have arrived            nothing
    enough can arrive no more      ``DysmsDeliveryFailed``  no          skipped     skipped
    same, ``fail_on_failed=False`` nothing
    ``timeout``                    ``AirflowSensorTimeout`` no          skipped     skipped
    ``execution_timeout``          ``AirflowTaskTimeout``   yes         skipped     skipped
    wrong argument, refused        ``DysmsTaskFailed``      no          skipped     skipped
    connection not found           ``DysmsTaskError``       yes         tried again skipped
    trigger failed                 ``TaskDeferralError``    yes         tried again skipped
    ============================== ======================== =========== =========== ==========

    With ``silent_fail`` the last two are logged, and the wait goes on. What passes (no answer, throttling, 5xx) ends
    no wait that has time left. ``execution_timeout`` counts from the start of the try, also while the task is deferred;
    in the mode ``reschedule`` Airflow counts each poke by itself.

    :param wait_for: how many must arrive: ``"all"``, ``"any"``, a number, or a share such as ``"95%"``; templated
    :param until_all_final: go on until nothing is open, even where the outcome is certain before
    :param fail_on_failed: fail where enough can arrive no more; ``False`` returns the reports then
    :param poke_interval: first gap between two looks, seconds or ``timedelta``. Gaps grow to a quarter of the wait's
        age; ``exponential_backoff`` changes nothing
    :param max_poke_interval: longest gap, seconds or ``timedelta``, not below ``poke_interval``; ``max_wait`` lowers it
    :param grace_period: for how long a message may be unknown to the service, seconds or ``timedelta``; afterwards it
        counts as ``missing``, and that is failed
    :param timeout: how long to wait, seconds or ``timedelta``. Receipts do not come after 72 hours: more means 72 hours
    :param deferrable: wait in the triggerer; default Airflow's ``[operators] default_deferrable``
    :param dysms_conn_id: the connection, default ``dysms_default``; templated
    """

    checks: ClassVar[dict[str, Any]] = {
        "wait_for": goal.parse_wait_for,
        "until_all_final": flag,
        "fail_on_failed": flag,
        "deferrable": flag,
        "dysms_conn_id": validation.text,
    }
    _watch: WorkerWait | None = None
    allowed: float  # seconds, while the task runs
    _find_out: Callable[[WorkerWait], Reports]

    def __init__(
        self,
        *,
        wait_for: Any = "all",
        until_all_final: bool = False,
        fail_on_failed: bool = True,
        poke_interval: timedelta | float = 10,
        max_poke_interval: timedelta | float = 300,
        grace_period: timedelta | float = 300,
        timeout: timedelta | float | None = RECEIPT_TIME,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        dysms_conn_id: str = DysmsHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, timeout=RECEIPT_TIME if timeout is None else timeout, **kwargs)
        if self.poke_interval <= 0:
            raise ValueError("poke_interval must be above 0")
        self.wait_for = wait_for
        self.until_all_final = until_all_final
        self.fail_on_failed = fail_on_failed
        self.max_poke_interval = max(_seconds("max_poke_interval", max_poke_interval), self.poke_interval)
        self.grace_period = _seconds("grace_period", grace_period)
        self.timeout = min(self.timeout, RECEIPT_TIME.total_seconds())
        self.deferrable = deferrable
        self.dysms_conn_id = dysms_conn_id

    @abstractmethod
    def watched(self, hook: DysmsHook, began: datetime) -> list[Watched]:
        """Return the messages that the arguments name, for a wait that began at an instant.

        :raises DysmsInputError: they name none
        """

    @abstractmethod
    def digests(self, hook: DysmsHook, identities: bytes) -> tuple[str, ...]:
        """Return what tells one list of messages from another: first as it is stored now, then as it has been."""

    @abstractmethod
    def trigger(self, hook: DysmsHook, terms: WaitConfig, known: str) -> BaseTrigger:
        """Return what waits in the triggerer.

        :param known: reports, packed
        """

    @without_frames
    def execute(self, context: Context) -> Any:
        return self._wait(context, self._look)

    @without_frames
    def execute_complete(self, context: Context, event: Any) -> Any:
        """Go on where the trigger ended."""
        return self._wait(context, partial(self._hear, event=event))

    @without_frames
    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume as any operator: a resumed sensor would skip on errors that make a poking one try again."""
        try:
            return BaseOperator.resume_execution(self, next_method, next_kwargs, context)
        except (TaskDeferralTimeout, TaskDeferralError) as error:
            if next_method != TRIGGER_FAIL_REPR:
                raise
            failure = error
        return self._wait(context, partial(self._look_once_more, failure=failure))

    def poke(self, context: Context) -> PokeReturnValue:
        if self._watch is None:
            with airflow_errors():
                self._watch = self._begun(context)
        find_out, self._find_out = self._find_out, self._look
        reports = find_out(self._watch)
        if reports is None and self.is_rescheduled:
            self._watch.keep_for_next_poke(context, self.log)
        return PokeReturnValue(reports is not None, reports)

    def _get_next_poke_interval(
        self, started_at: datetime | float, run_duration: Callable[[], float], poke_count: int
    ) -> float:
        """Return the gap that the wait's age asks for; a deferrable task spends it in the triggerer."""
        if self._watch is None:  # with silent_fail: something went wrong before the first look
            return float(self.poke_interval)
        if self.deferrable:
            self._defer(self._watch)
        return self._watch.wait.gap(time.time())

    def _wait(self, context: Context, find_out: Callable[[WorkerWait], Reports]) -> Any:
        self._watch, self._find_out = None, find_out
        # Airflow counts the time by itself, and knows neither reports nor what is certain: it must not come first.
        self.allowed, self.timeout = self.timeout, self.timeout + TIMEOUT_SLACK
        try:
            return super().execute(context)
        except AirflowRescheduleException:
            raise
        except (Exception, AirflowTaskTimeout) as error:
            if self._watch is not None and self.do_xcom_push:
                self._watch.keep_for_downstream(context, self.log)
            # These two come from outside of a poke here: a sleep was interrupted, or Airflow counted the time itself.
            if isinstance(error, (AirflowSensorTimeout, AirflowTaskTimeout)) and (self.soft_fail or self.never_fail):
                name = "soft_fail" if self.soft_fail else "never_fail"
                raise AirflowSkipException(f"Skipping due to {name} is set to True.") from error
            raise
        finally:
            self.timeout = self.allowed

    def _begun(self, context: Context) -> WorkerWait:
        from airflow_provider_dysms.sensors.wait_config import begin  # and all of a wait, which no DAG file needs

        # What the triggerer found out must not be lost because Airflow cannot be asked for a moment.
        pauses = [] if self._find_out == self._look else [*RESUME_PAUSES]
        while True:
            try:
                return begin(self, context)
            except DysmsConnectionNotFound:
                if not pauses:
                    raise
                time.sleep(pauses.pop(0))

    def _look(self, watch: WorkerWait) -> Reports:
        is_over = watch.look(self.log)
        return watch.judge(is_over=is_over, fail_on_failed=self.fail_on_failed)

    def _look_once_more(self, watch: WorkerWait, failure: TaskDeferralTimeout | TaskDeferralError) -> Reports:
        """Judge a wait whose trigger brought no reports; what is certain by now counts."""
        is_over = watch.look(self.log) or isinstance(failure, TaskDeferralTimeout)
        reports = watch.judge(is_over=is_over, fail_on_failed=self.fail_on_failed)
        if reports is None:
            raise failure
        return reports

    def _hear(self, watch: WorkerWait, event: Any) -> Reports:
        is_over = watch.hear(event)
        return watch.judge(is_over=is_over, fail_on_failed=self.fail_on_failed)

    def _defer(self, watch: WorkerWait) -> None:
        from airflow_provider_dysms.triggers.dysms import LAST_LOOK

        trigger = watch.trigger(self.trigger)
        # The trigger's own deadline comes first, and brings the reports.
        left = max(watch.terms.deadline - time.time(), 0) + LAST_LOOK + TRIGGER_SLACK
        self.defer(trigger=trigger, method_name="execute_complete", timeout=timedelta(seconds=left))

    @property
    def is_rescheduled(self) -> bool:
        """Whether a worker is left between two pokes."""
        return bool(self.reschedule) and not self.deferrable


def _seconds(argument: str, value: timedelta | float) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < float("inf"):
        raise ValueError(f"{argument} must be a timedelta or a number of seconds, from 0")
    return float(seconds)
