"""Finishes the commit of an eraser that was killed between the data file and its manifest.

An audit would write both again, because it can ask the service. Rows of an archive are nowhere else, and the old
manifest does not describe the new file. So the mark of an eraser has the new manifest: if the data file is the one that
it describes, it takes the place of the old one.
"""

from __future__ import annotations

import dataclasses
import json
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.retention.commit_marks import (
    PartitionBusy,
    all_marks,
    is_stale,
    marks_of_others,
    remove_mark,
    write_mark,
)
from airflow_provider_dysms.storage.manifest import ManifestUnreadable, decode, encode, manifest_key, to_bytes
from airflow_provider_dysms.storage.object_store.store_errors import FileReplaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_dysms.storage.partition import Partition
    from airflow_provider_dysms.storage.row_spool import RowSpool


@contextmanager
def pending_manifest(
    partition: Partition, spool: RowSpool, result: Mapping[str, Any], run: Mapping[str, Any], writer: str
) -> Iterator[None]:
    """Have a mark with the manifest of the commit that is made inside this context.

    :param result: of the commit, as are ``run`` and the spool
    :param writer: the eraser's name in its marks
    :raises PartitionBusy: another task commits the partition
    """
    manifest = json.loads(encode(partition.data, spool.finish(), spool.schema, result, run, []))
    key = write_mark(partition.store, partition.name, writer, manifest)
    try:
        if marks_of_others(partition.store, writer, partition.name):
            raise PartitionBusy(f"{partition.name}: another task commits this partition; erase when it has finished")
        yield
    except (FileReplaced, PartitionBusy):  # nothing was committed
        remove_mark(partition.store, key)
        raise
    remove_mark(partition.store, key)


def finish_pending_commits(root: Partition, writer: str) -> None:
    """Finish the commits of erasers that were killed: of this erasure, and of others after an hour.

    :param root: any partition of the output
    """
    for mark in all_marks(root.store):
        stored = root.store.read(mark.key)
        if mark.is_of_erasure and (mark.writer == writer or is_stale(stored, datetime.now(UTC))):
            _finish(dataclasses.replace(root, name=mark.partition), stored)
            remove_mark(root.store, mark.key)


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
