"""Chooses the days that a catch-up audits: those of the window that are not settled and have a send log, in order.

It takes plain values and needs no operator. No request is sent to the service.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import one_line
from airflow_provider_dysms.storage.audited_days.list_days import list_audited_days
from airflow_provider_dysms.storage.day_placeholder import render_day
from airflow_provider_dysms.storage.inputs import has_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date, datetime

    from airflow_provider_dysms.storage.audited_days.audited_day import AuditedDay


def find_unsettled(
    *,
    output_uri: str,
    through: date,
    lookback_days: int,
    limit: int | None,
    partition: str,
    sent_uri: str | None,
    now: datetime,
    log: Any,
    report: Callable[[int], None] = lambda unsettled: None,
) -> list[date]:
    """Return the days to audit: the one about to leave the window first, then ``through``, then the oldest first.

    :param output_uri: the transfer's
    :param through: the last day
    :param lookback_days: number of days that are looked at, ``through`` included
    :param limit: largest number of days to return; ``None`` for all
    :param partition: the transfer's
    :param sent_uri: the transfer's; a day without a file there is named and left out. ``None``: logs are not looked for
    :param now: the current instant
    :param log: the task's logger; it gets the reason for each day that is returned, and the days that have to wait
    :param report: takes the number of days that are not settled, those that have to wait included, for a metric
    :raises DysmsInputError: ``through`` is in the future, or an argument cannot be used
    :raises DysmsStorageError: a store does not answer
    :raises AirflowSkipException: the service does not remember any of the days
    """
    days = _remembered(through, lookback_days, now)
    audited = list_audited_days(output_uri, days, partition=partition, now=now)
    _log_states(audited, log)
    open_days = [day for day in audited if not day.is_settled]
    report(len(open_days))
    without_log = [day for day in open_days if sent_uri is not None and not _has_log(sent_uri, day.day)]
    ready = in_order((day for day in open_days if day not in without_log), through)
    chosen, later = ready[:limit], ready[len(ready[:limit]) :]
    _log_choice(chosen, later, without_log, log)
    return [day.day for day in chosen]


def in_order(days: Iterable[AuditedDay], through: date) -> list[AuditedDay]:
    """Return days in the order in which they are audited, so that a backlog neither loses a day nor delays the newest.

    :param days: in any order
    :param through: the day that comes second, after the day that the service forgets next
    """
    return sorted(days, key=lambda each: (each.days_left > 0, each.day != through, each.day))


def _remembered(through: date, lookback_days: int, now: datetime) -> list[date]:
    first, today = dates.window(now)
    if through > today:
        raise DysmsInputError("through", f"({through}) is in the future; in Beijing it is {today}")
    days = dates.remembered_days(through, lookback_days, now)
    if not days:
        raise AirflowSkipException(
            f"The service does not remember {through} nor the days before it: in Beijing it is {today}, and its "
            f"records begin at {first}"
        )
    return days


def _has_log(sent_uri: str, day: date) -> bool:
    return has_inputs(render_day(sent_uri, day, "sent_uri"))


def _log_states(days: Sequence[AuditedDay], log: Any) -> None:
    counts = Counter(day.state for day in days)
    states = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    log.info("The days from %s to %s: %s", days[0].day, days[-1].day, states)
    for day in days:
        if day.problem:
            log.warning("%s counts as unsettled: it %s", day.day, one_line(day.problem))


def _log_choice(
    chosen: Sequence[AuditedDay], later: Sequence[AuditedDay], without_log: Sequence[AuditedDay], log: Any
) -> None:
    if chosen:
        listed = ", ".join(f"{day.day} ({day.state})" for day in chosen)
        log.info("To be audited, in this order: %s", listed)
    elif not without_log:
        log.info("Nothing is left to audit: every day is settled")
    if later:
        log.info("The limit leaves %s for the next run: %s", _counted(later), _listed(later))
    if without_log:
        log.warning("%s without a send log must wait for the next run: %s", _counted(without_log), _listed(without_log))
    for day in without_log:
        if not day.days_left:
            log.warning("The service forgets %s after today, and its send log is missing", day.day)
    for day in later:
        if not day.days_left:
            log.warning("The service forgets %s after today, and the limit leaves it out: raise it", day.day)


def _counted(days: Sequence[AuditedDay]) -> str:
    return f"{len(days)} day{'s' * (len(days) > 1)}"


def _listed(days: Sequence[AuditedDay]) -> str:
    return ", ".join(str(day.day) for day in days)
