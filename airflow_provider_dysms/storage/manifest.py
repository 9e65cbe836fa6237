"""The manifest of a partition: what lies in its data file, and how it came there.

A JSON object, version 1::

    version   1
    result    what the caller counted, and
              data     the data file, relative to output_uri (``run`` has its whole URI: copies are equal)
              bytes    its size
              sha256   its digest
              rows     how many rows it has
              columns  name and type of each, in order: string, integer, float, boolean, timestamp, date
    run       what the caller knows of this run, the vendor's own counts among it where there are any, and
              output_uri  the folder that it was written to, with its scheme and bucket, without a connection id
              data_uri    the data file there
              replaced    data files of the partition that this commit takes away, where there are any

Equal results give equal bytes of ``result``. Later versions only append.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.encoders import COLUMN_TYPES, EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.storage.row_spool import Content

VERSION = 1

Manifest = dict[str, Any]


class ManifestUnreadable(DysmsInputError):
    """What lies in the place of a manifest is not one of this partition and version."""


def manifest_key(partition: str) -> str:
    """Return where the manifest lies: apart from the data, because beside it readers that glob would read it."""
    return f"_manifests/{partition}.json"


def data_key(partition: str, extension: str) -> str:
    """Return where the one data file of a partition lies."""
    return f"{partition}/part-0.{extension}"


def encode(
    data: str,
    content: Content,
    schema: Mapping[str, type],
    result: Mapping[str, object],
    run: Mapping[str, object],
    replaced: list[str],
) -> bytes:
    """Return a manifest as it is stored.

    :raises TypeError, ValueError: ``result`` or ``run`` has something that JSON has not
    """
    described = {
        "data": data,
        "bytes": content.size,
        "sha256": content.sha256,
        "rows": content.rows,
        "columns": [{"name": name, "type": COLUMN_TYPES[kind]} for name, kind in schema.items()],
    }
    manifest = {
        "version": VERSION,
        "result": {**result, **described},
        "run": {**run, **({"replaced": replaced} if replaced else {})},
    }
    return (json.dumps(manifest, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=2) + "\n").encode()


def decode(stored: bytes | None, partition: str) -> Manifest | None:
    """Read a manifest.

    :returns: ``None`` where there is none
    :raises ManifestUnreadable: what is there is not a manifest of this partition; a data file it names is never touched
    """
    if stored is None:
        return None
    try:
        manifest: Manifest = json.loads(stored)
        result = manifest["result"]
        sound = (
            manifest["version"] == VERSION
            and owned_files(manifest) <= {data_key(partition, extension) for extension in EXTENSIONS.values()}
            and isinstance(result["bytes"], int)
            and isinstance(result["sha256"], str)
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise ManifestUnreadable(
            "output_uri",
            f"has no readable manifest at {manifest_key(partition)} (version {VERSION} of this package); "
            "move it away, or write with the release that wrote it",
        )
    return manifest


def owned_files(manifest: Manifest | None) -> set[str]:
    """Return the data files that a manifest accounts for: its own, and those it was about to take away."""
    if manifest is None:
        return set()
    return {manifest["result"]["data"], *manifest["run"].get("replaced", ())}


def was_csv_safe(result: Mapping[str, Any]) -> bool:
    """Return whether the texts of a CSV file were written for spreadsheets.

    :param result: of its manifest; earlier releases never did so, and do not say it
    """
    return (result.get("parameters") or {}).get("csv_safe") is True
