"""Writes the task log's summary of an audit: the files that were read, the day's figures, and what to do next."""

from __future__ import annotations

import os
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from airflow_provider_dysms.audit.tally import QUIET_TIME
from airflow_provider_dysms.model.dates import BEIJING, DAY, MIDNIGHT_SLACK, RECEIPT_TIME, day_start
from airflow_provider_dysms.model.errors import MAX_DETAIL_LENGTH
from airflow_provider_dysms.model.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_dysms.storage.manifest import Manifest

#: Largest number of files, templates and categories that the log names one by one.
MAX_NAMED = 10

_STATES = ("delivered", "failed", "waiting", "expired", "missing", "unlogged", "rejected")


class FilesRead:
    """Collects the names and sizes of a send log's files while they are read."""

    def __init__(self) -> None:
        self._sizes: list[tuple[str, int]] = []

    def recorded(self, files: Iterable[tuple[str, BinaryIO]]) -> Iterator[tuple[str, BinaryIO]]:
        """Yield name and file as they come."""
        for name, file in files:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            self._sizes.append((name, size))
            yield name, file

    def __str__(self) -> str:
        count, total = len(self._sizes), sum(size for _, size in self._sizes)
        named = ", ".join(f"{name!a} ({in_units(size)})" for name, size in self._sizes[:MAX_NAMED])
        more = f" and {count - MAX_NAMED:,} more" if count > MAX_NAMED else ""
        return f"{counted(count, 'file')} of {in_units(total)}: {named}{more}"


def in_units(size: int) -> str:
    """Return a number of bytes in a readable unit, such as ``12.4 MB``."""
    if size < 1000:
        return counted(size, "byte")
    power = 1 if size < 999_950 else 2 if size < 999_950_000 else 3
    return f"{size / 1000**power:,.1f} {('kB', 'MB', 'GB')[power - 1]}"


def summary_table(manifest: Manifest) -> str:
    """Return the day's figures as a table of several lines."""
    result, run = manifest["result"], manifest["run"]
    # A number of a list may have any number of messages, or none.
    asked = result["lines"] - result["repeated"] if result["keyed"] else result["rows"]
    messages = asked - result["by_state"].get("rejected", 0)
    times = result["delivery_seconds"]
    rows: list[tuple[str, str]] = [
        ("lines in the log", f"{result['lines']:,}"),
        ("repeated lines", f"{result['repeated']:,}"),
        ("rows, one per message", f"{result['rows']:,}"),
    ]
    for state in _STATES:
        count = result["by_state"].get(state, 0)
        share = f"  {count / messages:7.1%}" if messages and state not in ("unlogged", "rejected") else ""
        rows.append((state, f"{count:>12,}{share}"))
        if state == "failed":
            rows += _largest("  failed: ", result["failed_by_category"])
    if times["p50"] is not None:
        rows.append(("delivery time", f"half within {times['p50']:,} s, 95 % within {times['p95']:,} s"))
    for scope, counts in (run.get("statistics") or {}).items():
        if "refused" not in counts:
            ours, theirs = counts["ours"]["total"], counts["total"]
            rows.append((f"{scope} segments", f"{ours:>12,} here, {theirs:,} counted by the vendor"))
    rows.append(("requests", f"{run['requests']:>12,}, {run['throttled']:,} of them throttled"))
    for name, what in (("taken_over", "from the partition"), ("resumed", "from an earlier attempt")):
        if run[name]:
            rows.append((name.replace("_", " "), f"{run[name]:>12,} numbers and message ids {what}"))
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:<{width}}  {_right(value)}" for name, value in rows]
    return "\n".join([f"The audit of {result['send_date']}, as of {in_beijing(result['as_of'])}:", *lines])


def next_step(result: dict[str, Any]) -> str:
    """Return what to do next about a day, in one or two sentences.

    :param result: of the manifest
    """
    if result["settled"]:
        return "The day is settled: nothing about it can change any more"
    end = day_start(date.fromisoformat(result["send_date"])) + DAY
    oldest = datetime.fromisoformat(result["oldest_answer"])
    if result["provisional"]:
        return (
            f"The day was not over when the service was asked. Run the task again after {_minute(end + MIDNIGHT_SLACK)}"
        )
    last = f"after {_minute(end + RECEIPT_TIME)}, when every receipt must have come"
    if not result["keyed"]:
        return f"The day is not settled: a list of numbers is settled {last}. Run the task again then"
    if not result["open"]:
        return f"The day is not settled: it has only just ended. Run the task again after {_minute(end + QUIET_TIME)}"
    waiting, missing = result["by_state"].get("waiting", 0), result["missing"]
    what = " and ".join(
        f"{count:,} {one if count == 1 else many}"
        for count, one, many in (
            (waiting, "waits for a receipt", "wait for a receipt"),
            (missing, "is missing", "are missing"),
        )
        if count
    )
    soonest = end + QUIET_TIME
    when = f"Run the task again {last}"
    if oldest < end + RECEIPT_TIME - DAY:
        when = f"Run the task again tomorrow, or {last}"
    if oldest < soonest:
        when = f"Run the task again after {_minute(soonest)}, and at last {last}"
    what = what or "some can still change"
    return f"The day is not settled: of its messages, {what}. {when}; only these are looked up again"


def in_beijing(instant: str) -> str:
    """Return an instant of the manifest in Beijing time."""
    return f"{datetime.fromisoformat(instant).astimezone(BEIJING):%Y-%m-%d %H:%M:%S} in Beijing"


def _minute(instant: datetime) -> str:
    return f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M} in Beijing"


def _largest(prefix: str, counts: dict[str, int]) -> list[tuple[str, str]]:
    names = sorted(counts, key=lambda name: (-counts[name], name))
    rows = [(f"{prefix}{one_line(name, MAX_DETAIL_LENGTH)}", f"{counts[name]:>12,}") for name in names[:MAX_NAMED]]
    if names[MAX_NAMED:]:
        rows.append((f"{prefix}others", f"{sum(counts[name] for name in names[MAX_NAMED:]):>12,}"))
    return rows


def _right(value: str) -> str:
    return f"{value:>12}"


def counted(count: int, noun: str) -> str:
    """Return a number of things in words, such as ``1 file``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
