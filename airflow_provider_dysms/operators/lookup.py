"""Looks at the service for what an earlier try of a task may have sent, by number and OutId."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow_provider_dysms.api import dates
from airflow_provider_dysms.hooks.dysms import DysmsTaskFailed

if TYPE_CHECKING:
    from datetime import date

    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.api.records import SendDetail
    from airflow_provider_dysms.operators.tries import Doubt

#: Clocks differ by less than this.
SKEW = timedelta(minutes=15)

#: A request may wait in line for a while before it leaves, and is dated by the service.
LINGER = timedelta(hours=1)

#: One request carries all numbers, so a few of them tell of all.
MOST_ASKED = 10

#: Seconds between questions: the first pause, doubled up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0


async def find(
    client: DysmsClient, numbers: list[str], out_id: str, template_code: str, doubt: Doubt, settle: float
) -> tuple[date, SendDetail] | None:
    """Return the day and the record of what an earlier try sent; ``None`` where it certainly sent nothing.

    It is no proof that the service shows nothing right after a send, so it is asked until ``settle`` is over.

    :param numbers: whom it was for, as the API takes them
    :param out_id: the id that it was sent with
    :param template_code: what it was sent with
    :param doubt: when it may have been sent
    :param settle: seconds after which the service shows what was sent
    :raises DysmsTaskFailed: it may have been sent on a day that the service no longer remembers
    """
    deadline = doubt.until + timedelta(seconds=settle)
    pause = FIRST_PAUSE
    while True:
        now = datetime.now(UTC)
        first, last = dates.beijing_day(doubt.since - SKEW), dates.beijing_day(min(doubt.until + LINGER, now))
        oldest, _ = dates.window(now)
        for day in _days(max(first, oldest), last):
            for number in numbers[:MOST_ASKED]:
                for record in await client.query_send_details(number, day):
                    if _is_ours(record, out_id, template_code, doubt):
                        return day, record
        if first < oldest:
            raise DysmsTaskFailed(
                f"An earlier try of this task may have sent on {first} or later, and the service remembers no day "
                f"before {oldest}. Start a new run to send again."
            )
        if now >= deadline:
            return None
        await asyncio.sleep(min(pause, (deadline - now).total_seconds()))
        pause = min(2 * pause, LONGEST_PAUSE)


def _is_ours(record: SendDetail, out_id: str, template_code: str, doubt: Doubt) -> bool:
    """An id that its user gave twice may be of an older send."""
    return (
        record.out_id == out_id
        and record.template_code in (template_code, None)
        and (record.sent_at is None or record.sent_at >= doubt.since - SKEW)
    )


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=count) for count in range((last - first).days + 1)]
