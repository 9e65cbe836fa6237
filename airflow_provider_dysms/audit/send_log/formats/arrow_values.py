"""Converts the cells of a Parquet column to Python values without loss: text, numbers with all digits, and times."""

from __future__ import annotations

import math
import struct
import uuid
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.audit.send_log.formats.table import describe_columns
from airflow_provider_dysms.audit.send_log.options import AUTO

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_dysms.audit.send_log.options import LogOptions

    Convert = Callable[[Any], Any]

#: Written after the number of a time outside the calendar.
SINCE_1970 = "since 1970"

#: From here on, a 32-bit float cannot represent every whole number.
_EXACT_FLOAT32 = 2**24


class BadCell(Exception):
    """A cell cannot be read, or not without a loss.

    :param index: the index of the cell in its array, from 0
    :param problem: what is wrong and what to do, a clause that follows the place of the line
    """

    def __init__(self, index: int, problem: str) -> None:
        super().__init__(index, problem)
        self.index = index
        self.problem = problem


class ArrowValues:
    """Converts the columns of a Parquet file to Python values.

    :param options: their encoding is that of bytes that are text
    :param uuids: columns whose bytes are UUIDs
    """

    def __init__(self, options: LogOptions, uuids: set[str]) -> None:
        self._uuids = uuids
        self._is_hex = options.binary == "hex"
        encoding = options.encoding
        self._encodings = ("utf-8", "gb18030") if encoding == AUTO else (encoding or "utf-8",)

    def of_key(self, column: Any, name: str) -> list[object]:
        """Return the cells of a column of ids, numbers or times; bytes that are not text stay bytes.

        :raises BadCell: the column has floating-point numbers of fewer than 64 bits, too few for a phone number
        """
        column = _without_dictionary(column)
        values = self._values(column, name)
        if _float_code(column.type):
            for index, value in enumerate(values):
                if isinstance(value, float) and not math.isnan(value):
                    problem = (
                        f"has a 32-bit floating-point number in column {describe_columns([name])}, which keeps only "
                        "7 digits; write the column as text"
                    )
                    raise BadCell(index, problem)
        return [self._text_or_bytes(value) if isinstance(value, bytes) else value for value in values]

    def of_carried(self, column: Any, name: str) -> list[object]:
        """Return the cells of a column that is copied to the output.

        :raises BadCell: a cell has bytes that are not text
        """
        column = _without_dictionary(column)
        values = self._values(column, name)
        if code := _float_code(column.type):
            return [None if value is None else _float_text(value, code) for value in values]
        convert = None if name in self._uuids else self._converter(column.type)
        if convert is None:
            return values
        converted: list[object] = []
        for index, value in enumerate(values):
            try:
                converted.append(None if value is None else convert(value))
            except UnicodeError:
                problem = (
                    f"has bytes in column {describe_columns([name])} that are not text; set binary='hex' to carry a "
                    "column of bytes as hexadecimal digits, or set encoding if they are text"
                )
                raise BadCell(index, problem) from None
        return converted

    def _values(self, column: Any, name: str) -> list[object]:
        import pyarrow as pa

        if pa.types.is_timestamp(column.type):
            return _time_values(pa, column)
        if name in self._uuids:
            return [
                str(uuid.UUID(bytes=cell) if isinstance(cell, bytes) else cell) if cell else None
                for cell in _to_list(column)
            ]
        if pa.types.is_float16(column.type):
            return [None if cell is None else float(cell) for cell in _to_list(column)]  # type: ignore[arg-type]
        try:
            values: list[object] = column.to_pylist()
        except UnicodeDecodeError:  # its type is text, but it is not in UTF-8
            values = column.cast(pa.large_binary()).to_pylist()
        except (OverflowError, ValueError):
            return _to_list(column)
        return values

    def _converter(self, kind: Any) -> Convert | None:
        """Return a function that converts a value of a type; ``None`` if the Python value needs no conversion."""
        import pyarrow as pa

        types = pa.types
        if types.is_dictionary(kind):
            return self._converter(kind.value_type)
        if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
            return bytes.hex if self._is_hex else self._text
        if types.is_binary_view(kind):
            return bytes.hex if self._is_hex else self._text
        if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
            return lambda value: self._text(value) if isinstance(value, bytes) else value
        if types.is_decimal(kind):
            return "{:f}".format
        if code := _float_code(kind):
            return lambda value: float(_shortest(value, code))
        return self._converter_of_nested(kind, types)

    def _converter_of_nested(self, kind: Any, types: Any) -> Convert | None:
        if types.is_map(kind):
            key, item = (_or_none(self._converter(each)) for each in (kind.key_type, kind.item_type))
            return lambda value: [(key(name), item(each)) for name, each in value]
        if types.is_struct(kind):
            fields = {field.name: _or_none(self._converter(field.type)) for field in kind}
            return lambda value: {name: fields[name](each) for name, each in value.items()}
        if types.is_nested(kind) and hasattr(kind, "value_type"):
            inner = _or_none(self._converter(kind.value_type))
            return lambda value: [inner(each) for each in value]
        return None

    def _text(self, value: bytes) -> str:
        """Return bytes as text.

        :raises UnicodeDecodeError: they are not text
        """
        for encoding in self._encodings[:-1]:
            try:
                return value.decode(encoding)
            except UnicodeDecodeError:
                continue
        return value.decode(self._encodings[-1])

    def _text_or_bytes(self, value: bytes) -> str | bytes:
        try:
            return self._text(value)
        except UnicodeError:
            return value


def _or_none(convert: Convert | None) -> Convert:
    return lambda value: value if value is None or convert is None else convert(value)


def _without_dictionary(column: Any) -> Any:
    import pyarrow as pa

    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _float_code(kind: Any) -> str | None:
    """Return the code in :mod:`struct` of a floating-point type of fewer than 64 bits; ``None`` for other types."""
    import pyarrow as pa

    return "f" if pa.types.is_float32(kind) else "e" if pa.types.is_float16(kind) else None


def _shortest(value: float, code: str) -> str:
    """Return the shortest text that is read back as the same number of this type."""
    for digits in range(1, 9):
        text = f"{value:.{digits}g}"
        try:
            if struct.unpack(code, struct.pack(code, float(text)))[0] == value:
                return text
        except OverflowError:  # rounded up beyond the largest number
            continue
    return f"{value:.9g}"


def _float_text(value: Any, code: str) -> str | None:
    if math.isnan(value):
        return None
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT_FLOAT32 else _shortest(value, code)


def _time_values(pa: Any, column: Any) -> list[object]:
    """Return times in microseconds and UTC: ``datetime`` has no nanoseconds, and a zone needs a time zone database."""
    zone = "UTC" if column.type.tz else None
    column = column.cast(pa.timestamp(column.type.unit, zone))
    if column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", zone), safe=False)
    return _to_list(column)


def _to_list(column: Any) -> list[object]:
    try:
        values: list[object] = column.to_pylist()
    except (OverflowError, ValueError):
        return [_value(cell) for cell in column]
    return values


def _value(cell: Any) -> object:
    """Return a scalar as a Python value; a time outside Python's calendar becomes text."""
    try:
        return cell.as_py()
    except (OverflowError, ValueError):
        return f"{getattr(cell, 'value', 'a value')} {getattr(cell.type, 'unit', 'days')} {SINCE_1970}"
