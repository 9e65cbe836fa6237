"""Opens the data file of a day and checks that it fits its manifest, without reading it whole.

Size, columns, types and the number of rows are compared. Comparing the digest is what :mod:`~...storage.verify` does.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from airflow_provider_dysms.storage.decoders import RowsUnreadable, format_of, schema_of
from airflow_provider_dysms.storage.manifest import was_csv_safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from airflow_provider_dysms.storage.object_store.store import Store


class FileDiffers(ValueError):
    """A data file is not what its manifest says; the message is a clause that repeats no cell."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """The data file of a day as its manifest describes it.

    :param store: the store that it is in
    :param key: its key there
    :param path: its place on this machine; ``None`` in an object store
    :param file_format: ``jsonl``, ``csv`` or ``parquet``
    :param compression: ``None`` or ``gzip``; of no meaning for Parquet
    :param csv_safe: whether a CSV file was written with ``csv_safe``
    :param schema: column -> Python type
    :param size: bytes
    :param rows: number of its rows
    """

    store: Store
    key: str
    path: Path | None
    file_format: str
    compression: str | None
    csv_safe: bool
    schema: Mapping[str, type]
    size: int
    rows: int

    @contextmanager
    def open(self, *, in_parts: bool = False) -> Iterator[BinaryIO]:
        """Open the file for reading at any place.

        :param in_parts: whether parts of it are read, so that a store reads little ahead
        :raises FileDiffers: it is missing, or has another size than its manifest says
        """
        file = self.store.open(self.key, in_parts=in_parts)
        if file is None:
            raise FileDiffers(f"the data file {self.key} is missing")
        with file:
            self.check_size(file.seek(0, os.SEEK_END))
            file.seek(0)
            yield file

    @contextmanager
    def unchanged(self) -> Iterator[Path]:
        """Give the path of a file of this machine to a reader that opens it by its name.

        :raises FileDiffers: it is missing, has another size than its manifest says, or was replaced meanwhile
        """
        assert self.path is not None
        before = self._state(self.path)
        yield self.path
        if self._state(self.path) != before:
            raise FileDiffers("it was replaced while it was read")

    def _state(self, path: Path) -> tuple[int, int, int]:
        try:
            status = path.stat()
        except FileNotFoundError:
            raise FileDiffers(f"the data file {self.key} is missing") from None
        self.check_size(status.st_size)
        return status.st_dev, status.st_ino, status.st_mtime_ns

    def check_size(self, size: int) -> None:
        """Compare a size with the manifest's.

        :raises FileDiffers: they differ
        """
        if size != self.size:
            raise FileDiffers(f"bytes {size}, in the manifest {self.size}")

    def check_rows(self, rows: int) -> None:
        """Compare a number of rows with the manifest's.

        :raises FileDiffers: they differ
        """
        if rows != self.rows:
            raise FileDiffers(f"rows {rows}, in the manifest {self.rows}")


def data_file_of(result: Mapping[str, Any], store: Store, root: Path | None) -> DataFile:
    """Return the data file that a manifest describes.

    :param result: of the manifest
    :param store: of the archive
    :param root: the folder of the archive on this machine; ``None`` in an object store
    :raises FileDiffers: the manifest does not say what is in the file
    """
    try:
        file_format, compression = format_of(result["data"])
        schema = schema_of(result.get("columns") or ())
    except RowsUnreadable as error:
        raise FileDiffers(str(error)) from None
    rows = result.get("rows")
    if type(rows) is not int:
        raise FileDiffers("its manifest does not say how many rows there are")
    if schema.get("state") is not str:
        raise FileDiffers("its manifest is not one of an audit: it has rows without a column 'state'")
    return DataFile(
        store=store,
        key=result["data"],
        path=None if root is None else root / result["data"],
        file_format=file_format,
        compression=compression,
        csv_safe=was_csv_safe(result),
        schema=schema,
        size=result["bytes"],
        rows=rows,
    )
