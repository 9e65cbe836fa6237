"""One wait as a worker sees it: it looks, hears from the trigger, and judges."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowTaskTimeout

from airflow_provider_dysms.exceptions import DysmsDeliveryFailed, DysmsTaskError, DysmsTaskFailed, airflow_errors
from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.sensors.poll import PATIENCE, ask_open
from airflow_provider_dysms.sensors.state_store import MOST_STORED, keep_for_downstream, keep_for_next_poke, stored_size
from airflow_provider_dysms.sensors.summary import is_lost, rows, sentence
from airflow_provider_dysms.waits.serialization import WaitResult, WaitSpec, pack
from airflow_provider_dysms.waits.targets import WatchedSendDetail
from airflow_provider_dysms.waits.wait import Certainty, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_dysms.hooks.dysms import DysmsHook
    from airflow_provider_dysms.model.reports import Report
    from airflow_provider_dysms.waits.goal import Goal
    from airflow_provider_dysms.waits.targets import Watched
    from airflow_provider_dysms.waits.wait import Pace

#: Messages that an error names one by one.
MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitConfig:
    """What a wait is about, and when it is over.

    :param watched: the messages, by position
    :param digests: of the messages: the one that is stored, and those that earlier releases and secrets stored
    :param goal: how many must arrive
    :param wait_for: the same, as the user wrote it
    :param pace: when to ask again
    :param until_all_final: go on until nothing is open
    :param started_at: when it began, seconds since 1970
    :param seconds: how long it may take
    :param limit: what says so: ``timeout`` or ``execution_timeout``
    """

    watched: Sequence[Watched]
    digests: tuple[str, ...]
    goal: Goal
    wait_for: object
    pace: Pace
    until_all_final: bool
    started_at: float
    seconds: float
    limit: str

    @property
    def deadline(self) -> float:
        """When the wait ends, whatever is known."""
        return self.started_at + self.seconds

    def plan(self, known: str) -> WaitSpec:
        """Return it as it goes into a trigger's arguments, as of now.

        :param known: reports, packed
        """
        return WaitSpec(
            digest=self.digests[0],
            count=self.goal.count,
            needed=self.goal.needed,
            started_at=self.started_at,
            asked_at=time.time(),
            deadline=self.deadline,
            limit=self.limit,
            until_all_final=self.until_all_final,
            poke_interval=self.pace.first,
            max_poke_interval=self.pace.longest,
            grace_period=self.pace.grace,
            known=known,
        )


class WorkerWait:
    """A wait that goes on.

    :param hook: asks, through the connection that it looked up once
    :param terms: what it is about
    :param known: reports that are known already
    """

    def __init__(self, hook: DysmsHook, terms: WaitConfig, known: Mapping[int, Report]) -> None:
        self.hook = hook
        self.terms = terms
        self.wait = Wait(
            terms.goal,
            terms.pace,
            started_at=terms.started_at,
            deadline=terms.deadline,
            until_all_final=terms.until_all_final,
            known=known,
        )
        self._limit = terms.limit
        self._has_ended = False  # in the triggerer

    def look(self, log: Any) -> bool:
        """Ask every open message once, log what passes, and return whether the time is over.

        :raises DysmsTaskFailed: what does not pass
        """
        with airflow_errors():
            errors = self.hook.run(lambda client: ask_open(client, self.wait, self.terms.watched), retry=PATIENCE)
        if errors:
            log.warning("%d message(s) gave no answer and are asked again; the first: %s", len(errors), errors[0])
        states = [report.state for report in self.wait.reports]
        arrived, still_open = states.count(State.DELIVERED), states.count(State.WAITING)
        log.info("%d of %d messages have arrived, %d are open", arrived, len(states), still_open)
        return time.time() >= self.terms.deadline

    def hear(self, event: object) -> bool:
        """Take what the trigger found out, and return whether the time is over.

        :param event: the payload of its event, of this release or another
        :raises DysmsTaskFailed: the event is about other messages, or the trigger was refused for good
        :raises DysmsTaskError: the event is not readable, or the trigger ended in something that may pass
        """
        try:
            ending = WaitResult.restore(event)
        except ValueError as error:
            raise DysmsTaskError(f"{error}; the next try begins the wait anew") from None
        if ending.digest in self.terms.digests:
            self.wait.learn(ending.reports, ending.absent)
        if ending.ended == "refused":
            refused = DysmsTaskFailed if ending.is_lasting else DysmsTaskError
            raise refused(ending.error or "the trigger ended without a reason")
        if ending.digest not in self.terms.digests:
            raise DysmsTaskFailed(
                "The task names other messages than when its wait began; let them come from something that does not "
                "change while it waits, such as an upstream task's XCom"
            )
        self._limit = ending.limit
        self._has_ended = ending.ended in ("decided", "timeout")
        return ending.ended == "timeout" or time.time() >= self.terms.deadline

    def judge(self, *, is_over: bool, fail_on_failed: bool) -> list[dict[str, Any]] | None:
        """Return the reports where the outcome is certain, ``None`` where it is open.

        :param is_over: whether the time is over. When it is, and when the trigger has ended the wait, what is certain
            counts, even if not everything is final
        :param fail_on_failed: whether a bad outcome is raised
        :raises DysmsDeliveryFailed: enough can arrive no more
        :raises AirflowSensorTimeout: the time is over, and nothing is certain
        :raises AirflowTaskTimeout: the same, by ``execution_timeout``
        """
        outcome = self.wait.certainty if is_over or self._has_ended else self.wait.outcome
        said = sentence(self.wait.final_reports(), self.terms.goal, self.terms.wait_for)
        if outcome is Certainty.LOST and fail_on_failed:
            raise DysmsDeliveryFailed(f"{said}. {self._first_lost()}", self.rows)
        if outcome is not Certainty.OPEN:
            return self.rows
        if not is_over:
            return None
        timed_out = AirflowTaskTimeout if self._limit == "execution_timeout" else AirflowSensorTimeout
        raise timed_out(f"{self._limit} of {self.terms.seconds:g} s: {said}")

    def trigger(self, make: Callable[[DysmsHook, WaitConfig, str], BaseTrigger]) -> BaseTrigger:
        """Return what goes on with the wait in the triggerer.

        :param make: takes the hook, the terms, and the reports that are known, packed
        """
        trigger = make(self.hook, self.terms, pack(self.wait.found()))
        # What is known already is asked again where it does not fit.
        return trigger if stored_size(trigger) <= MOST_STORED else make(self.hook, self.terms, "")

    def keep_for_next_poke(self, context: Context, log: Any) -> None:
        """Keep what is known, where this Airflow can."""
        keep_for_next_poke(context, self.terms.digests[0], self.wait.found(), log)

    def keep_for_downstream(self, context: Context, log: Any) -> None:
        """Push the reports to XCom before the task ends otherwise than by returning them."""
        keep_for_downstream(context, self.rows, log)

    def _first_lost(self) -> str:
        """Name some of the messages that did not arrive: by position, and by id or by the token of their number."""
        lost = [place for place, report in enumerate(self.wait.final_reports()) if is_lost(report)][:MOST_NAMED]
        return f"The first that did not: {', '.join(f'{place} ({self._named(place)})' for place in lost)}"

    def _named(self, place: int) -> str:
        each = self.terms.watched[place]
        if isinstance(each, WatchedSendDetail):
            return f"token {self.hook.privacy_key.phone_token(each.phone_number)}"
        return f"id {each.message_id}"

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One report a message, as if the wait ended now."""
        return rows(self.terms.watched, self.wait.final_reports())
