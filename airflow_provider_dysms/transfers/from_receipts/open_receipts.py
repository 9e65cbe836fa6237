"""Opens the receipts of an export that asks the service only about the lines that have none."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.receipts.archive.archive import ArchiveCounts
from airflow_provider_dysms.receipts.join import ReceiptJoin
from airflow_provider_dysms.receipts.matching.receipt_index import ReceiptIndex
from airflow_provider_dysms.receipts.receipt import ALIYUN
from airflow_provider_dysms.receipts.unlogged import count_unused
from airflow_provider_dysms.transfers.from_receipts.cross_checked_receipts import ReceiptsFirst
from airflow_provider_dysms.transfers.from_receipts.read_receipts import read_receipts
from airflow_provider_dysms.transfers.from_receipts.receipt_facts import receipt_facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_dysms.audit.matching.detail_queries import AuditScope
    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.storage.overlap import OutputLayout
    from airflow_provider_dysms.transfers.export_options import ExportOptions


@dataclass(frozen=True)
class OpenReceipts:
    """The receipts of an export while it runs; without ``receipts_uri`` there are none.

    :param source: what the pipeline asks before the service; ``None`` without receipts
    :param archive: what was read
    :param counts: what the join found
    """

    source: ReceiptsFirst | None = None
    index: ReceiptIndex | None = None
    scope: AuditScope | None = None
    archive: ArchiveCounts = field(default_factory=ArchiveCounts)
    counts: Counter[str] = field(default_factory=Counter)

    def check(self, options: ExportOptions, previous: Mapping[str, Any]) -> None:
        """Refuse receipts that the service contradicts too often.

        :param previous: what the manifest says about the receipts of rows that were taken over; nothing without them
        :raises DysmsIncomplete: it does
        """
        if self.source is not None:
            self.source.check(self._cross_check(self.source, previous), options.max_cross_check_differences)

    def facts(self, previous: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the manifest says about receipts; nothing if no row comes from one.

        :param previous: what it says about the receipts of rows that were taken over; nothing without them
        """
        if self.source is None:
            return dict(previous)
        assert self.index is not None
        assert self.scope is not None
        count_unused(self.index, self.scope, self.counts)
        rows = self.source.rows
        if previous:
            rows = _with_earlier(rows, self.source.rows_taken_over, previous["receipts"]["rows"])
        return receipt_facts(self.archive, self.counts, rows, cross_check=self._cross_check(self.source, previous))

    def _cross_check(self, source: ReceiptsFirst, previous: Mapping[str, Any]) -> Mapping[str, int]:
        if not previous:
            return source.cross_check
        earlier = previous["receipts"]["cross_check"]
        # What was undecided has been asked again.
        decided = {**earlier, "compared": earlier["compared"] - earlier["undecided"], "undecided": 0}
        return {
            name: _with_earlier(count, source.cross_check_taken_over[name], decided[name])
            for name, count in source.cross_check.items()
        }


def _with_earlier(now: int, taken_over: int, earlier: int) -> int:
    """Return a count of this audit and of the rows that it took over.

    :param taken_over: of these rows, by today's receipts: fewer than before if the archive has lost some, or more if
        some came later
    :param earlier: of the previous audit
    """
    return max(now + min(taken_over, earlier), earlier)


@contextmanager
def receipts_before_queries(
    options: ExportOptions, scope: AuditScope, layout: OutputLayout, key: PrivacyKey | None, log: Any
) -> Iterator[OpenReceipts]:
    """Read the receipts of an export, and keep them open while it runs.

    :param scope: of the audit
    :param layout: where the export writes
    :param key: chooses the sample that is compared; ``None`` without a sample
    :param log: the task's logger
    :raises DysmsInputError: the archive cannot be used
    """
    if options.receipts_uri is None:
        yield OpenReceipts()
        return
    with ReceiptIndex() as index:
        # A retry judges as of its first attempt, but receipts that came since are not from the future.
        now = datetime.now(UTC)
        archive = read_receipts(options, scope.send_date, now, layout, index, log, must_exist=False)
        # The service is that of Alibaba Cloud.
        join = ReceiptJoin(index, scope, ALIYUN)
        source = ReceiptsFirst(join, scope, options.cross_check, key)
        yield OpenReceipts(source, index, scope, archive, join.counts)
