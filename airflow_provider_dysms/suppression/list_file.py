"""The file of a suppression list: one partition, committed whole, with a manifest that says how it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.audit.verdict import PHONE_HASH
from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError
from airflow_provider_dysms.storage.decoders import RowsUnreadable, format_of, read_rows, schema_of
from airflow_provider_dysms.storage.manifest import was_csv_safe
from airflow_provider_dysms.storage.object_store.paths import clean_uri
from airflow_provider_dysms.storage.partition import Partition
from airflow_provider_dysms.suppression.entries import COLUMNS, Entry, entries_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: Folder of the list below ``suppression_uri``.
FOLDER = "suppression_list"

#: Why a folder without a list is refused.
NO_LIST = "has no suppression list; make one with DysmsSuppressionListOperator first"

#: How often a list is read while other tasks write it.
MAX_ATTEMPTS = 5


def columns(*, hashed: bool) -> dict[str, type]:
    """Return the columns of a list.

    :param hashed: whether numbers are hashed
    """
    return {PHONE_HASH if hashed and name == "phone_number" else name: kind for name, kind in COLUMNS.items()}


def open_list(suppression_uri: str, *, file_format: str = "jsonl", compression: str | None = None) -> Partition:
    """Return the partition of a list; nothing is read.

    :param suppression_uri: ``file:///folder`` or ``s3://conn_id@bucket/folder``
    :raises DysmsInputError: an argument cannot be used
    """
    try:
        return Partition.resolve(suppression_uri, partition=FOLDER, file_format=file_format, compression=compression)
    except DysmsInputError as error:
        if error.argument == "output_uri":
            raise DysmsInputError("suppression_uri", error.problem) from None
        raise


def read_list(
    partition: Partition, check: Callable[[Mapping[str, Any]], object]
) -> tuple[Mapping[str, Any], Iterator[Entry]] | None:
    """Return the result of a list's manifest and its entries, which are read from a copy; ``None`` without a list.

    :param check: takes the result, and raises if the list is of no use; it is called before the list is read
    :raises DysmsInputError: the manifest is of something else
    :raises DysmsStorageError: the file is not what the manifest says, or the store does not answer
    """
    for _ in range(MAX_ATTEMPTS):
        manifest = partition.read_manifest()
        if manifest is None:
            return None
        if "suppression" not in manifest["result"]:
            raise DysmsInputError("suppression_uri", "has a partition that is not a suppression list; name another")
        check(manifest["result"])
        file = partition.open_data(manifest)
        if file is not None:
            return manifest["result"], _entries(file, manifest["result"])
    raise DysmsStorageError(
        f"{clean_uri(partition.root)} has a suppression list that is not what its manifest says; make it again"
    )


def _entries(file: Any, result: Mapping[str, Any]) -> Iterator[Entry]:
    with file:
        try:
            schema = schema_of(result["columns"])
            yield from entries_in(read_rows(file, *format_of(result["data"]), schema, csv_safe=was_csv_safe(result)))
        except (RowsUnreadable, TypeError) as error:
            raise DysmsStorageError(f"the suppression list cannot be read ({error}); make it again") from None
