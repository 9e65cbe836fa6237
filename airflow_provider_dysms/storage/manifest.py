"""The manifest of a partition: a JSON object that describes its data file and the run that wrote it.

Version 1 has::

    version   1
    result    the counts of the caller, and
              data     the data file, relative to output_uri, so that copies of a partition have equal results
              bytes    its size
              sha256   its digest
              rows     how many rows it has
              columns  name and type of each, in order: string, integer, float, boolean, timestamp, date
    run       facts about this run from the caller, such as the vendor's own counts, and
              output_uri  the folder of the output, with scheme and bucket, without a connection id
              data_uri    the data file in it
              replaced    data files of the partition that this commit removes, if there are any
    snapshots figures of the audits of the day before this one, the oldest first, if there are any: see
              :mod:`.audited_days.snapshots`. Neither ``result`` nor the data file depends on them

Equal results give equal bytes of ``result``. Later versions only append.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.file_formats import COLUMN_TYPES, EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_dysms.storage.row_spool import SpooledFile

VERSION = 1

#: ``source`` in the ``result`` of a partition whose rows come from receipts that nobody compared with the service.
RECEIPTS_ALONE = "receipts"

Manifest = dict[str, Any]


class ManifestUnreadable(DysmsInputError):
    """The file in the place of a manifest is not one of this partition and version."""


def manifest_key(partition: str) -> str:
    """Return the key of the manifest: in a folder of its own, because readers that glob would take it for data."""
    return f"_manifests/{partition}.json"


def data_key(partition: str, extension: str) -> str:
    """Return the key of the one data file of a partition."""
    return f"{partition}/part-0.{extension}"


def encode(
    data: str,
    file: SpooledFile,
    schema: Mapping[str, type],
    result: Mapping[str, object],
    run: Mapping[str, object],
    replaced: Sequence[str] = (),
    snapshots: Sequence[Mapping[str, object]] = (),
) -> bytes:
    """Return the stored form of a manifest.

    :param data: key of the data file
    :param file: its content
    :param schema: column -> type
    :param result: of the caller; the facts about the data file are added
    :param run: of the caller
    :param replaced: keys of the data files that the commit removes
    :param snapshots: figures of earlier audits
    :raises TypeError, ValueError: ``result`` or ``run`` has a value that JSON does not have
    """
    data_facts = {
        "data": data,
        "bytes": file.size,
        "sha256": file.sha256,
        "rows": file.rows,
        "columns": [{"name": name, "type": COLUMN_TYPES[kind]} for name, kind in schema.items()],
    }
    manifest = {
        "version": VERSION,
        "result": {**result, **data_facts},
        "run": {**run, **({"replaced": replaced} if replaced else {})},
        **({"snapshots": list(snapshots)} if snapshots else {}),
    }
    return to_bytes(manifest)


def to_bytes(manifest: Manifest) -> bytes:
    """Return the stored form of a manifest."""
    return (json.dumps(manifest, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=2) + "\n").encode()


def decode(stored: bytes | None, partition: str) -> Manifest | None:
    """Parse a stored manifest.

    :param stored: its bytes, or ``None`` if there is none
    :returns: the manifest, or ``None`` if there is none
    :raises ManifestUnreadable: it is not a manifest of this partition; so no data file that it names is ever touched
    """
    if stored is None:
        return None
    try:
        manifest: Manifest = json.loads(stored)
        result = manifest["result"]
        is_valid = (
            manifest["version"] == VERSION
            and owned_files(manifest) <= {data_key(partition, extension) for extension in EXTENSIONS.values()}
            and isinstance(result["bytes"], int)
            and isinstance(result["sha256"], str)
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        is_valid = False
    if not is_valid:
        raise ManifestUnreadable(
            "output_uri",
            f"has no readable manifest at {manifest_key(partition)} (version {VERSION} of this package); "
            "move it away, or write with the release that wrote it",
        )
    return manifest


def owned_files(manifest: Manifest | None) -> set[str]:
    """Return the data files that belong to a manifest: its own, and those that its commit was about to remove."""
    if manifest is None:
        return set()
    return {manifest["result"]["data"], *manifest["run"].get("replaced", ())}


def is_of_receipts_alone(result: Mapping[str, Any]) -> bool:
    """Return whether rows come from receipts that nobody compared with the service, which was not asked.

    :param result: of a manifest, or one of its snapshots
    """
    return result.get("source") == RECEIPTS_ALONE


def was_csv_safe(result: Mapping[str, Any]) -> bool:
    """Return whether a CSV file was written with ``csv_safe``.

    :param result: of its manifest; manifests of earlier releases, which had no ``csv_safe``, do not mention it
    """
    return (result.get("parameters") or {}).get("csv_safe") is True
