"""Pages that are repeated, short, long, out of order, or moved while they are read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from support.conformance.book import Book, Row, dumped
from support.conformance.hostile import Ask, Steps
from support.conformance.striking import DETAILS, EXACT, LISTINGS, Strike, fault, http, moved, rows

# Pages.

paged = partial(fault, "page", on=LISTINGS, is_paged=True)


def other_page(page: Callable[[Ask], int]) -> Strike:
    """Answer with the rows of another page."""

    def strike(ask: Ask, book: Book) -> Steps:
        name = "CurrentPage" if ask.action == DETAILS else "PageIndex"
        other = Ask(ask.action, {**ask.parameters, name: str(max(1, page(ask)))}, ask.number, ask.path, ask.at)
        return [http(200, dumped(book.answer(other)))]

    return strike


def shuffled(found: list[Row], book: Book) -> None:
    book.chance.shuffle(found)


def swapped(found: list[Row], book: Book) -> None:
    """One row goes and another comes: the total stands still."""
    found.append({**found.pop(0), "OutId": f"fresh-{book.chance.random()}"})


def comes(found: list[Row], book: Book) -> None:
    found.insert(0, {**found[0], "OutId": f"fresh-{book.chance.random()}"})


def goes(found: list[Row], book: Book) -> None:
    if len(found) > 3:
        del found[0]


paged("the first page for every page", other_page(lambda ask: 1), "DysmsIncomplete")
paged("the page before in place of each", other_page(lambda ask: ask.page - 1), "DysmsIncomplete")
paged("the page after in place of each", other_page(lambda ask: ask.page + 1), "DysmsIncomplete")
paged("the second page for every page", other_page(lambda ask: 2), "DysmsIncomplete")
paged("no rows on the page", rows(lambda found, ask: found.clear()), "DysmsIncomplete")
paged("a row too few on the page", rows(lambda found, ask: found.pop()), "DysmsIncomplete")
paged(
    "the page's first row twice, its last one not",
    rows(lambda found, ask: found.insert(0, found.pop() and found[0]) if len(found) > 1 else found.clear()),
    "DysmsIncomplete",
)
paged(
    "a row too many on the page",
    rows(lambda found, ask: found.append(dict(found[0])) if found else None),
    "DysmsIncomplete",
)
paged(
    "ten rows per page, whatever was asked for",
    rows(lambda found, ask: found.__delitem__(slice(10, None))),
    "DysmsIncomplete",
)
paged("another order with every page", moved(shuffled), "DysmsIncomplete", once=EXACT)
paged("the rows of a page in reverse", rows(lambda found, ask: found.reverse()), EXACT)
paged("the oldest first, from now on", moved(lambda found, book: found.sort(key=lambda row: row["SendDate"])), EXACT)
only_details = frozenset({DETAILS})
fault("page", "a row comes with every page", moved(comes), "DysmsIncomplete", on=only_details, is_paged=True)
fault("page", "a row goes with every page", moved(goes), "DysmsIncomplete", on=only_details, is_paged=True)
fault(
    "page",
    "a row comes and another goes with every page",
    moved(swapped),
    "DysmsIncomplete",
    on=only_details,
    is_paged=True,
)
