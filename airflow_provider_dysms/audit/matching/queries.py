"""The questions that an audit asks: of which days, for whom, each one once.

Near midnight the service may date a message by the other day, and the day beside the audited one is asked as well; what
lies in the future, or is forgotten, is not asked for.
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
    """One QuerySendDetails."""

    phone_number: str
    day: date
    biz_id: str | None

    def __repr__(self) -> str:
        return f"Question(day={self.day})"


@dataclass(frozen=True, slots=True)
class AuditScope:
    """What an audit is about.

    :param keyed: whether the log is more than a list of questions
    :param start: when ``send_date`` begins
    """

    send_date: date
    as_of: datetime
    match: Match = "auto"
    keyed: bool = True
    start: datetime = field(init=False)
    _late: datetime = field(init=False)

    def __post_init__(self) -> None:
        start = day_start(self.send_date)
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "_late", start + DAY - MIDNIGHT_SLACK)

    def remembered(self, days: set[date]) -> list[date]:
        """Return the days that the service can be asked for, the audited one first."""
        first, last = window(self.as_of)
        return sorted((day for day in days if first <= day <= last), key=lambda day: (day != self.send_date, day))

    def is_well_within(self, instant: datetime) -> bool:
        """Say whether an instant lies in the audited day, and not near its end."""
        return self.start <= instant < self._late

    def distance(self, instant: datetime) -> timedelta:
        """Return how far outside the audited day an instant lies."""
        return max(self.start - instant, instant - (self.start + DAY), _NONE)


def check_match(log: SendLog, match: Match) -> None:
    """Refuse a way of matching that no line of the log has the key for.

    :raises DysmsInputError: naming ``match``
    """
    if match not in get_args(Match):
        raise DysmsInputError("match", f"is none of {', '.join(get_args(Match))}: {safe_repr(match)}")
    if match == "auto":
        return
    to_query = (line for line in log.lines if line.rejection is None and line.message_id is None)
    has_key = (getattr(line, match) is not None for line in to_query)
    if next(has_key, True) is False and not any(has_key):
        raise DysmsInputError("match", f"is {match!r}, and no line of the log has one; name its column, or use 'auto'")


def first_questions(lines: Sequence[Line], scope: AuditScope) -> list[DetailQuery]:
    """Return what the lines of one number ask to begin with, each question once."""
    return _questions(lines, scope, _days)


def second_questions(lost: Sequence[Line], scope: AuditScope) -> list[DetailQuery]:
    """Return what lines of a log without a record ask next: the day across midnight, if that may have it.

    A message accepted shortly before midnight may be dated the day after; one that the log dates shortly after midnight
    may have been accepted before.
    """
    return _questions(lost, scope, _other_day)


def key_of(line: Line, scope: AuditScope) -> tuple[str | None, str | None]:
    """Return the BizId and the OutId of a line, as far as the chosen way of matching looks at them."""
    return (
        line.biz_id if scope.match in ("auto", "biz_id") else None,
        line.out_id if scope.match != "sent_at" else None,
    )


def _questions(
    lines: Sequence[Line], scope: AuditScope, days_of: Callable[[Line, AuditScope], list[date]]
) -> list[DetailQuery]:
    asked: dict[DetailQuery, None] = {}
    for line in lines:
        assert line.phone is not None
        biz_id, _ = key_of(line, scope)
        for day in days_of(line, scope):
            asked[DetailQuery(line.phone.digits, day, biz_id)] = None
    return list(asked)


def _days(line: Line, scope: AuditScope) -> list[date]:
    if line.sent_at is None or scope.is_well_within(line.sent_at):
        return [scope.send_date]
    days = {beijing_day(line.sent_at), beijing_day(line.sent_at + MIDNIGHT_SLACK)}
    return scope.remembered(days) or [scope.send_date]  # who answers says no to a day that is forgotten


def _other_day(line: Line, scope: AuditScope) -> list[date]:
    day = beijing_day(line.sent_at - MIDNIGHT_SLACK) if line.sent_at else scope.send_date + DAY
    return scope.remembered({day})
