"""Reads the sizes of the pages of a Parquet column from the page headers, because the footer does not have them.

A reader loads whole pages into memory, and one page may be a single cell of 300 MB. The header of a page is a struct in
Thrift's compact protocol. Only its sizes are read: https://parquet.apache.org/docs/file-format/data-pages/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST_READ = 512
_MAX_HEADER = 1024**2  # a header has the lowest and highest value, which some writers do not shorten

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
# Fields of a page header: its sizes, and one field for each kind of page, whose first field is the number of values.
_UNCOMPRESSED, _COMPRESSED, _DATA, _DICTIONARY, _DATA_V2 = 2, 3, 5, 7, 8


class DamagedPage(Exception):
    """A page is missing at a position at which one must begin."""


def page_sizes(file: BinaryIO, chunk: Any) -> Iterator[tuple[int, int]]:
    """Yield the decompressed size and the number of values of each page of a column chunk; a dictionary has 0 values.

    :param file: the Parquet file
    :param chunk: the chunk's ``ColumnChunkMetaData``
    :raises DamagedPage: a page is missing at a position at which one must begin
    """
    starts = [chunk.data_page_offset, chunk.dictionary_page_offset if chunk.has_dictionary_page else None]
    position = min(start for start in starts if start)
    end = position + chunk.total_compressed_size
    while position < end:
        header, length = _header(file, position, end)
        try:
            uncompressed, compressed = header[_UNCOMPRESSED], header[_COMPRESSED]
            values = 0 if _DICTIONARY in header else (header.get(_DATA) or header[_DATA_V2])[1]
        except (KeyError, TypeError):
            raise DamagedPage from None
        if compressed < 0:
            raise DamagedPage
        yield uncompressed, values
        position += length + compressed


def _header(file: BinaryIO, position: int, end: int) -> tuple[dict[int, Any], int]:
    size = _FIRST_READ
    while True:
        file.seek(position)
        data = file.read(min(size, end - position))
        try:
            return _Compact(data).struct()
        except (IndexError, RecursionError):
            if size >= _MAX_HEADER or len(data) < size:
                raise DamagedPage from None
            size *= 8


class _Compact:
    """Reads structs of Thrift's compact protocol: their whole numbers and inner structs; other values are skipped."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def struct(self) -> tuple[dict[int, Any], int]:
        """Return the fields by number, and the number of bytes read so far."""
        fields: dict[int, Any] = {}
        number = 0
        while kind := self._byte():
            number = number + (kind >> 4) if kind >> 4 else self._signed()
            fields[number] = self._value(kind & 15)
        return fields, self._position

    def _value(self, kind: int) -> Any:
        if kind in (_TRUE, _FALSE):
            return None
        if kind == _BYTE:
            return self._skip(1)
        if kind == _DOUBLE:
            return self._skip(8)
        if kind == _BINARY:
            return self._skip(self._unsigned())
        if kind in (_LIST, _SET):
            head = self._byte()
            count = head >> 4 if head >> 4 < 15 else self._unsigned()
            for _ in range(count):
                self._skip(1) if head & 15 in (_TRUE, _FALSE) else self._value(head & 15)
            return None
        if kind == _STRUCT:
            return self.struct()[0]
        if kind in (4, 5, 6):
            return self._signed()
        raise DamagedPage

    def _byte(self) -> int:
        self._position += 1
        return self._data[self._position - 1]

    def _skip(self, count: int) -> None:
        self._position += count
        if self._position > len(self._data):
            raise IndexError

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise DamagedPage

    def _signed(self) -> int:
        value = self._unsigned()
        return value >> 1 ^ -(value & 1)
