"""Compares the vendor's own statistics of the day with the audit's counts, and explains the difference.

QuerySendStatistics counts billed segments, without messages that the blacklist stopped. It counts every send of the
account, also those that are not in the log, and it counts late. So it cannot prove an audit right or wrong by itself.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.choices import INTERNATIONAL, MAINLAND
from airflow_provider_dysms.model.dates import iso_utc
from airflow_provider_dysms.model.errors import DysmsError, DysmsIncomplete, DysmsRefused
from airflow_provider_dysms.model.records import MAX_STATISTICS_GAP

if TYPE_CHECKING:
    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.audit.billed_segments import BilledSegments
    from airflow_provider_dysms.audit.send_log.log import SendLog
    from airflow_provider_dysms.audit.tally import Tally
    from airflow_provider_dysms.model.choices import Statistics

_COUNTS = ("total", "delivered", "failed", "waiting")

#: Reasons why one count may be higher than the other: name -> (unit, effect, explanation).
_REASONS = {
    "other_day": ("segments", "ours_higher", "are dated another day, and are in that day's statistics"),
    "failed": ("segments", "ours_higher", "failed, and what fails may not be billed"),
    "blacklist": ("segments", "theirs_higher", "were stopped by the blacklist and are left out of ours"),
    "no_text": ("rows", "theirs_higher", "have a record without a text, so that their segments are unknown"),
    "missing": ("lines", "theirs_higher", "have no record at the service"),
    "rejected": ("lines", "theirs_higher", "could not be looked up, in both scopes"),
    "erased": ("lines", "theirs_higher", "belong to people who were erased from the archive, in both scopes"),
    "edge": (
        "rows",
        "theirs_higher",
        "are from the day's first minutes, so they belong to the log of the day before, in both scopes",
    ),
    "expired": (
        "segments",
        "between_columns",
        "have no receipt after 72 hours: they are counted as waiting here, and the vendor may count them as failed",
    ),
    "waiting": (
        "segments",
        "between_columns",
        "are waiting, and a receipt may have come before or after the vendor counted",
    ),
}


async def query_statistics(
    client: DysmsClient, day: date, tally: Tally, choice: Statistics, log: Any
) -> dict[str, Any] | None:
    """Ask for the vendor's counts of a day, and compare them with ours.

    Unless ``choice`` is ``judge``, the audit does not depend on them: a refusal is recorded and does not fail it.

    :param tally: the counts of the finished audit
    :param choice: ``record``, ``judge`` or ``skip``
    :param log: the task's logger
    :returns: ``None`` with ``skip``; else for ``mainland`` and ``international`` ``{"refused": code}``, or

        * ``total``, ``delivered``, ``failed``, ``waiting``: the vendor's segments, and ``asked_at``
        * ``ours``: the same for the rows that have a record, without those that the blacklist stopped, and of these
          ``expired`` (counted as waiting) and ``unlogged``
        * ``difference``: the vendor's counts minus ours
        * ``lines``: the possible reasons, each a ``count`` of ``unit`` (``segments``, ``rows`` or ``lines``) with
          ``what``, ``why`` and ``effect``: ``theirs_higher``, ``ours_higher`` or ``between_columns``
        * ``remaining``: the difference in ``total`` without ``other_day``, whose segments are known to be counted on
          another day; ``gap``: its share of the larger count
        * ``explained``: ``fully`` (nothing remains), ``possibly`` (a reason has an effect in its direction) or ``no``:
          numbers that were not looked up, statistics that are late, the wrong account

    :raises DysmsError: with ``judge``, the statistics are not available for now

    Follows https://help.aliyun.com/document_detail/397330.html
    """
    if choice == "skip":
        return None
    counts: dict[str, Any] = {}
    for scope in (MAINLAND, INTERNATIONAL):
        try:
            days = await client.query_send_statistics(day, is_globe=scope == INTERNATIONAL)
        except DysmsError as error:
            if choice == "judge" and not isinstance(error, DysmsRefused):
                raise
            log.warning("The day's %s statistics are not available: %s", scope, error)
            counts[scope] = {"refused": error.code or type(error).__name__}
        else:
            theirs = {name: sum(getattr(counted, name) for counted in days) for name in _COUNTS}
            counts[scope] = {**theirs, "asked_at": _now(), **_comparison(theirs, tally, tally.billed[scope], day)}
    return counts


def judge_by_statistics(
    statistics: dict[str, Any] | None, tally: Tally, sent: SendLog, choice: Statistics, log: Any, causes: str
) -> None:
    """Refuse an audit that found nothing although the vendor counted something; warn about differences.

    :param statistics: what :func:`query_statistics` returned
    :param causes: why lines may have no record, as the end of a sentence
    :raises DysmsIncomplete: no line of a log has a record, and the statistics are not zero; with ``judge`` also for a
        list of numbers, and for a log without lines
    """
    counted = _counted(statistics)
    billed = sum(counts["total"] for counts in counted.values())
    if billed and not tally.recorded and (tally.lines > tally.erased or not tally.lines):
        found = f"the service has no record for any of {tally.lines} lines, although its statistics count {billed}"
        if choice == "judge" or (sent.lines and sent.has_match_keys):
            raise DysmsIncomplete(f"{found}; check the columns, send_date and the account. {causes}".rstrip(". "))
        log.warning("%s segments on the day", found[0].upper() + found[1:])
    elif counted and not tally.recorded and sent.lines:
        log.warning("The service has no record and counts no segment: a wrong site, account or region looks like this")
    for scope, counts in counted.items():
        if counts["remaining"]:
            theirs, ours = f"{counts['total']:,}", f"{counts['ours']['total']:,}"
            if counts["gap"] > MAX_STATISTICS_GAP:
                log.warning(
                    "The statistics count %s %s segments, the rows %s; %s", theirs, scope, ours, _in_words(counts)
                )
            else:
                log.warning(
                    "The vendor counts %s %s segments, the rows %s, a gap of at most %s; %s",
                    theirs,
                    scope,
                    ours,
                    f"{MAX_STATISTICS_GAP:.0%}",
                    _in_words(counts),
                )


def has_gap(statistics: dict[str, Any] | None) -> bool | None:
    """Return whether a difference to the vendor's statistics is flagged; ``None`` without statistics."""
    counted = _counted(statistics)
    return any(counts["gap"] > MAX_STATISTICS_GAP for counts in counted.values()) if counted else None


def _counted(statistics: dict[str, Any] | None) -> dict[str, Any]:
    return {scope: counts for scope, counts in (statistics or {}).items() if "refused" not in counts}


def _comparison(theirs: dict[str, int], tally: Tally, billed: BilledSegments, day: date) -> dict[str, Any]:
    segments = billed.by_state
    ours = {
        "total": billed.total,
        "delivered": segments["delivered"],
        "failed": segments["failed"],
        "waiting": segments["waiting"] + segments["expired"],
    }
    other_day = billed.by_day.total() - billed.by_day[day.isoformat()]
    difference = {name: theirs[name] - ours[name] for name in _COUNTS}
    remaining = difference["total"] + other_day
    found = {
        "other_day": other_day,
        "failed": ours["failed"],
        "blacklist": billed.blacklist,
        "no_text": billed.no_text,
        "missing": billed.missing,
        "rejected": sum(tally.rejected.values()),
        "erased": tally.erased,
        "edge": tally.edge,
        "expired": segments["expired"],
        "waiting": segments["waiting"],
    }
    lines = [
        {"what": what, "count": found[what], "unit": unit, "effect": effect, "why": why}
        for what, (unit, effect, why) in _REASONS.items()
        if found[what]
    ]
    return {
        "ours": {**ours, "expired": segments["expired"], "unlogged": billed.unlogged},
        "difference": difference,
        "lines": lines,
        "remaining": remaining,
        "gap": round(abs(remaining) / max(theirs["total"], ours["total"], 1), 4),
        "explained": _explained(remaining, lines),
    }


def _explained(remaining: int, lines: list[dict[str, Any]]) -> str:
    if not remaining:
        return "fully"
    return "possibly" if _possible(remaining, lines) else "no"


def _possible(remaining: int, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the reasons for the remaining difference; ``other_day`` is subtracted already."""
    effect = "theirs_higher" if remaining > 0 else "ours_higher"
    return [line for line in lines if line["effect"] == effect and line["what"] != "other_day"]


def _in_words(counts: dict[str, Any]) -> str:
    if lines := _possible(counts["remaining"], counts["lines"]):
        return "it may be " + "; ".join(f"{line['unit']} that {line['why']}: {line['count']}" for line in lines)
    if counts["remaining"] > 0:
        return (
            "nothing that was counted explains it: the account may send messages that this log does not have, or "
            "the log is incomplete"
        )
    return "nothing that was counted explains it: the statistics may be late, or from another account"


def _now() -> str:
    return iso_utc(datetime.now(UTC), "seconds")
