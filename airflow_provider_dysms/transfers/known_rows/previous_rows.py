"""Reads the rows that a partition already has, and finds those of a message id or number so that they are reused."""

from __future__ import annotations

import hashlib
import zlib
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.audit.previous_audit import key_of_verdict
from airflow_provider_dysms.audit.results import NOTHING_HIDDEN, HiddenCounts, unpack_hidden_counts
from airflow_provider_dysms.storage.decoders import RowsUnreadable, format_of, read_rows
from airflow_provider_dysms.storage.file_formats import COLUMN_TYPES
from airflow_provider_dysms.storage.manifest import was_csv_safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from airflow_provider_dysms.audit.verdict import Verdict
    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.storage.disk_index import DiskIndex
    from airflow_provider_dysms.storage.manifest import Manifest
    from airflow_provider_dysms.storage.partition import Partition
    from airflow_provider_dysms.transfers.known_rows.row_codec import Row, RowCodec

#: Entries of the manifest's ``parameters`` on which rows depend: rows written under other ones cannot be reused.
ROWS_DEPEND_ON = ("match", "content", "phone", "hashed_by", "columns", "carry")


class PreviousRows:
    """The rows of the committed partition, looked up by message id or number.

    :param index: has the rows already
    :param oldest_answer: the manifest's
    :param is_csv: whether an empty text was written as nothing
    :param hashed_by: the key that the rows are hashed with, if it belongs to the previous secret
    """

    def __init__(
        self, codec: RowCodec, index: DiskIndex, oldest_answer: datetime, *, is_csv: bool, hashed_by: PrivacyKey | None
    ) -> None:
        self.oldest_answer = oldest_answer
        self.is_csv = is_csv
        self.hashed_by = hashed_by
        self._codec = codec
        self._index = index

    def find(self, key: str) -> tuple[HiddenCounts, list[Verdict]] | None:
        """Return the result of a group, with the verdicts as the rows have them; ``None`` if it has no rows.

        :param key: as :meth:`~airflow_provider_dysms.audit.previous_audit.PreviousAudit.key` makes it
        """
        for packed in self._index.get(_index_key(key)):
            hidden_counts, verdicts = self._codec.unpack(packed)
            if key_of_verdict(verdicts[0]) == key:
                return hidden_counts, verdicts
        return None


def read_previous_rows(
    partition: Partition,
    manifest: Manifest | None,
    expected: Mapping[str, Any],
    codec: RowCodec,
    index: DiskIndex,
    log: Any,
    privacy_key: PrivacyKey | None = None,
) -> PreviousRows | None:
    """Read the rows of the partition, if they can be compared with the audit that begins.

    :param manifest: of the partition; ``None`` if it is empty
    :param expected: ``send_date``, ``keyed`` and ``parameters`` of the new manifest
    :param index: takes the rows
    :param log: the task's logger; it gets the reason why the rows cannot be used
    :param privacy_key: the key that numbers are hashed with, if they are; its previous secret may have hashed the rows
    :returns: ``None`` if there are no rows that can be used
    """
    if manifest is None:
        return None
    result = manifest["result"]
    hashed_by = result["parameters"].get("hashed_by") if "oldest_answer" in result else None
    replaced = privacy_key.previous if privacy_key and hashed_by != privacy_key.fingerprint else None
    if replaced and replaced.fingerprint == hashed_by:
        expected = {**expected, "parameters": {**expected["parameters"], "hashed_by": hashed_by}}
    else:
        replaced = None
    if reason := _differs(result, expected, codec):
        log.info("The partition's rows are not taken over, and every line is looked up: %s", reason)
        return None
    file = partition.open_data(manifest)
    if file is None:
        log.warning("The partition's data file does not match its manifest; every line is looked up")
        return None
    file_format, compression = format_of(result["data"])
    with file:
        try:
            hidden_counts = unpack_hidden_counts(result["unseen"])
            rows = read_rows(file, file_format, compression, codec.columns, csv_safe=was_csv_safe(result))
            index.put(_groups(rows, hidden_counts, codec))
        except (RowsUnreadable, ValueError, zlib.error) as error:
            log.warning("The partition's data file cannot be read back (%s); every line is looked up", error)
            return None
    oldest_answer = datetime.fromisoformat(result["oldest_answer"])
    return PreviousRows(codec, index, oldest_answer, is_csv=file_format == "csv", hashed_by=replaced)


def _differs(result: Mapping[str, Any], expected: Mapping[str, Any], codec: RowCodec) -> str | None:
    """Return why the rows cannot be taken over; ``None`` if they can."""
    if "oldest_answer" not in result:
        return "an earlier release wrote them"
    changed = [name for name in ("send_date", "keyed") if result.get(name) != expected[name]]
    theirs, ours = result["parameters"], expected["parameters"]
    changed += [name for name in ROWS_DEPEND_ON if theirs.get(name) != ours.get(name)]
    if theirs.get("hashed_by") and ours.get("hashed_by") and "hashed_by" in changed:
        changed.remove("hashed_by")
        changed.append(
            f"the privacy_secret (fingerprint {ours['hashed_by']}; the rows need {theirs['hashed_by']} "
            "as privacy_secret_previous)"
        )
    columns = [{"name": name, "type": COLUMN_TYPES[kind]} for name, kind in codec.columns.items()]
    if not changed and result["columns"] != columns:
        changed = ["the output's columns"]
    return f"{', '.join(changed)} changed since" if changed else None


def _groups(
    rows: Iterable[Row], hidden_counts: Mapping[int, HiddenCounts], codec: RowCodec
) -> Iterator[tuple[int, bytes]]:
    """Put the rows of each group together; they follow one another in the file."""
    with_keys = ((key_of_verdict(codec.verdict(row)), position, row) for position, row in enumerate(rows))
    for key, entries in groupby(with_keys, itemgetter(0)):
        if key is not None:
            (_, position, first), *rest = entries
            group = [first, *(row for _, _, row in rest)]
            yield _index_key(key), codec.pack(hidden_counts.get(position, NOTHING_HIDDEN), group)


def _index_key(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)
