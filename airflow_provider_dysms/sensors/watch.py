"""One wait as a worker sees it: it looks, judges and remembers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.api.delivery import State
from airflow_provider_dysms.hooks.dysms import airflow_errors
from airflow_provider_dysms.sensors.endings import rows
from airflow_provider_dysms.sensors.look import PATIENCE, ask_open
from airflow_provider_dysms.waits.stored import pack, unpack
from airflow_provider_dysms.waits.wait import Outcome, Pace, Wait
from airflow_provider_dysms.waits.watched import WatchedSendDetail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from airflow_provider_dysms.api.reports import Report
    from airflow_provider_dysms.hooks.dysms import DysmsHook
    from airflow_provider_dysms.waits.watched import Watched

#: Under which Airflow's task state keeps reports between the pokes of a rescheduled task.
STATE_KEY = "dysms_reports"


@dataclass(slots=True)
class Watch:
    """A wait with everything that a look needs.

    :param hook: asks, through the connection that it looked up once
    :param watched: the messages, by position
    :param digest: of the messages
    :param wait: what is known
    :param started_at: when it began, seconds since 1970
    :param deadline: when it ends, whatever is known
    :param limit: what the deadline comes from: ``timeout`` or ``execution_timeout``
    """

    hook: DysmsHook
    watched: Sequence[Watched]
    digest: str
    wait: Wait
    started_at: float
    deadline: float
    limit: str

    def look(self, log: Any) -> None:
        """Ask every open message once; what passes is logged.

        :raises DysmsTaskFailed: what does not pass
        """
        with airflow_errors():
            errors = self.hook.run(lambda client: ask_open(client, self.wait, self.watched), retry=PATIENCE)
        if errors:
            log.warning("%d message(s) gave no answer and are asked again; the first: %s", len(errors), errors[0])
        states = [report.state for report in self.wait.reports]
        arrived, still_open = states.count(State.DELIVERED), states.count(State.WAITING)
        log.info("%d of %d messages have arrived, %d are open", arrived, len(states), still_open)

    def outcome(self, *, is_over: bool) -> Outcome:
        """Return what is certain; when the wait is over, also where not every message is final."""
        if not is_over:
            return self.wait.outcome
        return Wait(self.wait.goal, Pace(), started_at=0, deadline=0, known=self.wait.found()).outcome

    @property
    def reports(self) -> list[Report]:
        """One report a message, as if the wait ended now."""
        return self.wait.final_reports()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The same, as a task returns it."""
        return rows(self.watched, self.reports)

    def remember(self, context: Context, log: Any) -> None:
        """Keep the reports for the next poke, where this Airflow can."""
        # A message that is missing may turn up; the others have been seen.
        known = {at: report for at, report in self.wait.found().items() if report.state is not State.MISSING}
        if known and (store := context.get("task_state_store")):
            try:
                store.set(STATE_KEY, {"digest": self.digest, "reports": pack(known)})
            except Exception as error:
                log.warning("Airflow did not keep the reports until the next poke: %s", error)


def remembered(context: Context, digest: str, log: Any) -> Mapping[int, Report]:
    """Return the reports that an earlier poke of the same messages kept."""
    if store := context.get("task_state_store"):
        try:
            kept = store.get(STATE_KEY)
            if isinstance(kept, dict) and kept.get("digest") == digest:
                return unpack(str(kept["reports"]))
        except Exception as error:
            log.warning("The reports of earlier pokes are not to be had, and everything is asked again: %s", error)
    return {}


def identity(watched: Watched) -> list[str | None]:
    """Return what tells a message from every other."""
    number = [watched.phone_number] if isinstance(watched, WatchedSendDetail) else []
    return [*number, *watched.handle.values()]
