"""Sizes of the pages of a Parquet column, which its footer does not tell.

A reader has a page in memory as a whole, and one page may be a cell of 300 MB. A page's header is a struct in Thrift's
compact protocol, of which only sizes are read: https://parquet.apache.org/docs/file-format/data-pages/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST_READ = 512
_MAX_HEADER = 1024**2  # lowest and highest value are in it, uncut from some writers

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
# Fields of a page's header: its sizes, and one for each kind of page, with the number of values as first field.
_UNCOMPRESSED, _COMPRESSED, _DATA, _DICTIONARY, _DATA_V2 = 2, 3, 5, 7, 8


class DamagedPage(Exception):
    """There is no page where one should begin."""


def page_sizes(file: BinaryIO, chunk: Any) -> Iterator[tuple[int, int]]:
    """Yield decompressed bytes and number of values of each page of a column chunk; a dictionary has 0.

    :param file: the Parquet file
    :param chunk: the chunk's ``ColumnChunkMetaData``
    :raises DamagedPage: there is none where one should begin
    """
    starts = [chunk.data_page_offset, chunk.dictionary_page_offset if chunk.has_dictionary_page else None]
    place = min(start for start in starts if start)
    end = place + chunk.total_compressed_size
    while place < end:
        header, length = _header(file, place, end)
        try:
            uncompressed, compressed = header[_UNCOMPRESSED], header[_COMPRESSED]
            values = 0 if _DICTIONARY in header else (header.get(_DATA) or header[_DATA_V2])[1]
        except (KeyError, TypeError):
            raise DamagedPage from None
        if compressed < 0:
            raise DamagedPage
        yield uncompressed, values
        place += length + compressed


def _header(file: BinaryIO, place: int, end: int) -> tuple[dict[int, Any], int]:
    size = _FIRST_READ
    while True:
        file.seek(place)
        data = file.read(min(size, end - place))
        try:
            return _Compact(data).struct()
        except (IndexError, RecursionError):
            if size >= _MAX_HEADER or len(data) < size:
                raise DamagedPage from None
            size *= 8


class _Compact:
    """Reads structs of Thrift's compact protocol; of their fields, the whole numbers and structs."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def struct(self) -> tuple[dict[int, Any], int]:
        """Return the fields by number, and how many bytes were read so far."""
        fields: dict[int, Any] = {}
        number = 0
        while kind := self._byte():
            number = number + (kind >> 4) if kind >> 4 else self._signed()
            fields[number] = self._value(kind & 15)
        return fields, self._place

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
        self._place += 1
        return self._data[self._place - 1]

    def _skip(self, count: int) -> None:
        self._place += count
        if self._place > len(self._data):
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
