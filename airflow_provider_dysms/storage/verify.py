"""Reads a partition against its manifest, because files are copied, cut off and edited after they were written.

The data file is read once, into a nameless local file; its rows are never in memory together.
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
from airflow_provider_dysms.storage.encoders import check_format
from airflow_provider_dysms.storage.manifest import (
    Manifest,
    ManifestUnreadable,
    manifest_key,
    owned_files,
    was_csv_safe,
)
from airflow_provider_dysms.storage.object_store.guard import StoreChanged, naming_temporary
from airflow_provider_dysms.storage.object_store.paths import clean_uri
from airflow_provider_dysms.storage.partition import Partition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from io import BufferedRandom

#: How often a partition is looked at that another task writes meanwhile.
TRIES = 5

_STATES = frozenset(state.value for state in State)


class PartitionDiffers(DysmsStorageError):
    """A partition does not hold what its manifest says.

    :param differences: each in words that repeat no cell
    """

    remedy = "Do not use the file; write the partition again (with the transfer: refresh='all')."

    def __init__(self, uri: str, differences: list[str]) -> None:
        super().__init__(f"{uri} is not what its manifest says: {'; '.join(differences)}")
        self.differences = tuple(differences)


@dataclass(slots=True)
class Verified:
    """What was found in a partition, and is what its manifest says.

    :param data: the data file, relative to output_uri
    :param bytes: its size
    :param sha256: its digest
    :param rows: its rows
    :param by_state: state -> rows; empty for a file without states
    :param open: rows that are not final
    """

    data: str
    bytes: int = 0
    sha256: str = ""
    rows: int = 0
    by_state: Counter[str] = field(default_factory=Counter)
    open: int = 0

    @property
    def missing(self) -> int:
        """Lines of which the service has no record."""
        return self.by_state[State.MISSING.value]

    @property
    def unlogged(self) -> int:
        """Messages of which the log has no line."""
        return self.by_state[State.UNLOGGED.value]

    def as_dict(self) -> dict[str, Any]:
        """Return the findings as JSON takes them, under the names that they have in the manifest."""
        return {
            **asdict(self),
            "by_state": dict(sorted(self.by_state.items())),
            "missing": self.missing,
            "unlogged": self.unlogged,
        }


def verify(output_uri: str, partition: str) -> Verified:
    """Read a partition against its manifest: one data file, its size, digest, columns, rows, and what it counts.

    :param output_uri: ``file:///folder`` or ``s3://conn_id@bucket/folder``
    :param partition: folder below it, such as ``send_date=2025-06-01``
    :returns: what was found, counted anew from the rows
    :raises PartitionDiffers: it is not what the manifest says, or there is none; every difference is named
    :raises DysmsInputError: an argument cannot be used, or the format needs an extra that is not installed
    :raises DysmsStorageError: the store does not answer
    """
    place = Partition.resolve(output_uri, partition=partition)
    uri = f"{clean_uri(place.root).rstrip('/')}/{place.name}"
    manifest = _manifest(place, uri)
    for _ in range(TRIES):
        found = Verified(manifest["result"]["data"])
        differences = list(_differences(place, manifest, found))
        if not differences:
            return found
        meanwhile = _manifest(place, uri)
        if meanwhile == manifest:
            raise PartitionDiffers(uri, differences)
        manifest = meanwhile
    raise DysmsStorageError(f"{uri}: other tasks keep writing this partition; let them end first")


def _manifest(place: Partition, uri: str) -> Manifest:
    try:
        manifest = place.committed()
    except ManifestUnreadable as error:
        raise PartitionDiffers(uri, [f"the manifest at {manifest_key(place.name)} cannot be read"]) from error
    if manifest is None:
        raise PartitionDiffers(uri, [f"there is no manifest at {manifest_key(place.name)}"])
    return manifest


def _differences(place: Partition, manifest: Manifest, found: Verified) -> Iterator[str]:
    """Fill in what is found, and yield in words what of it the manifest does not say."""
    result = manifest["result"]
    for key in sorted(place.data_files() - {found.data}):
        about = "was about to be taken away" if key in owned_files(manifest) else "the manifest does not name"
        yield f"there is a second data file, {key}, which {about}"
    with ExitStack() as opened:
        with naming_temporary():
            copy = opened.enter_context(tempfile.TemporaryFile(prefix="dysms-"))
        if problem := _fetch(place, copy, found):
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
    yield from _differing("rows", counted["rows"], result.get("rows"))
    for name in ("by_state", "missing", "unlogged", "open"):
        if name in result:
            yield from _differing(name, counted[name], result[name])


def _fetch(place: Partition, copy: BufferedRandom, found: Verified) -> str | None:
    """Copy the data file to this machine and measure it, or say why that cannot be done."""
    try:
        if not place.store.fetch(found.data, copy):
            return f"there is no data file {found.data}"
    except StoreChanged:
        return f"the data file {found.data} was replaced while it was read"
    found.bytes = copy.tell()
    copy.seek(0)
    found.sha256 = hashlib.file_digest(copy, "sha256").hexdigest()
    return None


def _count(copy: BufferedRandom, result: Mapping[str, Any], found: Verified) -> None:
    """Read the rows and count them.

    :raises RowsUnreadable: they cannot be read as what the manifest says
    """
    copy.seek(0)
    file_format, compression = format_of(found.data)
    check_format(file_format, compression)
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


def _differing(name: str, counted: object, told: object) -> Iterator[str]:
    if counted != told:
        yield f"{name} {counted}, in the manifest {told}"
