"""Planned faults: the errors that a test wants, the requests they happen to, and how often.

Wire faults replace or damage a response. Listing faults give a response that looks healthy but has wrong rows or
counts.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.quotas import QUOTAS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

#: kind -> (description, parameters of the kind with their defaults). README.md has the descriptions in a table.
WIRE_KINDS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "throttle": ("Throttling.User although the quota is not used up; `status` is 400 or 429", {"status": 400}),
    "status": ("a gateway error `code` with HTTP `status`", {"status": 503, "code": "ServiceUnavailable"}),
    "business": ("HTTP status 200 with `code`", {"code": "isv.BUSINESS_LIMIT_CONTROL"}),
    "reset": ("the connection is reset without a response", {}),
    "html": ("an HTML page with HTTP `status`", {"status": 200}),
    "empty_body": ("an empty body with HTTP `status`", {"status": 200}),
    "truncated": ("the response is cut off in the middle", {}),
    "stall": ("the request is executed immediately, but the response comes after `seconds`", {"seconds": 30.0}),
    "slow": ("the body arrives in small pieces over `seconds`", {"seconds": 5.0}),
    "redirect": ("HTTP `status` and a redirect to `location`", {"status": 302, "location": "http://127.0.0.1:9/"}),
}
LISTING_KINDS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "empty_page": ("the page has no rows, but TotalCount is unchanged", {}),
    "total_without_rows": ("TotalCount is `value`, but there are no rows", {"value": 2}),
    "total_count": ("TotalCount is `value`: negative, a word, anything", {"value": -1}),
    "insert_row": ("a new first row is added to the listing before the page is cut, and stays", {}),
    "remove_row": ("the first row of the listing is removed before the page is cut, for good", {}),
    "repeated_page": ("the response has the rows of the previous page", {}),
    "foreign_rows": ("the page has rows of another phone number", {}),
}
KINDS = {**WIRE_KINDS, **LISTING_KINDS}
#: These kinds refuse the request, so that no later fault can happen to it.
REFUSING_KINDS = ("throttle", "status", "business")

#: action -> the parameter with the page number; all other actions have no pages.
PAGE_PARAMETERS = {"QuerySendDetails": "CurrentPage", "QuerySendStatistics": "PageIndex"}
#: These kinds do not fit QuerySendStatistics, whose rows are days and belong to no phone number.
_DETAILS_ONLY_KINDS = ("insert_row", "remove_row", "foreign_rows")
_KIND_PARAMETERS = ("status", "code", "seconds", "value", "location")


@dataclass(slots=True, kw_only=True)
class Fault:
    """One planned fault.

    :param kind: one of ``KINDS``
    :param action: the API action, default every action
    :param page: the page number (CurrentPage, PageIndex), or ``last`` for the last page that has rows; default every
        page
    :param where: parameters that the request must have, such as ``{"PhoneNumber": "..."}``
    :param times: how often the fault happens, default once; ``None``: always
    :param every: the fault happens to every n-th matching request, default 1
    :param skip: the number of matching requests to leave alone first, default 0
    :param rhythm: if given, the machine's time is divided into spans of this many seconds, and the fault only happens
        in every other span
    :param seen: the number of matching requests so far
    :param fired: how often the fault has happened so far
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
            raise InputError(f"the fault {self.kind!r} does not exist; the faults are {', '.join(KINDS)}")
        self._check_numbers()
        self._check_reach()
        defaults = KINDS[self.kind][1]
        unused = [name for name in _KIND_PARAMETERS if getattr(self, name) is not None and name not in defaults]
        if unused:
            used = ", ".join(defaults) or "no parameters of its own"
            raise InputError(f"{self.kind} does not use {', '.join(unused)}; it takes {used}")
        for name, default in defaults.items():
            if getattr(self, name) is None:
                setattr(self, name, default)

    def _check_numbers(self) -> None:
        for name, minimum in (("every", 1), ("skip", 0), ("times", 1)):
            value = getattr(self, name)
            if name == "times" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
                raise InputError(f"{name} must be a whole number, at least {minimum}")
        if self.rhythm is not None and not self.rhythm > 0:
            raise InputError("rhythm must be above 0")
        page = self.page
        if page not in (None, "last") and (isinstance(page, bool) or not isinstance(page, int) or page < 1):
            raise InputError("page must be a whole number, at least 1, or 'last'")
        if not all(isinstance(value, str) for value in self.where.values()):
            raise InputError("where must map parameter names to strings")

    def _check_reach(self) -> None:
        """Refuse a fault that can never happen: with it, a test would pass without testing anything."""
        if self.action is not None and self.action not in QUOTAS:
            raise InputError(f"the action {self.action} does not exist; the actions are {', '.join(QUOTAS)}")
        if self.page == "last" and self.kind not in LISTING_KINDS:
            raise InputError(f"page 'last' only works for listing faults, not for {self.kind}")
        if (self.kind in LISTING_KINDS or self.page is not None) and self.action is not None:
            actions = PAGE_PARAMETERS if self.kind not in _DETAILS_ONLY_KINDS else ("QuerySendDetails",)
            if self.action not in actions:
                subject = self.kind if self.kind in LISTING_KINDS else "a fault with a page"
                raise InputError(f"{subject} can never happen to {self.action}, only to {', '.join(actions)}")

    def try_fire(self, action: str, parameters: Mapping[str, str], last_page: int | None) -> bool:
        """Return whether the fault happens to a request, and count the request.

        :param last_page: number of the last page that has rows; ``None``: not known
        """
        if (self.action is not None and self.action != action) or self.fired == self.times:
            return False
        if self.page is not None:
            page = parameters.get(PAGE_PARAMETERS.get(action, ""))
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
        """Return every field, including how often the fault has happened."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


class FaultPlan:
    """The planned faults, in the order in which they were added."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def add(self, plan: dict[str, Any]) -> Fault:
        """Add a fault.

        :param plan: fields of :class:`Fault`
        :raises InputError: the kind or a field is unknown, or the fault could never happen
        """
        settable = {each.name for each in fields(Fault)} - {"seen", "fired"}
        unknown = sorted(set(plan) - settable)
        if unknown:
            raise InputError(f"a fault has no {', '.join(unknown)}; its fields are {', '.join(sorted(settable))}")
        if "kind" not in plan:
            raise InputError("a fault needs a kind")
        fault = Fault(**plan)
        self.faults.append(fault)
        return fault

    def fire_on_wire(self, action: str, parameters: Mapping[str, str]) -> list[Fault]:
        """Return the wire faults that happen to a request. After a fault that refuses it, no further one happens."""
        fired = []
        for fault in self.faults:
            if fault.kind in WIRE_KINDS and fault.try_fire(action, parameters, None):
                fired.append(fault)
                if fault.kind in REFUSING_KINDS:
                    break
        return fired

    def fire_on_listing(
        self, action: str, parameters: Mapping[str, str], last_page: int, effective: Collection[str]
    ) -> FiredFaults:
        """Return the listing faults that happen to a request.

        :param last_page: number of the last page that has rows
        :param effective: the kinds that would change the response; other kinds do not happen and are not counted
        """
        return FiredFaults(
            {
                fault.kind: fault
                for fault in self.faults
                if fault.kind in LISTING_KINDS
                and fault.kind in effective
                and fault.try_fire(action, parameters, last_page)
            }
        )

    def fired(self) -> dict[str, int]:
        """Return how often the planned faults have happened, by kind."""
        counts: dict[str, int] = {}
        for fault in self.faults:
            counts[fault.kind] = counts.get(fault.kind, 0) + fault.fired
        return counts


class FiredFaults(dict[str, Fault]):
    """The listing faults that happen to one request, by kind."""

    def served_page(self, page: int) -> int:
        """Return the number of the page that is served when ``page`` is requested."""
        return page - 1 if "repeated_page" in self else page

    def damage(self, rows: list[dict[str, Any]], total: object) -> tuple[list[dict[str, Any]], object]:
        """Return the rows and the total count that are served instead of the right ones."""
        if "empty_page" in self:
            rows = []
        if "total_count" in self:
            total = self["total_count"].value
        if "total_without_rows" in self:
            rows, total = [], self["total_without_rows"].value
        return rows, total


def effective_kinds(page: int, size: int, row_count: int) -> set[str]:
    """Return the kinds of listing faults that would change the response.

    :param page: the requested page
    :param size: rows per page
    :param row_count: rows of the whole listing
    """
    kinds = {"total_count", "total_without_rows"}
    if row_count:
        kinds |= {"insert_row", "remove_row"}
    if (page - 1) * size < row_count:
        kinds |= {"empty_page", "foreign_rows"}
    if page > 1 and (page - 2) * size < row_count:
        kinds.add("repeated_page")
    return kinds
