"""Finds messages in the archive that audits have left: newest first, a page at a time.

The days of a search are read one after the other, the newest first, until the page is full. So a page costs by the days
that it touches, and not by the size of the archive. Only days whose messages may be dated on the next or the previous
day, as their manifests say, are read together.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.archive.engines.day_search import Position
from airflow_provider_dysms.archive.sending_details.archive_days import Archive
from airflow_provider_dysms.archive.sending_details.cursor import Cursor, decode_cursor, encode_cursor
from airflow_provider_dysms.archive.sending_details.filters.conditions import check_filters, day_search
from airflow_provider_dysms.archive.sending_details.filters.manifest_totals import is_ruled_out, total_of
from airflow_provider_dysms.archive.sending_details.filters.time_span import resolve_span
from airflow_provider_dysms.archive.sending_details.notes import audited_until, notes_of
from airflow_provider_dysms.archive.sending_details.page import Page, Total
from airflow_provider_dysms.archive.sending_details.query import MAX_PAGE_SIZE
from airflow_provider_dysms.archive.sending_details.record import detail_of
from airflow_provider_dysms.archive.sending_details.span_days import SpanDays, read_span_days

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from airflow_provider_dysms.archive.engines.choose_engine import Engine
    from airflow_provider_dysms.archive.engines.day_search import DaySearch, FoundRow
    from airflow_provider_dysms.archive.sending_details.archive_days import ArchiveDay
    from airflow_provider_dysms.archive.sending_details.filters.conditions import Filters
    from airflow_provider_dysms.archive.sending_details.filters.time_span import TimeSpan
    from airflow_provider_dysms.archive.sending_details.query import FindQuery
    from airflow_provider_dysms.model.privacy import PrivacyKey

#: A row number that is greater than that of every row.
_LAST_ROW = 2**62


def find(
    query: FindQuery,
    *,
    privacy_key: PrivacyKey | None = None,
    now: datetime | None = None,
    engine: Engine = "auto",
    max_page_size: int = MAX_PAGE_SIZE,
) -> Page:
    """Return a page of the messages that pass the filters of a query, the newest first.

    :param query: the filters, and the archive
    :param privacy_key: the key under which numbers of the archive are hashed; needed for a number in such an archive
    :param now: the current instant, aware; default the clock's
    :param engine: what reads Parquet: ``auto`` (default), ``duckdb`` or ``pyarrow``
    :param max_page_size: largest ``page_size``; default 1,000. Each page reads its days anew and is held in memory
    :raises DysmsInputError: an argument cannot be used, a limit is exceeded, the cursor belongs to another query, or
        numbers are hashed under another secret
    :raises PartitionDiffers: the file of a day is not what its manifest says
    :raises DysmsStorageError: a manifest cannot be used, or the store does not answer
    """
    now = datetime.now(UTC) if now is None else now.astimezone(UTC)
    filters = check_filters(query, privacy_key, max_page_size)
    unread = None if query.cursor is None else decode_cursor(query.cursor)
    resolved = resolve_span(query, now)
    span = resolved if unread is None else unread.cursor.span
    with Archive(query.output_uri, query.partition, now, engine) as archive:
        days = read_span_days(archive, span, now)
        days.check(filters)
        cursor = None if unread is None else unread.check(query, filters, days.sha256(unread.cursor.day))
        return _Find(query, filters, span, archive, days, cursor).page(now)


class _Find:
    """One search."""

    def __init__(
        self,
        query: FindQuery,
        filters: Filters,
        span: TimeSpan,
        archive: Archive,
        days: SpanDays,
        cursor: Cursor | None,
    ) -> None:
        self._query = query
        self._filters = filters
        self._span = span
        self._archive = archive
        self._days = days
        self._cursor = cursor
        self._count = 0

    def page(self, now: datetime) -> Page:
        """Search, and return the page."""
        found = self._rows()
        shown, has_more = found[: self._query.page_size], len(found) > self._query.page_size
        records = tuple(detail_of(day.day, day.names, row.values) for day, row in shown)
        before = self._cursor.shown if self._cursor else 0
        next_cursor = None
        if has_more:
            day, row = shown[-1]
            place = Cursor(day.day, row.position, self._span, before + len(shown))
            next_cursor = encode_cursor(place, self._query, self._filters, day.result["sha256"])
        searched = self._days.searched
        return Page(
            records=records,
            first=before + 1 if records else 0,
            total=self._total(before + len(records), has_more=has_more),
            next_cursor=next_cursor,
            span=self._span,
            days=searched,
            audited_until=audited_until(searched),
            notes=(*self._days.notes(self._filters), *notes_of(searched, self._span, records, now)),
        )

    def _rows(self) -> list[tuple[ArchiveDay, FoundRow]]:
        """Return the rows of the page in their order, and one more if there is one."""
        found: list[tuple[ArchiveDay, FoundRow]] = []
        for group in self._days.groups():
            missing = self._query.page_size + 1 - len(found)
            if self._cursor is not None and group[-1].day > self._cursor.day:
                missing = 0
            if missing > 0 or self._is_counted:
                found += self._search_group(group, missing)
        return found

    def _search_group(self, group: Sequence[ArchiveDay], limit: int) -> list[tuple[ArchiveDay, FoundRow]]:
        is_cursors = self._cursor is not None and group[0].day >= self._cursor.day >= group[-1].day
        found = []
        for day in group:
            known = self._known_total(day) if self._is_counted else None
            after = self._after(day.day) if is_cursors else None
            options: dict[str, Any] = {"limit": limit, "count": self._is_counted and known is None, "after": after}
            matches = self._archive.search(day, partial(self._search_of, **options))
            self._count += known or (matches and matches.count) or 0
            found += [(day, row) for row in (matches.rows if matches else ())]
        found.sort(key=lambda each: (each[1].position.moment, each[0].day, -each[1].position.row), reverse=True)
        return found[:limit]

    def _search_of(self, day: ArchiveDay, **options: Any) -> DaySearch | None:
        if not (options["limit"] or options["count"]) or is_ruled_out(self._filters, day.result):
            return None
        return day_search(self._filters, day.day, self._span, day.result, **options)

    def _after(self, day: date) -> Position:
        """Return the place after which the rows of a day are shown, in the group of the cursor's day."""
        assert self._cursor is not None
        moment, row = self._cursor.position
        return Position(moment, row if day == self._cursor.day else -1 if day < self._cursor.day else _LAST_ROW)

    @property
    def _is_counted(self) -> bool:
        return self._query.count == "exact"

    def _known_total(self, day: ArchiveDay) -> int | None:
        return total_of(self._filters, day.result) if self._span.has_all_of(day.day) else None

    def _total(self, shown: int, *, has_more: bool) -> Total:
        if self._is_counted:
            return Total(self._count, is_exact=True)
        if not has_more:
            return Total(shown, is_exact=True)
        totals = [self._known_total(day) for day in self._days.audited]
        known = [total for total in totals if total is not None]
        count = max(sum(known), shown + 1)
        return Total(count, is_exact=len(known) == len(totals))
