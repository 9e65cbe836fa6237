"""The days that a search reads: those of its span, and the days next to it if their messages may be dated in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.archive.sending_details.archive_days import ArchiveDay, usable
from airflow_provider_dysms.archive.sending_details.notes import listed
from airflow_provider_dysms.archive.sending_details.page import SearchedDay
from airflow_provider_dysms.model.dates import DAY, beijing_day
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from airflow_provider_dysms.archive.sending_details.archive_days import Archive
    from airflow_provider_dysms.archive.sending_details.filters.conditions import Filters
    from airflow_provider_dysms.archive.sending_details.filters.time_span import TimeSpan


class SpanDays:
    """The days of a search.

    :param audited: those with messages to search, the newest first
    :param searched: those of the span, the newest first
    """

    def __init__(self, audited: Sequence[ArchiveDay], searched: Sequence[SearchedDay]) -> None:
        self.audited = audited
        self.searched = tuple(searched)

    def groups(self) -> Iterator[list[ArchiveDay]]:
        """Yield the days, the newest first, in groups: the messages of a group must be sorted together."""
        group: list[ArchiveDay] = []
        for day in self.audited:
            if group and not (group[-1].day - day.day == DAY and not (group[-1].is_within_day and day.is_within_day)):
                yield group
                group = []
            group.append(day)
        if group:
            yield group

    def check(self, filters: Filters) -> None:
        """Refuse filters that would find nothing because of how the days were written.

        :raises DysmsInputError: numbers are hashed under another secret, or no day has a column
        """
        for day in self.audited:
            if filters.phone is not None:
                filters.phone.check_hashes(day.day, day.result)
        for name, _ in filters.texts:
            if self.audited and not any(name in day.names for day in self.audited):
                raise DysmsInputError("carried", f"names the column {name!r}, which no day of the span has")

    def notes(self, filters: Filters) -> Iterator[str]:
        """Yield the sentences about days on which a filter cannot find anything."""
        for name, _ in filters.texts:
            if without := [day.day for day in self.audited if name not in day.names]:
                yield f"Without a column {name!r}, so that nothing is found: {listed(without)}."
        if filters.phone is not None and not filters.phone.is_possible:
            yield "The number cannot exist in this form; it was searched for digit by digit."

    def sha256(self, day: date) -> str | None:
        """Return the digest of the file of a day; ``None`` if it is not among the days."""
        return next((each.result["sha256"] for each in self.audited if each.day == day), None)


def read_span_days(archive: Archive, span: TimeSpan, now: datetime) -> SpanDays:
    """Read the manifests of the days of a span.

    :param now: the current instant; later days are not days of an archive
    :raises DayUnusable: a manifest cannot be used
    :raises DysmsInputError: an argument cannot be used
    :raises DysmsStorageError: the store does not answer
    """
    days = [day for day in span.days if day <= beijing_day(now)]
    if not days:
        return SpanDays([], [])
    manifests = archive.audited([days[0] + DAY, *days, days[-1] - DAY])
    read: list[ArchiveDay] = []
    for day, manifest in manifests.items():
        if day in days:
            if manifest.state != "missing":
                read.append(ArchiveDay(day, usable(manifest)))
        elif manifest.result is not None and not (neighbour := ArchiveDay(day, manifest.result)).is_within_day:
            read.append(neighbour)
    return SpanDays(
        read,
        [
            SearchedDay(
                day=day,
                is_audited=(manifest := manifests[day]).state != "missing",
                as_of=manifest.as_of,
                is_provisional=manifest.state == "provisional",
                is_of_receipts_alone=manifest.is_of_receipts_alone,
                rows=manifest.rows,
            )
            for day in days
        ],
    )
