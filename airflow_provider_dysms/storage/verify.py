"""Verifies that a partition is what its manifest says: files may be copied, cut off or edited after a commit.

The data file is read once, into a temporary file of this machine, and its rows are counted in bounded memory.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.errors import DysmsStorageError
from airflow_provider_dysms.storage.decoders import RowsUnreadable, format_of, read_rows, schema_of
from airflow_provider_dysms.storage.file_formats import extension_of
from airflow_provider_dysms.storage.manifest import (
    Manifest,
    ManifestUnreadable,
    manifest_key,
    owned_files,
    was_csv_safe,
)
from airflow_provider_dysms.storage.object_store.paths import clean_uri
from airflow_provider_dysms.storage.object_store.store_errors import FileReplaced, translate_temporary_errors
from airflow_provider_dysms.storage.partition import Partition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from io import BufferedRandom

#: How often a partition is read while other tasks write it.
MAX_ATTEMPTS = 5

_STATES = frozenset(state.value for state in State)


class PartitionDiffers(DysmsStorageError):
    """A partition is not what its manifest says.

    :param uri: of the partition
    :param differences: each a clause that repeats no cell
    """

    remedy = "Do not use the file; write the partition again (with the transfer: refresh='all')."

    def __init__(self, uri: str, differences: list[str]) -> None:
        super().__init__(f"{uri} is not what its manifest says: {'; '.join(differences)}")
        self.differences = tuple(differences)


@dataclass(slots=True)
class VerifyResult:
    """Facts about the data file of a partition, counted from its rows.

    :param data: the data file, relative to output_uri
    :param bytes: its size
    :param sha256: its digest
    :param rows: number of its rows
    :param by_state: state -> number of rows; empty for a file without states
    :param open: number of rows that are not final
    """

    data: str
    bytes: int = 0
    sha256: str = ""
    rows: int = 0
    by_state: Counter[str] = field(default_factory=Counter)
    open: int = 0

    @property
    def missing(self) -> int:
        """Number of lines of the log of which the service has no record."""
        return self.by_state[State.MISSING.value]

    @property
    def unlogged(self) -> int:
        """Number of messages that are not in the log."""
        return self.by_state[State.UNLOGGED.value]

    def as_dict(self) -> dict[str, Any]:
        """Return the facts as JSON-able values, with the names of the manifest."""
        return {
            **asdict(self),
            "by_state": dict(sorted(self.by_state.items())),
            "missing": self.missing,
            "unlogged": self.unlogged,
        }


def verify(output_uri: str, partition: str) -> VerifyResult:
    """Compare a partition with its manifest: its one data file, size, digest, columns, rows and counts.

    :param output_uri: ``file:///folder`` or ``s3://conn_id@bucket/folder``
    :param partition: folder below it, such as ``send_date=2025-06-01``
    :returns: the facts, counted again from the rows
    :raises PartitionDiffers: it is not what the manifest says, or the manifest is missing; every difference is named
    :raises DysmsInputError: an argument cannot be used, or the format needs an extra that is not installed
    :raises DysmsStorageError: the store does not answer
    """
    target = Partition.resolve(output_uri, partition=partition)
    uri = f"{clean_uri(target.root).rstrip('/')}/{target.name}"
    manifest = _read_manifest(target, uri)
    for _ in range(MAX_ATTEMPTS):
        found = VerifyResult(manifest["result"]["data"])
        differences = list(_differences(target, manifest, found))
        if not differences:
            return found
        newest = _read_manifest(target, uri)
        if newest == manifest:
            raise PartitionDiffers(uri, differences)
        manifest = newest
    raise DysmsStorageError(f"{uri}: other tasks keep writing this partition; verify it when they have finished")


def _read_manifest(partition: Partition, uri: str) -> Manifest:
    try:
        manifest = partition.read_manifest()
    except ManifestUnreadable as error:
        raise PartitionDiffers(uri, [f"the manifest at {manifest_key(partition.name)} cannot be read"]) from error
    if manifest is None:
        raise PartitionDiffers(uri, [f"the manifest is missing at {manifest_key(partition.name)}"])
    return manifest


def _differences(partition: Partition, manifest: Manifest, found: VerifyResult) -> Iterator[str]:
    """Fill in the facts, and yield each difference from the manifest as a clause."""
    result = manifest["result"]
    for key in sorted(partition.data_files() - {found.data}):
        origin = "a commit was about to remove" if key in owned_files(manifest) else "the manifest does not name"
        yield f"there is a second data file, {key}, which {origin}"
    with ExitStack() as files:
        with translate_temporary_errors():
            copy = files.enter_context(tempfile.TemporaryFile(prefix="dysms-"))
        if problem := _fetch(partition, copy, found):
            yield problem
            return
        for name in ("bytes", "sha256"):
            if getattr(found, name) != result[name]:
                yield f"{name} {getattr(found, name)}, in the manifest {result[name]}"
        try:
            _count(copy, result, found)
        except RowsUnreadable as error:
            yield f"its rows: {error}"
            return
    counted = found.as_dict()
    yield from _compare("rows", counted["rows"], result.get("rows"))
    for name in ("by_state", "missing", "unlogged", "open"):
        if name in result:
            yield from _compare(name, counted[name], result[name])


def _fetch(partition: Partition, copy: BufferedRandom, found: VerifyResult) -> str | None:
    """Copy the data file to this machine and fill in its size and digest; return a problem as a clause."""
    try:
        if not partition.store.fetch(found.data, copy):
            return f"the data file {found.data} is missing"
    except FileReplaced:
        return f"the data file {found.data} was replaced while it was read"
    found.bytes = copy.tell()
    copy.seek(0)
    found.sha256 = hashlib.file_digest(copy, "sha256").hexdigest()
    return None


def _count(copy: BufferedRandom, result: Mapping[str, Any], found: VerifyResult) -> None:
    """Count the rows and fill in the counts.

    :raises RowsUnreadable: they are not rows of the columns that the manifest has
    """
    copy.seek(0)
    file_format, compression = format_of(found.data)
    extension_of(file_format, compression)
    schema = schema_of(result.get("columns") or ())
    names = list(schema)
    state = names.index("state") if "state" in schema else None
    is_final = names.index("is_final") if "is_final" in schema else None
    csv_safe = was_csv_safe(result)
    for row in read_rows(copy, file_format, compression, schema, csv_safe=csv_safe):
        found.rows += 1
        if state is not None:
            found.by_state[row[state] if row[state] in _STATES else "of no known state"] += 1
        if is_final is not None and row[is_final] is not True:
            found.open += 1


def _compare(name: str, counted: object, expected: object) -> Iterator[str]:
    if counted != expected:
        yield f"{name} {counted}, in the manifest {expected}"
