"""The cells of an Arrow array as Python values: text is text, whatever its type is called."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.audit.send_log.options import AUTO

if TYPE_CHECKING:
    from airflow_provider_dysms.audit.send_log.options import LogOptions

#: Behind a number in the place of a time that no calendar has.
SINCE_1970 = "since 1970"


class Values:
    """Makes Python values of the columns of a Parquet file.

    :param options: how the log is written; text without a type is in its encoding
    :param uuids: columns whose bytes are UUIDs
    """

    def __init__(self, options: LogOptions, uuids: set[str]) -> None:
        self._uuids = uuids
        encoding = options.encoding
        self._encodings = ("utf-8", "gb18030") if encoding == AUTO else (encoding or "utf-8",)

    def of(self, column: Any, name: str) -> list[object]:
        """Return the cells of a column; bytes that are not text stay bytes."""
        import pyarrow as pa

        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_timestamp(column.type):
            return _times(pa, column)
        if name in self._uuids:
            return [
                str(uuid.UUID(bytes=cell) if isinstance(cell, bytes) else cell) if cell else None
                for cell in _listed(column)
            ]
        try:
            values: list[object] = column.to_pylist()
        except UnicodeDecodeError:  # it is called text and is not in UTF-8
            values = column.cast(pa.large_binary()).to_pylist()
        except (OverflowError, ValueError):
            return _listed(column)
        if any(isinstance(value, bytes) for value in values):
            return [self._text(value) if isinstance(value, bytes) else value for value in values]
        return values

    def _text(self, value: bytes) -> str | bytes:
        for encoding in self._encodings:
            try:
                return value.decode(encoding)
            except UnicodeDecodeError:
                continue
        return value


def _times(pa: Any, column: Any) -> list[object]:
    """Nanoseconds have no place in ``datetime``, and a zone by name would need a time zone database."""
    zone = "UTC" if column.type.tz else None
    column = column.cast(pa.timestamp(column.type.unit, zone))
    if column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", zone), safe=False)
    return _listed(column)


def _listed(column: Any) -> list[object]:
    try:
        values: list[object] = column.to_pylist()
    except (OverflowError, ValueError):
        return [_value(cell) for cell in column]
    return values


def _value(cell: Any) -> object:
    """Return a scalar; one that Python's calendar does not have is spelt out."""
    try:
        return cell.as_py()
    except (OverflowError, ValueError):
        return f"{getattr(cell, 'value', 'a value')} {getattr(cell.type, 'unit', 'days')} {SINCE_1970}"
