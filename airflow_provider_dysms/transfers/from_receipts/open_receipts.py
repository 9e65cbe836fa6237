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
from airflow_provider_dysms.receipts.unlogged import count_unused
from airflow_provider_dysms.transfers.from_receipts.cross_checked_receipts import ReceiptsFirst
from airflow_provider_dysms.transfers.from_receipts.read_receipts import read_receipts
from airflow_provider_dysms.transfers.from_receipts.receipt_facts import cross_checked_facts, receipt_facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_dysms.audit.matching.detail_queries import AuditScope
    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.storage.manifest import Manifest
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

    def check(self, options: ExportOptions) -> None:
        """Refuse receipts that the service contradicts too often.

        :raises DysmsIncomplete: it does
        """
        if self.source is not None:
            self.source.check(options.max_cross_check_differences)

    def facts(self, previous: Manifest | None, *, has_taken_over: bool) -> dict[str, Any]:
        """Return what the manifest says about receipts; nothing if no row comes from one.

        :param previous: the manifest of the previous audit; ``None`` if there was none
        :param has_taken_over: whether rows of it were taken over
        """
        before = cross_checked_facts(previous) if has_taken_over else {}
        if self.source is None:
            return before
        assert self.index is not None
        assert self.scope is not None
        count_unused(self.index, self.scope, self.counts)
        rows, cross_check = self.source.rows, self.source.cross_check
        if before:
            rows += min(self.source.taken_over, before["receipts"]["rows"])
            earlier = before["receipts"]["cross_check"]
            # What was undecided has been asked again.
            decided = {**earlier, "compared": earlier["compared"] - earlier["undecided"], "undecided": 0}
            cross_check = {name: count + decided[name] for name, count in cross_check.items()}
        return receipt_facts(self.archive, self.counts, rows, cross_check=cross_check)


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
        join = ReceiptJoin(index, scope, options.vendor)
        source = ReceiptsFirst(join, scope, options.cross_check, key)
        yield OpenReceipts(source, index, scope, archive, join.counts)
