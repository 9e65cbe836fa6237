"""Finishes the commit of an eraser that was killed between the data file and its manifest.

An audit would write both again, because it can ask the service. Rows of an archive are nowhere else, and the old
manifest does not describe the new file. So the new manifest is written aside first, in ``_erasures/pending/``: if the
data file is the one that it describes, it takes the place of the old one.
"""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.retention.erasure_records import FOLDER
from airflow_provider_dysms.storage.manifest import ManifestUnreadable, decode, encode, manifest_key, to_bytes
from airflow_provider_dysms.storage.object_store.store_errors import FileReplaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_dysms.storage.partition import Partition
    from airflow_provider_dysms.storage.row_spool import RowSpool

PENDING = f"{FOLDER}/pending"


@contextmanager
def pending_manifest(
    partition: Partition, spool: RowSpool, result: Mapping[str, Any], run: Mapping[str, Any]
) -> Iterator[None]:
    """Write aside the manifest of a commit that is made inside this context; the parameters are those of the commit."""
    key = f"{PENDING}/{partition.name}.json"
    partition.store.write(key, encode(partition.data, spool.finish(), spool.schema, result, run, []))
    try:
        yield
    except FileReplaced:  # nothing was committed
        _remove(partition, key)
        raise
    _remove(partition, key)


def finish_pending_commits(root: Partition) -> None:
    """Finish the commits of erasers that were killed.

    :param root: any partition of the output
    """
    for key in root.store.keys(PENDING):
        name = key.removeprefix(f"{PENDING}/").removesuffix(".json")
        _finish(dataclasses.replace(root, name=name), root.store.read(key))
        _remove(root, key)


def _remove(partition: Partition, key: str) -> None:
    partition.store.remove(key)
    partition.store.tidy(key.rpartition("/")[0])


def _finish(partition: Partition, stored: bytes | None) -> None:
    try:
        pending, committed = decode(stored, partition.name), partition.read_manifest()
    except ManifestUnreadable:
        return
    if pending is None or committed is None or pending["result"] == committed["result"]:
        return
    if (file := partition.open_data(pending)) is not None:
        file.close()
        manifest = {**committed, "result": pending["result"], "run": pending["run"]}
        partition.store.write(manifest_key(partition.name), to_bytes(manifest))
