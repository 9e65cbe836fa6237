"""Decides which QuerySendDetails requests an audit makes: which days, for which number, each request once.

Near midnight, the service may date a message by the neighbouring day, so that day is queried as well. Days in the
future, and days that the service no longer remembers, are not queried.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, get_args

from airflow_provider_dysms.model.choices import Match as Match
from airflow_provider_dysms.model.dates import DAY, MIDNIGHT_SLACK, beijing_day, day_start, window
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import safe_repr

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.audit.send_log.log import SendLog

_NONE = timedelta(0)


class DetailQuery(NamedTuple):
    """The arguments of one QuerySendDetails request."""

    phone_number: str
    day: date
    biz_id: str | None

    def __repr__(self) -> str:
        return f"DetailQuery(day={self.day})"


@dataclass(frozen=True, slots=True)
class AuditScope:
    """The day that is audited, and how its lines find their records.

    :param as_of: when the audit began, aware
    :param match: the keys that are compared, see :func:`~airflow_provider_dysms.audit.run.audit`
    :param has_match_keys: whether the log has any id or time; if not, it is only a list of numbers
    :param start: when ``send_date`` begins, in UTC
    """

    send_date: date
    as_of: datetime
    match: Match = "auto"
    has_match_keys: bool = True
    start: datetime = field(init=False)
    _late: datetime = field(init=False)

    def __post_init__(self) -> None:
        start = day_start(self.send_date)
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "_late", start + DAY - MIDNIGHT_SLACK)

    def remembered(self, days: set[date]) -> list[date]:
        """Return the days that the service still remembers, the audited day first."""
        first, last = window(self.as_of)
        return sorted((day for day in days if first <= day <= last), key=lambda day: (day != self.send_date, day))

    def is_well_within(self, instant: datetime) -> bool:
        """Say whether an instant lies in the audited day, but not near its end."""
        return self.start <= instant < self._late

    def distance(self, instant: datetime) -> timedelta:
        """Return how far outside the audited day an instant lies."""
        return max(self.start - instant, instant - (self.start + DAY), _NONE)


def check_match(log: SendLog, match: Match) -> None:
    """Refuse a ``match`` for which no line of the log has the key.

    :raises DysmsInputError: naming ``match``
    """
    if match not in get_args(Match):
        raise DysmsInputError("match", f"must be one of {', '.join(get_args(Match))}, not {safe_repr(match)}")
    if match == "auto":
        return
    to_query = (line for line in log.lines if line.rejection is None and line.message_id is None)
    has_key = (getattr(line, match) is not None for line in to_query)
    if next(has_key, True) is False and not any(has_key):
        raise DysmsInputError("match", f"is {match!r}, but no line of the log has one; name its column, or use 'auto'")


def first_queries(lines: Sequence[Line], scope: AuditScope) -> list[DetailQuery]:
    """Return the queries that the lines of one number begin with, each once."""
    return _queries(lines, scope, _days)


def second_queries(lines: Sequence[Line], scope: AuditScope) -> list[DetailQuery]:
    """Return the next queries for lines without a record: for the day across midnight, if it may have the record.

    A message that was accepted shortly before midnight may be dated the day after. A message that the log dates shortly
    after midnight may have been accepted before midnight.
    """
    return _queries(lines, scope, _other_day)


def match_keys(line: Line, scope: AuditScope) -> tuple[str | None, str | None]:
    """Return the BizId and the OutId of a line; ``None`` for a key that the chosen ``match`` ignores."""
    return (
        line.biz_id if scope.match in ("auto", "biz_id") else None,
        line.out_id if scope.match != "sent_at" else None,
    )


def _queries(
    lines: Sequence[Line], scope: AuditScope, days_of: Callable[[Line, AuditScope], list[date]]
) -> list[DetailQuery]:
    queries: dict[DetailQuery, None] = {}
    for line in lines:
        assert line.phone is not None
        biz_id, _ = match_keys(line, scope)
        for day in days_of(line, scope):
            queries[DetailQuery(line.phone.digits, day, biz_id)] = None
    return list(queries)


def _days(line: Line, scope: AuditScope) -> list[date]:
    if line.sent_at is None or scope.is_well_within(line.sent_at):
        return [scope.send_date]
    days = {beijing_day(line.sent_at), beijing_day(line.sent_at + MIDNIGHT_SLACK)}
    return scope.remembered(days) or [scope.send_date]  # the client refuses a day that is forgotten


def _other_day(line: Line, scope: AuditScope) -> list[date]:
    day = beijing_day(line.sent_at - MIDNIGHT_SLACK) if line.sent_at else scope.send_date + DAY
    return scope.remembered({day})
