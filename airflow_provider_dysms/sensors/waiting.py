"""The wait that both sensors share, in each of Airflow's modes.

All modes go through ``BaseSensorOperator.execute``, which pokes: that is what gives them the same ends. A task that
comes back from the triggerer pokes too, with what the trigger found out in place of a look.
"""

from __future__ import annotations

import json
import time
from abc import abstractmethod
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

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

from airflow_provider_dysms.api.dates import RECEIPT_TIME
from airflow_provider_dysms.api.errors import DysmsInputError
from airflow_provider_dysms.hooks.dysms import DysmsHook, DysmsTaskError, DysmsTaskFailed, airflow_errors
from airflow_provider_dysms.sensors.endings import DysmsDeliveryFailed, sentence
from airflow_provider_dysms.sensors.watch import Watch, identity, remembered
from airflow_provider_dysms.waits.goal import Goal
from airflow_provider_dysms.waits.stored import Ending, Plan, pack
from airflow_provider_dysms.waits.wait import Outcome, Pace, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_dysms.waits.watched import Watched

#: Most messages that one task watches.
MOST_MESSAGES = 1000

#: What MySQL keeps of a trigger's arguments, encrypted.
MOST_STORED = 65_535

#: Airflow interrupts a poking task by an alarm, which an event loop can swallow; so many seconds later we end it.
ALARM_SLACK = 5.0

MAP_IT = "map the task over parts of the list (expand)"

#: Seconds by which Airflow's timeout of a trigger lies behind the end of the trigger's own last look.
TRIGGER_SLACK = 60.0


class DysmsWaitSensor(BaseSensorOperator):
    """Base of the sensors that wait until messages have arrived.

    It ends as soon as the outcome is certain. The result is a list with one report a message: ``message`` (position,
    from 0), what names it (``message_id``, or ``biz_id`` and ``out_id``), ``state`` (``delivered``, ``failed``,
    ``expired``, ``missing``, ``waiting``), ``category``, ``fault``, ``error_code``, ``sent_at``, ``received_at``,
    ``is_final``. However else a wait ends, the reports are in XCom under the key ``reports``.

    It ends the same way in the modes ``poke`` and ``reschedule`` and deferred:

    ============================== ============================== =========== ========= ==========
    what happened                  raised                         tried again soft_fail never_fail
    ============================== ============================== =========== ========= ==========
    enough have arrived            nothing
    enough can arrive no more      ``DysmsDeliveryFailed``        no          skipped   skipped
    same, ``fail_on_failed=False`` nothing
    ``timeout``                    ``AirflowSensorTimeout``       no          skipped   skipped
    ``execution_timeout``          ``AirflowTaskTimeout``         yes         skipped   skipped
    wrong argument, refused        ``DysmsTaskFailed``            no          skipped   skipped
    connection not found           ``DysmsTaskError``             yes         failed    skipped
    trigger failed                 ``TaskDeferralError``          yes         failed    skipped
    ============================== ============================== =========== ========= ==========

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

    _watch: Watch | None = None
    _find_out: Callable[[Watch], PokeReturnValue]

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
    def _watched(self, hook: DysmsHook, began: datetime) -> list[Watched]:
        """Return the messages that the arguments name, for a wait that began at an instant.

        :raises DysmsInputError: they name none
        """

    @abstractmethod
    def _digest(self, hook: DysmsHook, identities: bytes) -> str:
        """Return what tells one list of messages from another."""

    @abstractmethod
    def _trigger(self, hook: DysmsHook, watched: Sequence[Watched], plan: Plan) -> BaseTrigger:
        """Return what waits in the triggerer."""

    def execute(self, context: Context) -> Any:
        return self._wait(context, self._look)

    def execute_complete(self, context: Context, event: Any) -> Any:
        """Go on where the trigger ended."""
        return self._wait(context, partial(self._hear, event=event))

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
        find_out, self._find_out = self._find_out, self._look
        if self._watch is None:
            with airflow_errors():
                self._watch = self._begin(context)
        found = find_out(self._watch)
        if self._is_rescheduled and not found:
            self._watch.remember(context, self.log)
        return found

    def _get_next_poke_interval(
        self, started_at: datetime | float, run_duration: Callable[[], float], poke_count: int
    ) -> float:
        """Return the gap that the wait's age asks for; a deferrable task spends it in the triggerer."""
        if self._watch is None:  # with silent_fail: something went wrong before the first look
            return float(self.poke_interval)
        if self.deferrable:
            self._defer(self._watch)
        return self._watch.wait.gap(time.time())

    def _wait(self, context: Context, find_out: Callable[[Watch], PokeReturnValue]) -> Any:
        self._watch, self._find_out = None, find_out
        try:
            return super().execute(context)
        except AirflowRescheduleException:
            raise
        except (Exception, AirflowTaskTimeout) as error:
            if self._watch is not None and self.do_xcom_push:
                self._keep(context, self._watch.rows)
            # These two come from outside of a poke here: a sleep was interrupted, or Airflow counted the time itself.
            if isinstance(error, (AirflowSensorTimeout, AirflowTaskTimeout)) and (self.soft_fail or self.never_fail):
                name = "soft_fail" if self.soft_fail else "never_fail"
                raise AirflowSkipException(f"Skipping due to {name} is set to True.") from error
            raise

    def _begin(self, context: Context) -> Watch:
        """Check everything before anything is asked."""
        hook, started_at = DysmsHook(self.dysms_conn_id), self._started_at(context)
        watched = self._watched(hook, datetime.fromtimestamp(started_at, UTC))
        argument = self._argument
        identities = [identity(each) for each in watched]
        if len(watched) > MOST_MESSAGES:
            problem = f"names {len(watched)} messages, and one task watches up to {MOST_MESSAGES}: {MAP_IT}"
            raise DysmsInputError(argument, problem)
        for place, named in enumerate(identities, 1):
            if (first := identities.index(named) + 1) < place:
                raise DysmsInputError(argument, f"names a message twice (numbers {first} and {place} of the list)")
        goal = Goal.parse(self.wait_for, len(watched))
        _ = hook.settings  # said before anything is asked
        digest = self._digest(hook, json.dumps(identities).encode())
        limit, span = self._limit()
        pace = Pace(self.poke_interval, self._longest_gap, self.grace_period)
        wait = Wait(
            goal,
            pace,
            started_at=started_at,
            deadline=started_at + span,
            until_all_final=self.until_all_final,
            known=remembered(context, digest, self.log) if self._is_rescheduled else None,
        )
        watch = Watch(hook, watched, digest, wait, started_at, started_at + span, limit)
        if self.deferrable and (size := stored_size(self._trigger(hook, watched, self._plan(watch, "")))) > MOST_STORED:
            problem = (
                f"needs {size} bytes of Airflow's database for a deferred task, {MOST_STORED} are the most: {MAP_IT}"
            )
            raise DysmsInputError(argument, problem)
        return watch

    def _look(self, watch: Watch) -> PokeReturnValue:
        watch.look(self.log)
        return self._judge(watch, is_over=time.time() >= watch.deadline)

    def _look_once_more(self, watch: Watch, failure: TaskDeferralTimeout | TaskDeferralError) -> PokeReturnValue:
        """Judge a wait whose trigger brought no reports."""
        watch.look(self.log)
        return self._judge(watch, is_over=True, failure=failure if isinstance(failure, TaskDeferralError) else None)

    def _hear(self, watch: Watch, event: Any) -> PokeReturnValue:
        """Judge by what the trigger found out."""
        try:
            ending = Ending.restore(event)
        except ValueError as error:
            raise DysmsTaskError(f"{error}; the task starts its wait again when it is tried again") from None
        if ending.digest == watch.digest:
            watch.wait.learn(ending.reports, ending.absent)
        if ending.ended == "refused":
            raise (DysmsTaskFailed if ending.is_lasting else DysmsTaskError)(
                ending.error or "the trigger gave no reason"
            )
        if ending.digest != watch.digest:
            raise DysmsTaskFailed(
                f"{self._argument} names other messages than when the wait began; let it come from something that does "
                "not change while the task waits, such as an upstream task's XCom"
            )
        watch.limit = ending.limit
        return self._judge(watch, is_over=ending.ended == "timeout")

    def _judge(self, watch: Watch, *, is_over: bool, failure: TaskDeferralError | None = None) -> PokeReturnValue:
        """Return the reports where the outcome is certain; raise where it is bad, or where there is no more time."""
        outcome = watch.outcome(is_over=is_over)
        said = sentence(watch.reports, watch.wait.goal, self.wait_for)
        if outcome is Outcome.LOST and self.fail_on_failed:
            raise DysmsDeliveryFailed(said, watch.rows)
        if outcome is not Outcome.OPEN:
            return PokeReturnValue(True, watch.rows)
        if failure is not None:
            raise failure
        if is_over:
            seconds = f"{watch.deadline - watch.started_at:g} s"
            timed_out = AirflowTaskTimeout if watch.limit == "execution_timeout" else AirflowSensorTimeout
            raise timed_out(f"{watch.limit} of {seconds}: {said}")
        return PokeReturnValue(False)

    def _defer(self, watch: Watch) -> None:
        from airflow_provider_dysms.triggers.dysms import LAST_LOOK

        trigger = self._trigger(watch.hook, watch.watched, self._plan(watch, pack(watch.wait.found())))
        if stored_size(trigger) > MOST_STORED:  # what is known already is asked again then
            trigger = self._trigger(watch.hook, watch.watched, self._plan(watch, ""))
        # The trigger's own deadline comes first, and brings the reports.
        left = max(watch.deadline - time.time(), 0) + LAST_LOOK + TRIGGER_SLACK
        self.defer(trigger=trigger, method_name="execute_complete", timeout=timedelta(seconds=left))

    def _plan(self, watch: Watch, known: str) -> Plan:
        return Plan(
            digest=watch.digest,
            count=watch.wait.goal.count,
            needed=watch.wait.goal.needed,
            started_at=watch.started_at,
            asked_at=time.time(),
            deadline=watch.deadline,
            limit=watch.limit,
            until_all_final=self.until_all_final,
            poke_interval=self.poke_interval,
            max_poke_interval=self._longest_gap,
            grace_period=self.grace_period,
            known=known,
        )

    def _keep(self, context: Context, reports: list[dict[str, Any]]) -> None:
        try:
            context["ti"].xcom_push(key="reports", value=reports)
        except Exception:
            self.log.exception("Airflow did not take the reports; what ended the wait follows")

    def _started_at(self, context: Context) -> float:
        ti = context["ti"]
        first = ti.get_first_reschedule_date(context) if self._is_rescheduled else None
        return float((first or ti.start_date).timestamp())

    def _limit(self) -> tuple[str, float]:
        """Return which time limit ends the wait, and how many seconds after its start."""
        execution = float("inf") if self.execution_timeout is None else self.execution_timeout.total_seconds()
        if self.mode == "poke" and not self.deferrable:
            execution += ALARM_SLACK  # the alarm comes first
        if execution < self.timeout and not self._is_rescheduled:
            return "execution_timeout", execution
        return "timeout", self.timeout

    @property
    def _argument(self) -> str:
        """The argument that names the messages."""
        return next(name for name in self.template_fields if getattr(self, name) is not None)

    @property
    def _is_rescheduled(self) -> bool:
        return bool(self.reschedule) and not self.deferrable

    @property
    def _longest_gap(self) -> float:
        longest = self.max_poke_interval
        return longest if self.max_wait is None else min(longest, self.max_wait.total_seconds())


def stored_size(trigger: BaseTrigger) -> int:
    """Return the bytes that Airflow's database needs for a trigger's arguments: JSON, encrypted by Fernet."""
    size = len(json.dumps(trigger.serialize()[1]))
    encrypted = 25 + (size // 16 + 1) * 16 + 32
    return -(-encrypted // 3) * 4


def _seconds(argument: str, value: timedelta | float) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < float("inf"):
        raise ValueError(f"{argument} must be a timedelta or a number of seconds, from 0")
    return float(seconds)
