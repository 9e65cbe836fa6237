"""Reads all pages of a listing and proves that the result is complete, or refuses it.

Records have no unique id, and the service changes listings while they are read. A listing of one page is complete if
the number of its records equals the total. A longer one is walked twice, with page sizes that put the page borders in
different places: it is complete if every page of both walks names the same total, and both walks give the same records,
compared by the fields that never change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic

from airflow_provider_dysms.model.errors import DysmsIncomplete
from airflow_provider_dysms.model.records import Page, Record

#: Records per page of the first and the second walk: the service's maximum, and a size that shares no page border with
#: it before record 2,450.
PAGE_SIZES = (50, 49)

#: A number never gets more messages per day; a larger total is wrong.
MAX_RECORDS = 100_000

#: Seconds before each attempt to read a listing that keeps changing; after the last attempt it is refused.
PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0)

FetchPage = Callable[[int, int], Awaitable[Page[Record]]]


@dataclass(slots=True)
class _Walk(Generic[Record]):
    records: list[Record]
    total: int


async def complete(
    fetch: FetchPage[Record],
    identity: Callable[[Record], Hashable],
    *,
    sleep: Callable[[float], Awaitable[object]],
    what: Callable[[], str],
) -> list[Record]:
    """Return every record of a listing, in the order of the last walk.

    :param fetch: takes the page number (from 1) and the page size, returns the page
    :param identity: returns the fields of a record that never change
    :param sleep: waits some seconds
    :param what: returns the name of the listing, for the error
    :raises DysmsIncomplete: the listing could not be shown to be complete
    """
    problem = ""
    for pause in PAUSES:
        if pause:
            await sleep(pause)
        try:
            page = await fetch(1, PAGE_SIZES[0])
            if page.total == len(page.records) <= PAGE_SIZES[0]:
                return list(page.records)
            first = await _walk(fetch, PAGE_SIZES[0], page)
            second = await _walk(fetch, PAGE_SIZES[1], await fetch(1, PAGE_SIZES[1]))
        except DysmsIncomplete as error:
            problem = error.message
            continue
        if first.total != second.total:
            problem = f"the total changed from {first.total} to {second.total}"
        elif Counter(map(identity, first.records)) != Counter(map(identity, second.records)):
            problem = "two walks returned different records"
        else:
            return second.records
    raise DysmsIncomplete(
        f"{what()}: refused, because after {len(PAUSES)} attempts the listing could not be shown to be complete: "
        f"{problem}"
    )


async def _walk(fetch: FetchPage[Record], size: int, page: Page[Record]) -> _Walk[Record]:
    total = _checked_total(page.total)
    records = list(page.records)
    pages = max(1, -(-total // size))
    for number in range(1, pages + 1):
        if number > 1:
            page = await fetch(number, size)
            records += page.records
        if page.total != total:
            raise DysmsIncomplete(f"the total changed from {total} to {_checked_total(page.total)} while paging")
        if len(page.records) != records_due(total, number, size):
            raise DysmsIncomplete(
                f"page {number} has {len(page.records)} records, and must have "
                f"{records_due(total, number, size)} of the total of {total}"
            )
    return _Walk(records, total)


def records_due(total: int, number: int, size: int) -> int:
    """Return the number of records that a page must have.

    :param total: records of the whole listing
    :param number: number of the page, from 1
    :param size: records per full page
    """
    return max(0, min(size, total - (number - 1) * size))


def _checked_total(total: int) -> int:
    """Return a plausible total. The error does not quote the value: it could be a phone number."""
    if total > MAX_RECORDS:
        raise DysmsIncomplete(f"the total is above {MAX_RECORDS}")
    return total
