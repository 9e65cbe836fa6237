"""Planned faults: what goes wrong, on which requests, how often.

Faults on the wire replace or damage the answer; faults of the listing are answers that look healthy and are wrong.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.emulator.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        if self.page == "last" and self.kind not in LISTING:
            raise InputError(f"page 'last' is only known to listing faults, not to {self.kind}")
        if self.every < 1 or self.skip < 0 or (self.times is not None and self.times < 1):
            raise InputError("every and times must be at least 1, skip at least 0")
        if self.rhythm is not None and not self.rhythm > 0:
            raise InputError("rhythm must be above 0")
        for name, default in KINDS[self.kind][1].items():
            if getattr(self, name) is None:
                setattr(self, name, default)

    def strikes(self, action: str, parameters: Mapping[str, str], last_page: int | None) -> bool:
        """Say whether the fault happens on this request, and count it."""
        if (self.action is not None and self.action != action) or self.fired == self.times:
            return False
        if self.page is not None:
            page = parameters.get("CurrentPage", parameters.get("PageIndex"))
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
        """Return the wire faults that happen on a request."""
        if not self.faults:
            return []
        return [fault for fault in self.faults if fault.kind in WIRE and fault.strikes(action, parameters, None)]

    def on_listing(self, action: str, parameters: Mapping[str, str], last_page: int) -> list[Fault]:
        """Return the listing faults that happen on a request.

        :param last_page: number of the last page that has rows
        """
        return [
            fault for fault in self.faults if fault.kind in LISTING and fault.strikes(action, parameters, last_page)
        ]
