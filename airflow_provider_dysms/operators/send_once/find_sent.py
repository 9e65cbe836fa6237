"""Asks the service whether an earlier attempt of a task has sent its text, by phone number and OutId."""

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
    from airflow_provider_dysms.operators.send_once.journal import InDoubt
    from airflow_provider_dysms.operators.send_once.out_ids import OutId

    #: The day under which the service has a message, and its record.
    Found = tuple[date, SendDetail]

#: A request of an older release may be queued for a while before it is sent, and the service dates it.
MAX_QUEUED = timedelta(hours=1)

#: A record under a foreign id casts doubt on a send from this long before the earlier attempt on. It is less than
#: :data:`.MAX_CLOCK_SKEW`, so that the sends of the run before do not.
FOREIGN_SKEW = timedelta(minutes=1)

#: One request carries all numbers, so if the numbers are known to be the same, a few of them tell about all.
MAX_SAMPLE = 10

#: Seconds between two searches: the initial wait, doubled up to the longest.
WAIT_INITIAL, WAIT_MAX = 1.0, 30.0

#: Seconds after which a service whose clock is behind ours is asked again whether it refuses the old request.
CLOCK_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class SendSearch:
    """The result of a search at the service.

    :param found: the day and the record of the message that was sent
    :param again_at: nothing was found, and an earlier request may still be carried out: search again at this instant.
        ``None``, with nothing found: nothing was sent, and nothing will be
    """

    found: Found | None = None
    again_at: datetime | None = None


async def find_sent(
    client: DysmsClient,
    numbers: list[str],
    out_id: OutId,
    in_doubt: InDoubt,
    settle: float,
    *,
    lifetime: float = SIGNATURE_LIFETIME,
    template_code: str | None = None,
) -> SendSearch:
    """Find out whether an earlier attempt has sent.

    If the service shows nothing right after a send, that proves nothing; so it is asked for ``settle`` seconds. Even
    then an earlier attempt may be paused, or its request on its way. Neither can send any more once the service refuses
    the signature. Clocks differ, so the service itself is asked whether it does.

    :param numbers: the recipients, as the API takes them
    :param out_id: the id that the message is sent with
    :param in_doubt: the send whose outcome is unknown
    :param settle: seconds after which the service shows what was sent
    :param lifetime: seconds after which the service refuses a signed request
    :param template_code: the template of the message, if an attempt that the journal does not have may have used
        another OutId
    :raises DysmsTaskFailed: the message may have been sent on a day that the service no longer remembers, or under
        another id, or to some of the numbers
    """
    search = _Search(client, numbers, out_id, in_doubt, template_code)
    began = datetime.now(UTC)
    end = in_doubt.refused_from(lifetime) + timedelta(seconds=settle)
    deadline = min(end, began + timedelta(seconds=settle))
    found: Found | None = None
    missing = dict(enumerate(numbers, 1))
    wait = WAIT_INITIAL
    while True:
        now = datetime.now(UTC)
        is_last = now >= deadline
        # Asked before the last search, which must show everything.
        is_over = now >= end and await search.is_refused(settle)
        first = dates.beijing_day(in_doubt.since - MAX_CLOCK_SKEW)
        last = dates.beijing_day(min(in_doubt.until + MAX_QUEUED, now))
        # A day that the service is about to forget proves nothing any more.
        oldest, _ = dates.window(now + MAX_CLOCK_SKEW)
        days = _days(max(first, oldest), last)
        if found is None:
            asks_all = is_last and not in_doubt.is_complete
            found = await search.first_of(numbers if asks_all else numbers[:MAX_SAMPLE], days)
        if found is not None:
            if in_doubt.is_complete:
                return SendSearch(found)
            near = [day for day in days if abs((day - found[0]).days) <= 1]
            missing = {
                position: number for position, number in missing.items() if not await search.first_of([number], near)
            }
            if not missing:
                return SendSearch(found)
        elif first < oldest:
            raise DysmsTaskFailed(
                f"An earlier attempt of this task may have sent on {first} or later, and the service remembers no day "
                f"before {oldest}. Start a new run to send again."
            )
        if is_last:
            break
        await asyncio.sleep(min(wait, (deadline - now).total_seconds()))
        wait = min(2 * wait, WAIT_MAX)
    if found is not None:
        raise DysmsTaskFailed(
            f"An earlier attempt of this task has sent, but the service shows no record for {len(missing)} of the "
            f"{len(numbers)} numbers (number(s) {_some(missing)} of the list). Has the list changed? What was sent is "
            "not sent again; start a new run with the remaining numbers."
        )
    if search.has_foreign:
        raise DysmsTaskFailed(search.foreign_problem())
    if is_over:
        return SendSearch()
    return SendSearch(again_at=end if now < end else now + timedelta(seconds=min(lifetime, CLOCK_WAIT)))


class _Search:
    """Searches for the records of one send; remembers whether there are others that may belong to it too.

    :attr:`has_foreign` is true once a record was seen under another id that an earlier attempt may have used.
    """

    def __init__(
        self, client: DysmsClient, numbers: list[str], out_id: OutId, in_doubt: InDoubt, template_code: str | None
    ) -> None:
        self._client = client
        self._numbers = numbers
        self._out_id = out_id
        self._in_doubt = in_doubt
        self._template_code = template_code
        self.has_foreign = False

    async def first_of(self, numbers: Sequence[str], days: list[date]) -> Found | None:
        """Return the first record of the send to one of these numbers on one of these days."""
        for day in days:
            for number in numbers:
                for record in await self._client.query_send_details(number, day):
                    if self._is_ours(record):
                        return day, record
                    self.has_foreign |= not self._in_doubt.is_complete and self._may_be_ours(record)
        return None

    async def is_refused(self, settle: float) -> bool:
        """Return whether the service has refused the request in doubt for ``settle`` seconds, by its own clock."""
        if self._in_doubt.by_position:
            return True
        signed_by = self._in_doubt.signed_by or self._in_doubt.until
        return await self._client.is_signature_refused(signed_by + timedelta(seconds=settle), self._numbers[0])

    def foreign_problem(self) -> str:
        """Return what the foreign records are, and what to do about them."""
        if self._out_id.is_made:
            return (
                "An earlier attempt of this task sent another message to these numbers (signature, template or "
                "parameters differ), and that cannot be undone. Start a new run to send this."
            )
        return (
            f"An earlier attempt of this task may have sent: since then, these numbers were sent {self._template_code} "
            "under another OutId, and Airflow has no entry of the one that was used. out_id must be the same in every "
            "attempt of a task. Look into the console; if the text was not sent, start a new run."
        )

    def _is_ours(self, record: SendDetail) -> bool:
        # A user may have given the same id to an older send.
        has_our_id = self._out_id.matches(record.out_id, any_position=not self._in_doubt.is_complete)
        return has_our_id and self._is_since(record, MAX_CLOCK_SKEW)

    def _may_be_ours(self, record: SendDetail) -> bool:
        if self._template_code is None:
            return False
        if self._out_id.is_made:
            return self._out_id.is_of_task(record.out_id) and self._is_since(record, MAX_CLOCK_SKEW)
        return (
            record.template_code in (self._template_code, None)
            and bool(record.out_id)
            and self._is_since(record, FOREIGN_SKEW)
        )

    def _is_since(self, record: SendDetail, skew: timedelta) -> bool:
        return record.sent_at is None or record.sent_at >= self._in_doubt.since - skew


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=count) for count in range((last - first).days + 1)]


def _some(positions: Iterable[int]) -> str:
    texts = [str(position) for position in positions]
    return ", ".join(texts[:MAX_SAMPLE]) + (", ..." if len(texts) > MAX_SAMPLE else "")
