"""Erases people from one partition, and commits it whole: a reader sees the old file or the new one."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError
from airflow_provider_dysms.retention.commit_marks import PartitionBusy, erasure_writer, marks_of_others
from airflow_provider_dysms.retention.pending_commit import pending_manifest
from airflow_provider_dysms.retention.people import RowEraser
from airflow_provider_dysms.retention.recount import Recount, with_erasure
from airflow_provider_dysms.storage.decoders import RowsUnreadable, format_of, read_rows, schema_of
from airflow_provider_dysms.storage.file_formats import extension_of
from airflow_provider_dysms.storage.manifest import manifest_key, owned_files, was_csv_safe
from airflow_provider_dysms.storage.object_store.store_errors import FileReplaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_dysms.model.choices import Erasure
    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.retention.people import People
    from airflow_provider_dysms.storage.decoders import Row
    from airflow_provider_dysms.storage.manifest import Manifest
    from airflow_provider_dysms.storage.partition import Partition

#: How often a partition is read while other tasks write it.
MAX_ATTEMPTS = 5


class NotSearched(DysmsStorageError):
    """A partition could not be searched, so that people may still be in it. The message is a clause."""


def erase_partition(partition: Partition, people: People, mode: Erasure, erasure: str) -> Manifest:
    """Erase people from a partition, and return the manifest that is committed then.

    A partition without rows of the people is not written. What the commit of a killed task has left is removed.

    :param partition: its folder; format and compression are those that its manifest names
    :param erasure: id of the erasure
    :raises NotSearched: the data file is missing, or is not what the manifest says
    :raises PartitionBusy: another task commits the partition now
    :raises DysmsStorageError: the store does not answer, or other tasks keep writing the partition
    """
    key = manifest_key(partition.name)
    for _ in range(MAX_ATTEMPTS):
        stored = partition.store.read(key)
        try:
            manifest = _read_manifest(partition)
            target = _target(partition, manifest)
            committed = _erase(target, manifest, people, mode, erasure)
            _remove_replaced(target, committed)
            return committed
        except (FileReplaced, NotSearched):
            if marks_of_others(partition.store, erasure_writer(erasure), partition.name):
                raise PartitionBusy(f"{partition.name}: another task commits this partition") from None
            if partition.store.read(key) == stored:
                raise
    raise DysmsStorageError(f"{partition.name}: other tasks keep writing this partition; erase when they have finished")


def key_of(result: Mapping[str, Any], key: PrivacyKey) -> PrivacyKey | None:
    """Return the key under which the numbers of a partition are hashed; ``None`` if the connection does not have it.

    :param result: of the manifest; for numbers in clear the current key is returned
    """
    hashed_by = (result.get("parameters") or {}).get("hashed_by")
    return key if hashed_by is None else key.for_fingerprint(hashed_by)


def _read_manifest(partition: Partition) -> Manifest:
    try:
        manifest = partition.read_manifest()
    except DysmsInputError as error:
        raise NotSearched(error.problem) from None
    if manifest is None:
        raise NotSearched("has a data file without a manifest; audit the day again")
    return manifest


def _target(partition: Partition, manifest: Manifest) -> Partition:
    """Return the partition with the format that its manifest names."""
    result = manifest["result"]
    file_format, compression = format_of(result["data"])
    if file_format == "parquet":
        compression = (result.get("parameters") or {}).get("compression")
    return dataclasses.replace(
        partition,
        file_format=file_format,
        compression=compression,
        extension=extension_of(file_format, compression),
        csv_safe=was_csv_safe(result),
    )


def _erase(partition: Partition, manifest: Manifest, people: People, mode: Erasure, erasure: str) -> Manifest:
    result = manifest["result"]
    try:
        schema = schema_of(result.get("columns") or ())
        key = key_of(result, people.key)
        if key is None:
            raise NotSearched("is hashed with another privacy_secret; put it into privacy_secret_previous")
        if not _has_people(partition, manifest, schema, RowEraser(people, schema, mode, key)):
            return manifest
        eraser, recount = RowEraser(people, schema, mode, key), Recount(result, schema)
        with partition.open_spool(schema) as spool:
            for row in _rows(partition, manifest, schema):
                erased = eraser.erase(row)
                recount.add(erased)
                if erased is not None:
                    spool.write([erased])
            new_result = with_erasure(recount.result(), erasure, (eraser.rows, eraser.cells))
            run = {name: value for name, value in manifest["run"].items() if name != "replaced"}
            with pending_manifest(partition, spool, new_result, run, erasure_writer(erasure)):
                committed = partition.commit(spool, new_result, run, replaces=manifest)
            if committed["result"]["sha256"] != spool.finish().sha256:
                raise FileReplaced(f"{partition.uri}: another task has written this partition meanwhile")
            return committed
    except RowsUnreadable as error:
        raise NotSearched(f"cannot be read ({error}); audit the day again") from None


def _has_people(partition: Partition, manifest: Manifest, schema: Mapping[str, type], eraser: RowEraser) -> bool:
    """Return whether a row would change; most partitions have none, and need not be encoded."""
    return any(eraser.erase(row) is not row for row in _rows(partition, manifest, schema))


def _rows(partition: Partition, manifest: Manifest, schema: Mapping[str, type]) -> Iterator[Row]:
    file = partition.open_data(manifest)
    if file is None:
        raise NotSearched("has a data file that is not what its manifest says; audit the day again")
    with file:
        yield from read_rows(file, partition.file_format, _packed_as(partition), schema, csv_safe=partition.csv_safe)


def _packed_as(partition: Partition) -> str | None:
    """Return the compression of a text file; a Parquet file names its own."""
    return None if partition.file_format == "parquet" else partition.compression


def _remove_replaced(partition: Partition, manifest: Manifest) -> None:
    """Remove the old files that a killed commit was about to remove, and refuse others.

    :raises NotSearched: there is a data file that the manifest does not name
    """
    others = partition.data_files() - {manifest["result"]["data"]}
    if foreign := sorted(others - owned_files(manifest)):
        raise NotSearched(f"has a data file that its manifest does not name, {foreign[0]}; move it away")
    for key in sorted(others):
        partition.store.remove(key)
