"""A listing that changes while it is read is returned complete, or refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from airflow_provider_dysms.api.pagination import MAX_RECORDS, PAUSES, complete, records_due
from airflow_provider_dysms.model.errors import DysmsIncomplete
from airflow_provider_dysms.model.records import Page

Rows = list[str]


class Service:
    """Answers pages of a list; ``meddle(service, request number)`` may change it before any of them."""

    def __init__(self, rows: Rows, meddle: Callable[[Service, int], None] = lambda service, number: None) -> None:
        self.rows, self.meddle, self.requests = rows, meddle, 0
        self.total: int | None = None
        self.replace: Callable[[int, int, Rows], Rows] = lambda page, size, rows: rows
        self.slept: list[float] = []

    async def fetch(self, page: int, size: int) -> Page[str]:
        self.requests += 1
        self.meddle(self, self.requests)
        rows = self.replace(page, size, self.rows[(page - 1) * size : page * size])
        return Page(tuple(rows), len(self.rows) if self.total is None else self.total)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def read(self) -> Rows:
        return asyncio.run(complete(self.fetch, lambda row: row, sleep=self.sleep, what=lambda: "the list"))


def rows(count: int) -> Rows:
    return [f"row {number}" for number in range(count)]


@pytest.mark.parametrize(
    ("count", "requests"), [(0, 1), (1, 1), (49, 1), (50, 1), (51, 4), (99, 5), (100, 5), (137, 6)]
)
def test_a_quiet_listing_is_read_whole_with_one_page_once_and_more_twice(count: int, requests: int) -> None:
    service = Service(rows(count))
    assert service.read() == rows(count)
    assert service.requests == requests


def test_equal_rows_are_legitimate() -> None:
    assert Service(["same"] * 120).read() == ["same"] * 120


def test_a_row_inserted_in_front_while_paging_is_read_again() -> None:
    def insert(service: Service, number: int) -> None:
        if number == 2:
            service.rows = ["new", *service.rows]

    assert sorted(Service(rows(137), insert).read()) == sorted(["new", *rows(137)])


def test_rows_that_are_swapped_under_a_steady_total_are_noticed() -> None:
    def swap(service: Service, number: int) -> None:
        if number == 2:  # one leaves the first page, one joins the end: page two is shifted by one
            service.rows = [*service.rows[1:], "new"]

    service = Service(rows(137), swap)
    assert sorted(service.read()) == sorted([*rows(137)[1:], "new"])
    assert len(service.slept) == 1


def test_a_second_walk_over_a_listing_that_has_become_one_page_asks_for_no_other() -> None:
    def shrink(service: Service, number: int) -> None:
        if number == 3:
            service.rows = service.rows[:49]

    service = Service(rows(51), shrink)
    assert service.read() == rows(49)
    assert service.requests == 4


def test_an_order_that_changes_between_pages_is_noticed_or_harmless() -> None:
    def reverse(service: Service, number: int) -> None:
        if number == 2:
            service.rows = service.rows[::-1]

    assert sorted(Service(rows(137), reverse).read()) == sorted(rows(137))


FOREVER: dict[str, tuple[Callable[[Service], None], str]] = {
    "a total without rows": (
        lambda service: setattr(service, "replace", lambda page, size, rows: []),
        "page 1 has 0 records, and must have 50 of the total of 137",
    ),
    "an empty last page": (
        lambda service: setattr(service, "replace", lambda page, size, rows: rows if len(rows) == size else []),
        "page 3 has 0 records, and must have 37 of the total of 137",
    ),
    "a page in place of the next": (
        lambda service: setattr(
            service, "replace", lambda page, size, rows: service.rows[:size] if page == 2 else rows
        ),
        "two walks returned different records",
    ),
    "a total that is too large": (
        lambda service: setattr(service, "total", 138),
        "page 3 has 37 records, and must have 38 of the total of 138",
    ),
    "a total that is too small": (
        lambda service: setattr(service, "total", 136),
        "page 3 has 37 records, and must have 36 of the total of 136",
    ),
    "more rows than a page holds": (
        lambda service: setattr(service, "replace", lambda page, size, rows: [*rows, "extra"] if page == 1 else rows),
        "page 1 has 51 records, and must have 50 of the total of 137",
    ),
    "a total that moves within a walk": (
        lambda service: setattr(service, "meddle", lambda service, number: service.rows.append("new")),
        "the total changed from 146 to 147 while paging",
    ),
    "a total that moves between the walks": (
        lambda service: setattr(
            service, "meddle", lambda service, number: service.rows.append("new") if number % 6 == 4 else None
        ),
        "the total changed from 141 to 142",
    ),
}


@pytest.mark.parametrize("fault", FOREVER)
def test_what_never_becomes_consistent_is_refused_after_a_bounded_number_of_walks(fault: str) -> None:
    service = Service(rows(137))
    plan, problem = FOREVER[fault]
    plan(service)
    with pytest.raises(DysmsIncomplete) as refused:
        service.read()
    assert refused.value.message == (
        f"the list: refused, because after 5 attempts the listing could not be shown to be complete: {problem}"
    )
    assert service.requests <= 6 * len(PAUSES)
    assert service.slept == list(PAUSES[1:])


def test_a_total_beyond_reason_is_refused_without_walking_it() -> None:
    service = Service(rows(50))
    service.total = MAX_RECORDS + 1
    with pytest.raises(DysmsIncomplete, match="complete: the total is above 100000"):
        service.read()
    assert service.requests == len(PAUSES)


def test_the_largest_listing_within_reason_is_read() -> None:
    assert len(Service(["same"] * MAX_RECORDS).read()) == MAX_RECORDS


@pytest.mark.parametrize(
    ("total", "number", "records"), [(0, 1, 0), (1, 1, 1), (50, 1, 50), (50, 2, 0), (120, 2, 50), (120, 3, 20)]
)
def test_a_page_has_what_the_total_leaves_for_it(total: int, number: int, records: int) -> None:
    assert records_due(total, number, 50) == records
