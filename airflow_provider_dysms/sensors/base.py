"""The wait that both sensors share: poll or apply the trigger's event, judge, then defer, reschedule or sleep."""

from __future__ import annotations

import time
from abc import abstractmethod
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk.bases.operator import TRIGGER_FAIL_REPR, BaseOperator
from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import (
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowTaskTimeout,
    TaskDeferralError,
    TaskDeferralTimeout,
)

from airflow_provider_dysms.arguments.dag_parse_checks import CheckedArguments, flag
from airflow_provider_dysms.exceptions import DysmsConnectionNotFound, airflow_errors, without_frames
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.dates import RECEIPT_TIME
from airflow_provider_dysms.sensors.failure_policy import FailurePolicy, safe_message
from airflow_provider_dysms.waits import goal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_dysms.sensors.wait_config import WaitConfig
    from airflow_provider_dysms.sensors.worker_wait import WorkerWait
    from airflow_provider_dysms.waits.targets import Watched

    #: One report per message if the end of the wait is certain, ``None`` if the wait must go on.
    Reports = list[dict[str, Any]] | None
    #: Polls, or applies what the trigger found out, and judges.
    Step = Callable[[WorkerWait], Reports]

#: Seconds between the end of the trigger's last poll and the timeout that Airflow has for the trigger.
TRIGGER_SLACK = 60.0

#: Seconds between look-ups of the connection after a deferral: a short outage of Airflow must not lose the reports.
RESUME_PAUSES = (2.0, 10.0)


class DysmsWaitSensor(CheckedArguments, BaseSensorOperator):
    """Base of the sensors that wait until messages have arrived.

    The task ends as soon as the end of the wait is certain. Its result is a list with one report per message:
    ``message`` (position, from 0), the message's name (``message_id``, or ``biz_id`` and ``out_id``), ``state``
    (``delivered``, ``failed``, ``expired``, ``missing``, ``waiting``), ``category``, ``fault``, ``error_code``,
    ``sent_at``, ``received_at``, ``is_final``. If the task ends without a result, the reports are in XCom under the key
    ``reports``.

    It ends the same way in the modes ``poke`` and ``reschedule`` and deferred:

    ============================== ======================== =========== =========== ==========
    event                          error                    retried     soft_fail   never_fail
    ============================== ======================== =========== =========== ==========
    enough have arrived            nothing
    too few can still arrive       ``DysmsDeliveryFailed``  no          skipped     skipped
    same, ``fail_on_failed=False`` nothing
    ``timeout``                    ``AirflowSensorTimeout`` no          skipped     skipped
    ``execution_timeout``          ``AirflowTaskTimeout``   yes         skipped     skipped
    wrong argument, refusal        ``DysmsTaskFailed``      no          skipped     skipped
    connection not found           ``DysmsTaskError``       yes         retried     skipped
    trigger failed                 ``TaskDeferralError``    yes         retried     skipped
    ============================== ======================== =========== =========== ==========

    With ``silent_fail`` the last two are logged, and the wait goes on. A temporary error (no response, throttling, 5xx)
    never ends a wait that has time left. ``execution_timeout`` counts from the start of the attempt, also while the
    task is deferred; in the mode ``reschedule`` it limits each poll.

    :param wait_for: how many must arrive: ``"all"``, ``"any"``, a number, or a share such as ``"95%"``; default
        ``"all"``; templated
    :param until_all_final: go on until no message is open, even if the end is certain before; default ``False``
    :param fail_on_failed: fail if too few messages can still arrive; ``False`` returns the reports then
    :param poke_interval: shortest gap between two polls, seconds or ``timedelta``, default 10. Gaps grow to a quarter
        of the wait's age; ``exponential_backoff`` has no effect
    :param max_poke_interval: longest gap, seconds or ``timedelta``, default 300; ``max_wait`` lowers it, and
        ``poke_interval`` raises it
    :param grace_period: for how long the service may not know a message, seconds or ``timedelta``, default 300; then
        the message is ``missing``, which counts as failed
    :param timeout: how long to wait, seconds or ``timedelta``, default and longest 72 hours, because receipts do not
        come later
    :param deferrable: wait in the triggerer; default Airflow's ``[operators] default_deferrable``
    :param dysms_conn_id: id of the connection, default ``dysms_default``; templated
    """

    checks: ClassVar[dict[str, Any]] = {
        "wait_for": goal.parse_wait_for,
        "until_all_final": flag,
        "fail_on_failed": flag,
        "deferrable": flag,
        "dysms_conn_id": validation.text,
    }

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
    def watched(self, hook: DysmsHook, started_at: datetime) -> list[Watched]:
        """Return the messages that the arguments name, for a wait that began at an instant.

        :raises DysmsInputError: an argument is wrong
        """

    @abstractmethod
    def digests(self, hook: DysmsHook, identities: bytes) -> tuple[str, ...]:
        """Return digests of the messages: first the one to store, then those that earlier releases have stored."""

    @abstractmethod
    def trigger(self, hook: DysmsHook, config: WaitConfig, known: str) -> BaseTrigger:
        """Return the trigger that goes on with a wait.

        :param known: reports that are known, packed
        """

    @without_frames
    def execute(self, context: Context) -> Any:
        return self._wait(context, self._poll)

    @without_frames
    def execute_complete(self, context: Context, event: Any) -> Any:
        """Go on where the trigger ended."""
        return self._wait(context, partial(self._apply_event, event=event), RESUME_PAUSES)

    @without_frames
    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume as an operator does: a resumed sensor of Airflow skips on errors for which a polling one retries."""
        try:
            return BaseOperator.resume_execution(self, next_method, next_kwargs, context)
        except (TaskDeferralTimeout, TaskDeferralError) as error:
            if next_method != TRIGGER_FAIL_REPR:
                raise
            failure = error
        return self._wait(context, partial(self._poll_after_failure, failure=failure), RESUME_PAUSES)

    def _wait(self, context: Context, first_step: Step, lookup_pauses: Sequence[float] = ()) -> Any:
        """Take a first step and then poll, until the end of the wait is certain.

        :param lookup_pauses: seconds between look-ups of the connection if it is not found
        """
        step, wait = first_step, None
        policy = FailurePolicy(silent_fail=self.silent_fail, soft_fail=self.soft_fail, never_fail=self.never_fail)
        try:
            while True:
                try:
                    wait = wait or self._start(context, lookup_pauses)
                    current, step = step, self._poll
                    reports = current(wait)
                except Exception as error:
                    if not policy.tolerates(error):
                        raise
                    self._tolerate(error, context)
                else:
                    if reports is not None:
                        return reports
                self._pause(context, wait)
        except AirflowRescheduleException:
            raise
        except (Exception, AirflowTaskTimeout) as error:
            if wait is not None and self.do_xcom_push:
                wait.push_reports(context, self.log)
            if skip := policy.skip(error):
                raise skip from error
            raise

    def _start(self, context: Context, lookup_pauses: Sequence[float]) -> WorkerWait:
        for pause in lookup_pauses:
            try:
                return self._new_wait(context)
            except DysmsConnectionNotFound:
                time.sleep(pause)
        return self._new_wait(context)

    def _new_wait(self, context: Context) -> WorkerWait:
        """Return the wait of this attempt; check everything before the first request."""
        from airflow_provider_dysms.sensors import state_store, wait_config, worker_wait  # not needed by DAG files

        with airflow_errors():
            self.check_arguments()
            # The argument that names the messages is the first one that is set.
            argument = next(name for name in self.template_fields if getattr(self, name) is not None)
            hook, started_at = DysmsHook(self.dysms_conn_id), self._started_at(context)
            watched = self.watched(hook, datetime.fromtimestamp(started_at, UTC))
            identities = wait_config.unique_identities(argument, watched)
            limit, limit_seconds = wait_config.time_limit(
                self.timeout, self.execution_timeout, is_deferrable=self.deferrable, is_rescheduled=self.is_rescheduled
            )
            config = wait_config.WaitConfig(
                watched=watched,
                digests=self.digests(hook, identities),
                goal=goal.Goal.parse(self.wait_for, len(watched)),
                wait_for=self.wait_for,
                pace=wait_config.bounded_pace(
                    poke_interval=self.poke_interval,
                    max_poke_interval=self.max_poke_interval,
                    max_wait=self.max_wait,
                    grace_period=self.grace_period,
                ),
                until_all_final=self.until_all_final,
                started_at=started_at,
                limit=limit,
                limit_seconds=limit_seconds,
            )
            if self.deferrable:
                state_store.check_trigger_size(argument, self.trigger(hook, config, ""))
        known = state_store.load_reports(context, config.digests, self.log) if self.is_rescheduled else {}
        return worker_wait.WorkerWait(hook, config, known)

    def _poll(self, wait: WorkerWait) -> Reports:
        is_over = wait.poll(self.log)
        return wait.judge(is_over=is_over, fail_on_failed=self.fail_on_failed)

    def _apply_event(self, wait: WorkerWait, event: Any) -> Reports:
        is_over = wait.apply_event(event)
        return wait.judge(is_over=is_over, fail_on_failed=self.fail_on_failed)

    def _poll_after_failure(self, wait: WorkerWait, failure: TaskDeferralTimeout | TaskDeferralError) -> Reports:
        """Judge a wait whose trigger failed without reports; an end that is certain by now counts."""
        is_over = wait.poll(self.log) or isinstance(failure, TaskDeferralTimeout)
        reports = wait.judge(is_over=is_over, fail_on_failed=self.fail_on_failed)
        if reports is None:
            raise failure
        return reports

    def _pause(self, context: Context, wait: WorkerWait | None) -> None:
        """Defer the task, reschedule it, or sleep until the next poll."""
        if wait is not None and self.deferrable:
            self._defer(wait)
        gap = self.poke_interval if wait is None else wait.wait.gap(time.time())
        if self.is_rescheduled:
            if wait is not None:
                wait.store_reports(context, self.log)
            raise AirflowRescheduleException(datetime.now(UTC) + timedelta(seconds=gap))  # type: ignore[no-untyped-call]
        time.sleep(gap)

    def _defer(self, wait: WorkerWait) -> None:
        from airflow_provider_dysms.waits.wait import LAST_POLL_SECONDS

        trigger = wait.trigger(self.trigger)
        # The trigger's own deadline comes first, and brings the reports.
        remaining = max(wait.config.deadline - time.time(), 0) + LAST_POLL_SECONDS + TRIGGER_SLACK
        self.defer(trigger=trigger, method_name="execute_complete", timeout=timedelta(seconds=remaining))

    def _tolerate(self, error: Exception, context: Context) -> None:
        """Log an error that does not end the wait, unless the time is over."""
        message = safe_message(error)
        self.log.error("A step of the wait failed, and silent_fail lets the wait go on: %s", message)
        if time.time() >= self._started_at(context) + self.timeout:
            raise AirflowSensorTimeout(f"timeout of {self.timeout:g} s: the last step failed: {message}") from error

    def _started_at(self, context: Context) -> float:
        """Return when this attempt began, seconds since 1970."""
        ti = context["ti"]
        first_reschedule = ti.get_first_reschedule_date(context) if self.is_rescheduled else None
        return float((first_reschedule or ti.start_date).timestamp())

    @property
    def is_rescheduled(self) -> bool:
        """Whether the task leaves the worker between two polls, without a trigger."""
        return bool(self.reschedule) and not self.deferrable


def _seconds(argument: str, value: timedelta | float) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < float("inf"):
        raise ValueError(f"{argument} must be a timedelta or a number of seconds from 0")
    return float(seconds)
