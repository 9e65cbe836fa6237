"""Builds what a manifest's ``result`` says about receipts, and lists its entries.

``source`` is ``receipts`` if the service was not asked, or ``receipts and queries``. ``receipts`` has

* ``files``, ``bodies`` and ``read``, the receipts of the archive, and ``rejected`` by reason
* ``rows``: the rows that come from receipts alone, also those that an earlier audit took from them
* ``duplicates``, ``conflicts``, ``other_number``, ``other_time``, ``not_billed``: see :class:`ReceiptJoin`
* ``unmatched`` and ``other_days``: receipts without a line, whose day is not known, or another one; and
  ``without_line``, those of the day if the service was asked, which knows unlogged messages better
* ``cross_check``: see :class:`ReceiptsFirst`, with the lines that earlier audits compared; ``not cross-checked`` if the
  service was not asked
* ``unlogged_judged``: whether messages of receipted lines were compared with the log
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.storage.manifest import RECEIPTS_ALONE, is_of_receipts_alone
from airflow_provider_dysms.transfers.reporting.log_summary import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.receipts.archive.archive import ArchiveCounts
    from airflow_provider_dysms.storage.manifest import Manifest
    from airflow_provider_dysms.transfers.export_options import ExportOptions

RECEIPTS_AND_QUERIES = "receipts and queries"
NOT_CROSS_CHECKED = "not cross-checked"

_COUNTED = (
    "matched",
    "duplicates",
    "conflicts",
    "other_number",
    "other_time",
    "not_billed",
    "unmatched",
    "other_days",
    "without_line",
)


def receipt_facts(
    archive: ArchiveCounts, counts: Mapping[str, int], rows: int, *, cross_check: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """Return the entries ``source`` and ``receipts``.

    :param archive: what was read
    :param counts: what the join found
    :param rows: rows that come from receipts
    :param cross_check: what the comparison with the service found; ``None`` if it was not asked
    """
    return {
        "source": RECEIPTS_ALONE if cross_check is None else RECEIPTS_AND_QUERIES,
        "receipts": {
            "files": archive.files,
            "bodies": archive.bodies,
            "read": archive.receipts,
            "rejected": dict(sorted(archive.rejected.items())),
            "rows": rows,
            **{name: counts[name] for name in _COUNTED},
            "cross_check": NOT_CROSS_CHECKED if cross_check is None else dict(cross_check),
            "unlogged_judged": cross_check is None,
        },
    }


def has_unchecked_rows(manifest: Manifest | None, options: ExportOptions) -> bool:
    """Return whether rows of a partition come from receipts that nothing was compared with, although it is wanted now.

    :param manifest: of the partition; ``None`` if it has none
    :param options: of the export
    """
    if manifest is not None and is_of_receipts_alone(manifest["result"]):
        return True
    receipts = cross_checked_facts(manifest).get("receipts")
    wants_check = options.receipts_uri is None or options.cross_check > 0
    return bool(receipts and receipts["rows"] and not receipts["cross_check"]["compared"] and wants_check)


def cross_checked_facts(manifest: Manifest | None) -> dict[str, Any]:
    """Return the entries of a partition whose rows come from receipts and queries; none if they do not.

    :param manifest: of the partition; ``None`` if it has none
    """
    if manifest is None or manifest["result"].get("source") != RECEIPTS_AND_QUERIES:
        return {}
    return {name: manifest["result"][name] for name in ("source", "receipts")}


def describe_counts(counts: Mapping[str, int]) -> str:
    """Return what the join found, as a sentence for the task log."""
    found = ", ".join(f"{counts[name]:,} {name.replace('_', ' ')}" for name in _COUNTED[1:] if counts[name])
    verb = "has" if counts["matched"] == 1 else "have"
    return f"{counted(counts['matched'], 'message')} {verb} receipts" + (f"; {found}" if found else "")
