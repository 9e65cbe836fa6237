"""What the partition holds already: the last audit of the same log in the same way, looked up case by case."""

from __future__ import annotations

import base64
import hashlib
import zlib
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.audit.previous_audit import key_of_verdict
from airflow_provider_dysms.audit.results import HiddenCounts
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
    from airflow_provider_dysms.transfers.row_codec import Row, RowCodec

#: Of the manifest's ``parameters``, those that rows depend on.
ROWS_DEPEND_ON = ("match", "content", "phone", "hashed_by", "columns", "carry")

#: The first row of a case, and what cannot be seen of it: as :class:`~airflow_provider_dysms.audit.results.HiddenCounts`.
UnseenAt = tuple[int, HiddenCounts]

_UNSEEN = msgspec.msgpack.Decoder(list[UnseenAt])


class PreviousRows:
    """The rows of the committed partition by case, on a shelf.

    :param oldest_answer: the manifest's
    :param is_csv: whether an empty text was written as nothing
    :param hashed_by: the key of a secret that has been replaced since, if numbers are hashed by that one
    """

    def __init__(
        self, rows: RowCodec, shelf: DiskIndex, oldest_answer: datetime, *, is_csv: bool, hashed_by: PrivacyKey | None
    ) -> None:
        self.oldest_answer = oldest_answer
        self.is_csv = is_csv
        self.hashed_by = hashed_by
        self._rows = rows
        self._shelf = shelf

    def find(self, key: str) -> tuple[HiddenCounts, list[Verdict]] | None:
        """Return what a case came to, the verdicts as they stand in the rows; ``None`` for one that is not there.

        :param key: as :meth:`~airflow_provider_dysms.audit.previous_audit.PreviousAudit.key` makes it
        """
        for packed in self._shelf.get(_short(key)):
            unseen, verdicts = self._rows.unpack(packed)
            if key_of_verdict(verdicts[0]) == key:
                return unseen, verdicts
        return None


def read_previous_rows(
    partition: Partition,
    manifest: Manifest | None,
    expected: Mapping[str, Any],
    rows: RowCodec,
    shelf: DiskIndex,
    log: Any,
    privacy_key: PrivacyKey | None = None,
) -> PreviousRows | None:
    """Read what the partition holds, if it can be compared with the audit that begins.

    :param manifest: of the partition; ``None`` for one that is empty
    :param expected: ``send_date``, ``keyed`` and ``parameters``, as they will stand in the new manifest
    :param shelf: where the rows are put
    :param log: the task's logger; it is told why the rows cannot be used
    :param privacy_key: of an audit that hashes numbers; its previous secret may have hashed the rows
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
    if reason := _differs(result, expected, rows):
        log.info("The partition's rows are not taken over, and every line is asked: %s", reason)
        return None
    file = partition.open_data(manifest)
    if file is None:
        log.warning("The partition's data file does not fit its manifest; every line is asked")
        return None
    file_format, compression = format_of(result["data"])
    with file:
        try:
            unseen = dict(_unpack_unseen(result["unseen"]))
            found = read_rows(file, file_format, compression, rows.columns, csv_safe=was_csv_safe(result))
            shelf.put(_cases(found, unseen, rows))
        except (RowsUnreadable, ValueError, zlib.error) as error:
            log.warning("The partition's data file cannot be read back (%s); every line is asked", error)
            return None
    oldest_answer = datetime.fromisoformat(result["oldest_answer"])
    return PreviousRows(rows, shelf, oldest_answer, is_csv=file_format == "csv", hashed_by=replaced)


class Packing:
    """Takes what cannot be seen of cases, and packs it as it comes: a list of a million would be larger."""

    def __init__(self) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._packed = bytearray()
        self._count = 0

    def add(self, place: int, unseen: HiddenCounts) -> None:
        """Take what cannot be seen of a case.

        :param place: of its first row
        """
        self._encoder.encode_into((place, unseen), self._packed, -1)
        self._count += 1

    def text(self) -> str:
        """Return all of it as one text: it may be long, and nobody reads it in a manifest."""
        as_many = self._encoder.encode([None] * self._count)  # whose beginning is that of every list of this length
        packed = as_many[: len(as_many) - self._count] + self._packed
        return base64.b64encode(zlib.compress(packed, 9)).decode()


def _unpack_unseen(packed: str) -> list[UnseenAt]:
    return _UNSEEN.decode(zlib.decompress(base64.b64decode(packed)))


def _differs(result: Mapping[str, Any], expected: Mapping[str, Any], rows: RowCodec) -> str | None:
    """Say why rows cannot be taken over; ``None`` if they can."""
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
    columns = [{"name": name, "type": COLUMN_TYPES[kind]} for name, kind in rows.columns.items()]
    if not changed and result["columns"] != columns:
        changed = ["the output's columns"]
    return f"{', '.join(changed)} changed since" if changed else None


def _cases(rows: Iterable[Row], unseen: Mapping[int, HiddenCounts], shape: RowCodec) -> Iterator[tuple[int, bytes]]:
    """Put together what belongs together; the rows of a case stand one after the other."""
    keyed = ((key_of_verdict(shape.verdict(row)), place, row) for place, row in enumerate(rows))
    for key, entries in groupby(keyed, itemgetter(0)):
        if key is not None:
            (_, place, first), *rest = entries
            case = [first, *(row for _, _, row in rest)]
            yield _short(key), shape.pack(unseen.get(place, HiddenCounts()), case)


def _short(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)
