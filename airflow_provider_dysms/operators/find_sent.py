"""Looks at the service for what an earlier try of a task may have sent, by number and OutId."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow_provider_dysms.exceptions import DysmsTaskFailed
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.dates import MAX_CLOCK_SKEW, SIGNATURE_LIFETIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.model.records import SendDetail
    from airflow_provider_dysms.operators.out_ids import OutId
    from airflow_provider_dysms.operators.send_journal import InDoubt

#: A request of an older release may wait in line for a while before it leaves, and is dated by the service.
LINGER = timedelta(hours=1)

#: An id that was not ours makes a send unclear from this long before the earlier try on. It is less than clocks may
#: differ by, so that the sends of the run before do not.
OTHERS_SKEW = timedelta(minutes=1)

#: One request carries all numbers, so a few of them tell of all, where the numbers are known to be the same.
MOST_ASKED = 10

#: Seconds between questions: the first pause, doubled up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0

#: When the clock of the service is behind ours, it is asked again after so long (s) whether it refuses the old request.
CLOCK_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class SendSearch:
    """What a look at the service has shown.

    :param found: the day and the record of what was sent
    :param again_at: nothing was found, and an earlier request may still be carried out: look again at this instant;
        ``None``, with nothing found: nothing was sent, and nothing will be
    """

    found: tuple[date, SendDetail] | None = None
    again_at: datetime | None = None


async def find_sent(
    client: DysmsClient,
    numbers: list[str],
    out_id: OutId,
    doubt: InDoubt,
    settle: float,
    *,
    lifetime: float = SIGNATURE_LIFETIME,
    template_code: str | None = None,
) -> SendSearch:
    """Find out what an earlier try sent.

    It is no proof that the service shows nothing right after a send; so it is asked for ``settle`` seconds. Nor is it
    proof that nothing was sent: an earlier try may be paused, or its request on its way. Nothing will come of that any
    more from when the service refuses its signature. Clocks differ, so the service itself is asked whether it does.

    :param numbers: whom it is for, as the API takes them
    :param out_id: the id that it is sent with
    :param doubt: when it may have been sent
    :param settle: seconds after which the service shows what was sent
    :param lifetime: seconds for which the service takes a signature
    :param template_code: what it is sent with, where an earlier try of which no note tells may have had another id
    :raises DysmsTaskFailed: it may have been sent on a day that the service no longer remembers, or under another id,
        or to some of the numbers
    """
    search = _Search(client, numbers, out_id, doubt, template_code)
    began = datetime.now(UTC)
    end = doubt.refused_from(lifetime) + timedelta(seconds=settle)
    deadline = min(end, began + timedelta(seconds=settle))
    found: tuple[date, SendDetail] | None = None
    missing = dict(enumerate(numbers, 1))
    pause = FIRST_PAUSE
    while True:
        now = datetime.now(UTC)
        is_last = now >= deadline
        is_over = now >= end and await search.is_refused(settle)  # before the last look, which must show all
        first, last = dates.beijing_day(doubt.since - MAX_CLOCK_SKEW), dates.beijing_day(min(doubt.until + LINGER, now))
        oldest, _ = dates.window(now)
        days = _days(max(first, oldest), last)
        if found is None:
            found = await search.any_of(numbers if is_last and not doubt.noted else numbers[:MOST_ASKED], days)
        if found is not None:
            if doubt.noted:
                return SendSearch(found)
            near = [day for day in days if abs((day - found[0]).days) <= 1]
            missing = {place: number for place, number in missing.items() if not await search.any_of([number], near)}
            if not missing:
                return SendSearch(found)
        elif first < oldest:
            raise DysmsTaskFailed(
                f"An earlier try of this task may have sent on {first} or later, and the service remembers no day "
                f"before {oldest}. Start a new run to send again."
            )
        if is_last:
            break
        await asyncio.sleep(min(pause, (deadline - now).total_seconds()))
        pause = min(2 * pause, LONGEST_PAUSE)
    if found is not None:
        raise DysmsTaskFailed(
            f"An earlier try of this task sent, but the service shows nothing of it for {len(missing)} of the "
            f"{len(numbers)} numbers (place(s) {_few(missing)} of the list). Has the list changed? What was sent is "
            "not sent again; start a new run with the numbers that are left."
        )
    if search.met_others:
        raise DysmsTaskFailed(search.others())
    if is_over:
        return SendSearch()
    return SendSearch(again_at=end if now < end else now + timedelta(seconds=min(lifetime, CLOCK_PAUSE)))


class _Search:
    """Looks for the records of one send, and takes note of others that may be its own after all."""

    def __init__(
        self, client: DysmsClient, numbers: list[str], out_id: OutId, doubt: InDoubt, template_code: str | None
    ) -> None:
        self._client = client
        self._numbers = numbers
        self._out_id = out_id
        self._doubt = doubt
        self._since = doubt.since
        self._noted = doubt.noted
        self._template_code = template_code
        self.met_others = False

    async def any_of(self, numbers: Sequence[str], days: list[date]) -> tuple[date, SendDetail] | None:
        for day in days:
            for number in numbers:
                for record in await self._client.query_send_details(number, day):
                    if self._is_ours(record):
                        return day, record
                    self.met_others |= not self._noted and self._may_be_ours(record)
        return None

    async def is_refused(self, settle: float) -> bool:
        """Say whether the service has refused the request in doubt for ``settle`` seconds, by its own clock."""
        if self._doubt.by_position:
            return True
        signed_by = self._doubt.signed_by or self._doubt.until
        return await self._client.is_signature_refused(signed_by + timedelta(seconds=settle), self._numbers[0])

    def others(self) -> str:
        """Say what the others are, and what to do."""
        if self._out_id.is_made:
            return (
                "An earlier try of this task sent another message to these numbers (signature, template or parameters "
                "differ), and that is not undone. Start a new run to send this."
            )
        return (
            f"An earlier try of this task may have sent: since then, these numbers were sent {self._template_code} "
            "under another OutId, and Airflow kept no note of the one that was used. out_id must be the same in every "
            "try of a task. Look into the console; if the text was not sent, start a new run."
        )

    def _is_ours(self, record: SendDetail) -> bool:
        """An id that its user gave twice may be of an older send."""
        fits = self._out_id.fits(record.out_id, anywhere=not self._noted)
        return fits and self._is_since(record, MAX_CLOCK_SKEW)

    def _may_be_ours(self, record: SendDetail) -> bool:
        if self._template_code is None:
            return False
        if self._out_id.is_made:
            return self._out_id.is_of_task(record.out_id) and self._is_since(record, MAX_CLOCK_SKEW)
        return (
            record.template_code in (self._template_code, None)
            and bool(record.out_id)
            and self._is_since(record, OTHERS_SKEW)
        )

    def _is_since(self, record: SendDetail, skew: timedelta) -> bool:
        return record.sent_at is None or record.sent_at >= self._since - skew


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=count) for count in range((last - first).days + 1)]


def _few(places: Iterable[int]) -> str:
    shown = [str(place) for place in places]
    return ", ".join(shown[:MOST_ASKED]) + (", ..." if len(shown) > MOST_ASKED else "")
