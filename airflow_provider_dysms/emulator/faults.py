"""Planned faults: what goes wrong, on which requests, how often.

Faults on the wire replace or damage the answer; faults of the listing are answers that look healthy and are wrong.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.quotas import QUOTAS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

#: kind -> (what happens, defaults of its own)
WIRE: Mapping[str, tuple[str, dict[str, Any]]] = {
    "throttle": ("Throttling.User although the quota is not used up; `status` 400 or 429", {"status": 400}),
    "status": ("the gateway's error `code` with HTTP `status`", {"status": 503, "code": "ServiceUnavailable"}),
    "business": ("HTTP 200 with `code`", {"code": "isv.BUSINESS_LIMIT_CONTROL"}),
    "reset": ("the connection is reset, no answer", {}),
    "html": ("a page of HTML with HTTP `status`", {"status": 200}),
    "empty_body": ("no body with HTTP `status`", {"status": 200}),
    "truncated": ("the answer is cut off in the middle", {}),
    "stall": ("the request is carried out at once, its answer comes after `seconds`", {"seconds": 30.0}),
    "slow": ("the answer's bytes trickle in over `seconds`", {"seconds": 5.0}),
    "redirect": ("HTTP `status` to `location`", {"status": 302, "location": "http://127.0.0.1:9/"}),
}
LISTING: Mapping[str, tuple[str, dict[str, Any]]] = {
    "empty_page": ("no rows on the page, TotalCount as ever", {}),
    "total_without_rows": ("TotalCount is `value`, and no rows", {"value": 2}),
    "total_count": ("TotalCount is `value`: negative, a word, anything", {"value": -1}),
    "insert_row": ("a row appears in front of all others before the page is cut, and stays", {}),
    "remove_row": ("the first of all rows goes before the page is cut, for good", {}),
    "repeated_page": ("the rows of the page before", {}),
    "foreign_rows": ("the page's rows are another number's", {}),
}
KINDS = {**WIRE, **LISTING}
#: The answer is an error: nothing behind it happens.
REFUSING = ("throttle", "status", "business")

#: Action -> its parameter that tells the page. Other actions have no pages.
PAGE_OF_ACTION = {"QuerySendDetails": "CurrentPage", "QuerySendStatistics": "PageIndex"}
#: Rows of statistics are days: they neither appear nor go, and belong to no number.
_OF_DETAILS_ALONE = ("insert_row", "remove_row", "foreign_rows")
_OWN_PARAMETERS = ("status", "code", "seconds", "value", "location")


@dataclass(slots=True, kw_only=True)
class Fault:
    """One planned fault.

    :param kind: one of ``KINDS``
    :param action: the API action; ``None``: every one
    :param page: the page number (CurrentPage, PageIndex), or ``last`` for the last with rows; ``None``: every one
    :param where: parameters that the request must have, such as ``{"PhoneNumber": "..."}``
    :param times: how often; ``None``: always
    :param every: on every k-th matching request
    :param skip: let so many matching requests pass first
    :param rhythm: only in every other span of so many seconds, by the machine's clock
    """

    kind: str
    action: str | None = None
    page: int | str | None = None
    where: dict[str, str] = field(default_factory=dict)
    times: int | None = 1
    every: int = 1
    skip: int = 0
    rhythm: float | None = None
    status: int | None = None
    code: str | None = None
    seconds: float | None = None
    value: Any = None
    location: str | None = None
    seen: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"there is no fault {self.kind!r}; there are {', '.join(KINDS)}")
        self._check_numbers()
        self._check_reach()
        unused = [name for name in _OWN_PARAMETERS if getattr(self, name) is not None and name not in self._own()]
        if unused:
            raise InputError(f"{self.kind} does not use {', '.join(unused)}; it takes {', '.join(self._own()) or None}")
        for name, default in self._own().items():
            if getattr(self, name) is None:
                setattr(self, name, default)

    def _own(self) -> dict[str, Any]:
        return KINDS[self.kind][1]

    def _check_numbers(self) -> None:
        for name, low in (("every", 1), ("skip", 0), ("times", 1)):
            value = getattr(self, name)
            if name == "times" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < low:
                raise InputError(f"{name} must be a whole number, at least {low}")
        if self.rhythm is not None and not self.rhythm > 0:
            raise InputError("rhythm must be above 0")
        page = self.page
        if page not in (None, "last") and (isinstance(page, bool) or not isinstance(page, int) or page < 1):
            raise InputError("page must be a whole number, at least 1, or 'last'")
        if not all(isinstance(value, str) for value in self.where.values()):
            raise InputError("where must map names of parameters to texts")

    def _check_reach(self) -> None:
        """A fault that can never happen makes a test pass that shows nothing."""
        if self.action is not None and self.action not in QUOTAS:
            raise InputError(f"there is no action {self.action}; there are {', '.join(QUOTAS)}")
        if self.page == "last" and self.kind not in LISTING:
            raise InputError(f"page 'last' is only known to listing faults, not to {self.kind}")
        if (self.kind in LISTING or self.page is not None) and self.action is not None:
            able = PAGE_OF_ACTION if self.kind not in _OF_DETAILS_ALONE else ("QuerySendDetails",)
            if self.action not in able:
                what = self.kind if self.kind in LISTING else "a fault of one page"
                raise InputError(f"{what} can never happen to {self.action}, only to {', '.join(able)}")

    def strikes(self, action: str, parameters: Mapping[str, str], last_page: int | None) -> bool:
        """Say whether the fault happens on this request, and count it."""
        if (self.action is not None and self.action != action) or self.fired == self.times:
            return False
        if self.page is not None:
            page = parameters.get(PAGE_OF_ACTION.get(action, ""))
            if page != str(last_page if self.page == "last" else self.page):
                return False
        if any(parameters.get(name) != value for name, value in self.where.items()):
            return False
        if self.rhythm is not None and time.monotonic() // self.rhythm % 2 == 0:
            return False
        self.seen += 1
        if self.seen <= self.skip or (self.seen - self.skip) % self.every:
            return False
        self.fired += 1
        return True

    def as_dict(self) -> dict[str, object]:
        """Return the plan and how often it has happened."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


class FaultPlan:
    """The planned faults, in the order in which they were planned."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def add(self, plan: dict[str, Any]) -> Fault:
        """Plan a fault.

        :raises InputError: there is no such kind or parameter
        """
        unknown = sorted(set(plan) - {each.name for each in fields(Fault)} | ({"seen", "fired"} & set(plan)))
        if unknown or "kind" not in plan:
            raise InputError(f"a fault has a kind, and no {', '.join(unknown)}" if unknown else "a fault needs a kind")
        fault = Fault(**plan)
        self.faults.append(fault)
        return fault

    def on_wire(self, action: str, parameters: Mapping[str, str]) -> list[Fault]:
        """Return the wire faults that happen on a request: the first that refuses it hides those behind it."""
        struck = []
        for fault in self.faults:
            if fault.kind in WIRE and fault.strikes(action, parameters, None):
                struck.append(fault)
                if fault.kind in REFUSING:
                    break
        return struck

    def on_listing(self, action: str, parameters: Mapping[str, str], last_page: int, able: Collection[str]) -> Struck:
        """Return the listing faults that happen on a request.

        :param last_page: number of the last page that has rows
        :param able: the kinds that would change the answer; the others do not happen, and are not counted
        """
        return Struck(
            {
                fault.kind: fault
                for fault in self.faults
                if fault.kind in LISTING and fault.kind in able and fault.strikes(action, parameters, last_page)
            }
        )

    def fired(self) -> dict[str, int]:
        """Return how often the planned faults have happened, by kind."""
        counts: dict[str, int] = {}
        for fault in self.faults:
            counts[fault.kind] = counts.get(fault.kind, 0) + fault.fired
        return counts


class Struck(dict[str, Fault]):
    """The listing faults that happen on one request, by kind."""

    def page(self, page: int) -> int:
        """Return the page that is answered instead of one."""
        return page - 1 if "repeated_page" in self else page

    def damage(self, rows: list[dict[str, Any]], total: object) -> tuple[list[dict[str, Any]], object]:
        """Return the rows and the total that are answered instead."""
        if "empty_page" in self:
            rows = []
        if "total_count" in self:
            total = self["total_count"].value
        if "total_without_rows" in self:
            rows, total = [], self["total_without_rows"].value
        return rows, total


def able_kinds(page: int, size: int, count: int) -> set[str]:
    """Return the kinds of listing faults that would change an answer.

    :param count: how many rows there are in all
    """
    able = {"total_count", "total_without_rows"}
    if count:
        able |= {"insert_row", "remove_row"}
    if (page - 1) * size < count:
        able |= {"empty_page", "foreign_rows"}
    if page > 1 and (page - 2) * size < count:
        able.add("repeated_page")
    return able
