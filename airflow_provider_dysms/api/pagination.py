"""Walks the pages of a listing to the end and proves the result complete, or refuses it.

Records have no unique id, and the service changes listings while they are read. One page is one read: complete when its
records are as many as the total. More pages are walked twice, with page sizes that put the borders elsewhere: complete
when every page of both walks names the same total and both walks give the same records by the fields that never change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic

from airflow_provider_dysms.model.errors import DysmsIncomplete
from airflow_provider_dysms.model.records import Page, Record

#: The largest page that the service gives, and one that shares no border with it before record 2,450.
PAGE_SIZES = (50, 49)

#: No number gets this many messages a day; a total beyond it is no total.
MOST_RECORDS = 100_000

#: How often a listing that does not stand still is walked before it is refused, and the pause before each (s).
PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0)

FetchPage = Callable[[int, int], Awaitable[Page[Record]]]


@dataclass(slots=True)
class _Walk(Generic[Record]):
    records: list[Record]
    total: int


async def complete(
    fetch: FetchPage[Record],
    same: Callable[[Record], Hashable],
    *,
    sleep: Callable[[float], Awaitable[object]],
    what: Callable[[], str],
) -> list[Record]:
    """Return every record of a listing, in the order of the last walk.

    :param fetch: takes page (from 1) and page size, returns the page
    :param same: the fields of a record that never change
    :param sleep: waits some seconds
    :param what: returns the listing's name, for the error
    :raises DysmsIncomplete: the listing could not be shown to be complete
    """
    doubt = ""
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
            doubt = error.message
            continue
        if first.total != second.total:
            doubt = f"the total moved from {first.total} to {second.total}"
        elif Counter(map(same, first.records)) != Counter(map(same, second.records)):
            doubt = "two walks gave different records"
        else:
            return second.records
    raise DysmsIncomplete(
        f"{what()}: refused, because after {len(PAUSES)} attempts the answer could not be shown to be complete: {doubt}"
    )


async def _walk(fetch: FetchPage[Record], size: int, page: Page[Record]) -> _Walk[Record]:
    total = _believable(page.total)
    records = list(page.records)
    pages = max(1, -(-total // size))
    for number in range(1, pages + 1):
        if number > 1:
            page = await fetch(number, size)
            records += page.records
        if page.total != total:
            raise DysmsIncomplete(f"the total moved from {total} to {_believable(page.total)} while paging")
        if len(page.records) != due(total, number, size):
            raise DysmsIncomplete(
                f"page {number} has {len(page.records)} records where the total of {total} asks for "
                f"{due(total, number, size)}"
            )
    return _Walk(records, total)


def due(total: int, number: int, size: int) -> int:
    """Return how many records a page has.

    :param total: records of the whole listing
    :param number: of the page, from 1
    :param size: records of a full page
    """
    return max(0, min(size, total - (number - 1) * size))


def _believable(total: int) -> int:
    """Return a total; one that is none is not repeated, because a server may put anything there, a number too."""
    if total > MOST_RECORDS:
        raise DysmsIncomplete(f"the total is beyond {MOST_RECORDS}")
    return total
