"""What a wait comes to: rows for XCom, and a sentence for people. No number, no text of a message."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.safe_text import safe_repr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_dysms.model.reports import Report
    from airflow_provider_dysms.waits.goal import Goal
    from airflow_provider_dysms.waits.targets import Watched

#: Codes of one category that a sentence names.
MOST_CODES = 5

CHECK_MISSING = (
    "The service does not know the missing ones: check the ids (or number, BizId and OutId), that the connection's "
    "account, site and region are those that sent them, and the day on which they were sent"
)


def rows(watched: Sequence[Watched], reports: Sequence[Report]) -> list[dict[str, Any]]:
    """Return one report a message, as a task returns it: position, handle, state, code, instants."""
    return [
        {"message": position, **each.handle, **report.as_dict()}
        for position, (each, report) in enumerate(zip(watched, reports, strict=True))
    ]


def is_lost(report: Report) -> bool:
    """Say whether a message did not arrive and will not."""
    return not report.is_open and report.state is not State.DELIVERED


def sentence(reports: Sequence[Report], goal: Goal, wait_for: object) -> str:
    """Say how many of how many did not arrive and why, how many did, and how many were needed."""
    lost = [report for report in reports if is_lost(report)]
    arrived = sum(report.state is State.DELIVERED for report in reports)
    still_open = sum(report.is_open for report in reports)
    said = f"{len(lost)} of {goal.count} messages did not arrive"
    if lost:
        said += f" ({_reasons(lost)})"
    said += f", {arrived} arrived, {still_open} are open; wait_for={safe_repr(wait_for)} needs {goal.needed}"
    if any(report.state is State.MISSING for report in lost):
        said += f". {CHECK_MISSING}"
    return said


def _reasons(lost: Sequence[Report]) -> str:
    """List categories with their counts and codes, the most frequent first."""
    codes: defaultdict[str, list[str | None]] = defaultdict(list)
    for report in lost:
        category = None if report.state is State.MISSING else report.delivery.category
        codes[category or report.state.value].append(report.error_code)
    return "; ".join(
        f"{category} {len(given)}{_listed(given)}"
        for category, given in sorted(codes.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def _listed(codes: Sequence[str | None]) -> str:
    named = sorted({code for code in codes if code})
    more = ", ..." if len(named) > MOST_CODES else ""
    return f": {', '.join(named[:MOST_CODES])}{more}" if named else ""
