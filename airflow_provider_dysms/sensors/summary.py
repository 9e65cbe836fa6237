"""Describes the state of a wait: rows for XCom and a sentence for people, without phone numbers and texts."""

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

#: Error codes that a sentence names for each category.
MAX_CODES = 5

CHECK_MISSING = (
    "The service does not know the missing ones: check the ids (or number, BizId and OutId), that the connection's "
    "account, site and region are those that sent them, and the day on which they were sent"
)


def report_rows(watched: Sequence[Watched], reports: Sequence[Report]) -> list[dict[str, Any]]:
    """Return one row per message, as a task returns it: position, handle, state, code, instants.

    :param watched: the messages
    :param reports: their reports, in the same order
    """
    return [
        {"message": position, **each.handle, **report.as_dict()}
        for position, (each, report) in enumerate(zip(watched, reports, strict=True))
    ]


def is_lost(report: Report) -> bool:
    """Say whether a message has not arrived and will not arrive."""
    return not report.is_open and report.state is not State.DELIVERED


def summarize(reports: Sequence[Report], goal: Goal, wait_for: object) -> str:
    """Say how many messages did not arrive and why, how many arrived, and how many were needed.

    :param reports: one per message
    :param goal: how many messages must arrive
    :param wait_for: the same, as the user wrote it
    """
    lost = [report for report in reports if is_lost(report)]
    arrived = sum(report.state is State.DELIVERED for report in reports)
    still_open = sum(report.is_open for report in reports)
    summary = f"{len(lost)} of {goal.count} messages did not arrive"
    if lost:
        summary += f" ({_reasons(lost)})"
    summary += f", {arrived} arrived, {still_open} are open; wait_for={safe_repr(wait_for)} needs {goal.needed}"
    if any(report.state is State.MISSING for report in lost):
        summary += f". {CHECK_MISSING}"
    return summary


def _reasons(lost: Sequence[Report]) -> str:
    """List categories with their counts and codes, the most frequent first."""
    codes_by_category: defaultdict[str, list[str | None]] = defaultdict(list)
    for report in lost:
        category = None if report.state is State.MISSING else report.delivery.category
        codes_by_category[category or report.state.value].append(report.error_code)
    return "; ".join(
        f"{category} {len(codes)}{_list_codes(codes)}"
        for category, codes in sorted(codes_by_category.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def _list_codes(codes: Sequence[str | None]) -> str:
    distinct = sorted({code for code in codes if code})
    more = ", ..." if len(distinct) > MAX_CODES else ""
    return f": {', '.join(distinct[:MAX_CODES])}{more}" if distinct else ""
