"""One wait on a worker: polls, takes over what a trigger found out, and judges whether the wait has ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowTaskTimeout

from airflow_provider_dysms.exceptions import DysmsDeliveryFailed, DysmsTaskError, DysmsTaskFailed, airflow_errors
from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.sensors.poll import RETRY_POLICY, poll_open
from airflow_provider_dysms.sensors.state_store import MAX_TRIGGER_BYTES, push_reports, store_reports, stored_size
from airflow_provider_dysms.sensors.summary import is_lost, report_rows, summarize
from airflow_provider_dysms.waits.serialization import WaitResult, pack
from airflow_provider_dysms.waits.targets import WatchedSendDetail
from airflow_provider_dysms.waits.wait import Certainty, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_dysms.hooks.dysms import DysmsHook
    from airflow_provider_dysms.model.reports import Report
    from airflow_provider_dysms.sensors.wait_config import WaitConfig

#: Messages that an error names one by one.
MAX_NAMED = 5


class WorkerWait:
    """A wait that is going on.

    :param hook: makes the requests, and has the key of the connection's ``privacy_secret``
    :param config: what the wait watches
    :param known: reports that are already known, by position
    """

    def __init__(self, hook: DysmsHook, config: WaitConfig, known: Mapping[int, Report]) -> None:
        self.hook = hook
        self.config = config
        self.wait = Wait(
            config.goal,
            config.pace,
            started_at=config.started_at,
            deadline=config.deadline,
            until_all_final=config.until_all_final,
            known=known,
        )
        self._limit = config.limit
        self._has_ended = False  # in the triggerer

    def poll(self, log: Any) -> bool:
        """Query every open message once, log temporary errors, and return whether the time is over.

        :param log: the task's logger
        :raises DysmsTaskFailed: a permanent error
        """
        with airflow_errors():
            errors = self.hook.run(lambda client: poll_open(client, self.wait, self.config.watched), retry=RETRY_POLICY)
        if errors:
            log.warning(
                "Queries for %d message(s) failed and will be repeated; first error: %s", len(errors), errors[0]
            )
        states = [report.state for report in self.wait.reports]
        arrived, still_open = states.count(State.DELIVERED), states.count(State.WAITING)
        log.info("%d of %d messages have arrived, %d are open", arrived, len(states), still_open)
        return time.time() >= self.config.deadline

    def apply_event(self, event: object) -> bool:
        """Take over what the trigger found out, and return whether the time is over.

        :param event: the payload of its event, of this release or another
        :raises DysmsTaskFailed: the event is about other messages, or the trigger ended in a permanent error
        :raises DysmsTaskError: the event is not readable, or the trigger ended in a temporary error
        """
        try:
            result = WaitResult.restore(event)
        except ValueError as error:
            raise DysmsTaskError(f"{error}; the next attempt starts the wait again") from None
        if result.digest in self.config.digests:
            self.wait.merge(result.reports, result.absent)
        if result.ended == "refused":
            error_type = DysmsTaskFailed if result.is_lasting else DysmsTaskError
            raise error_type(result.error or "the trigger ended without a reason")
        if result.digest not in self.config.digests:
            raise DysmsTaskFailed(
                "The task names other messages than when its wait began; take them from a source that does not change "
                "while the task waits, such as an upstream task's XCom"
            )
        self._limit = result.limit
        self._has_ended = result.ended in ("decided", "timeout")
        return result.ended == "timeout" or time.time() >= self.config.deadline

    def judge(self, *, is_over: bool, fail_on_failed: bool) -> list[dict[str, Any]] | None:
        """Return the reports if the end of the wait is certain, ``None`` if the wait must go on.

        :param is_over: whether the time is over. If it is, or if the trigger has ended the wait, a certain end counts
            although some messages are not final
        :param fail_on_failed: whether to raise if too few messages can still arrive
        :raises DysmsDeliveryFailed: too few messages can still arrive
        :raises AirflowSensorTimeout: the time is over, and nothing is certain
        :raises AirflowTaskTimeout: the same, if ``execution_timeout`` is the limit
        """
        certainty = self.wait.certainty if is_over or self._has_ended else self.wait.decision
        summary = summarize(self.wait.final_reports(), self.config.goal, self.config.wait_for)
        if certainty is Certainty.LOST and fail_on_failed:
            raise DysmsDeliveryFailed(f"{summary}. {self._first_lost()}", self.rows)
        if certainty is not Certainty.OPEN:
            return self.rows
        if not is_over:
            return None
        timeout_error = AirflowTaskTimeout if self._limit == "execution_timeout" else AirflowSensorTimeout
        raise timeout_error(f"{self._limit} of {self.config.limit_seconds:g} s: {summary}")

    def trigger(self, make_trigger: Callable[[DysmsHook, WaitConfig, str], BaseTrigger]) -> BaseTrigger:
        """Return the trigger that goes on with the wait.

        :param make_trigger: takes the hook, the config, and the reports that are known, packed
        """
        trigger = make_trigger(self.hook, self.config, pack(self.wait.known_reports()))
        if stored_size(trigger) <= MAX_TRIGGER_BYTES:
            return trigger
        return make_trigger(self.hook, self.config, "")  # the trigger queries the known messages again

    def store_reports(self, context: Context, log: Any) -> None:
        """Store the reports for the next poll, if this Airflow can."""
        store_reports(context, self.config.digests[0], self.wait.known_reports(), log)

    def push_reports(self, context: Context, log: Any) -> None:
        """Push the reports to XCom, for a task that ends without returning them."""
        push_reports(context, self.rows, log)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One report per message, as if the wait ended now."""
        return report_rows(self.config.watched, self.wait.final_reports())

    def _first_lost(self) -> str:
        """Name some messages that did not arrive: by position, and by their id or the token of their number."""
        lost = [position for position, report in enumerate(self.wait.final_reports()) if is_lost(report)][:MAX_NAMED]
        return f"The first that did not: {', '.join(f'{position} ({self._name(position)})' for position in lost)}"

    def _name(self, position: int) -> str:
        watched = self.config.watched[position]
        if isinstance(watched, WatchedSendDetail):
            return f"token {self.hook.privacy_key.phone_token(watched.phone_number)}"
        return f"id {watched.message_id}"
