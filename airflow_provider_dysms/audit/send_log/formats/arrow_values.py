"""The cells of an Arrow array as Python values: text is text, whatever its type is called, and no digit is made up."""

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

    Write = Callable[[Any], Any]

#: Behind a number in the place of a time that no calendar has.
SINCE_1970 = "since 1970"

#: From here on a 32-bit float does not hold every whole number.
_EXACT_FLOAT32 = 2**24


class BadCell(Exception):
    """A cell cannot be read, or not without losing something.

    :param place: of the cell in its array, from 0
    :param problem: what is wrong and what to do, a clause that follows the place of the line
    """

    def __init__(self, place: int, problem: str) -> None:
        super().__init__(place, problem)
        self.place = place
        self.problem = problem


class Values:
    """Makes Python values of the columns of a Parquet file.

    :param options: how the log is written; text without a type is in its encoding
    :param uuids: columns whose bytes are UUIDs
    """

    def __init__(self, options: LogOptions, uuids: set[str]) -> None:
        self._uuids = uuids
        self._spells_out = options.binary == "hex"
        encoding = options.encoding
        self._encodings = ("utf-8", "gb18030") if encoding == AUTO else (encoding or "utf-8",)

    def of_key(self, column: Any, name: str) -> list[object]:
        """Return the cells of a column of ids, numbers or times; bytes that are not text stay bytes.

        :raises BadCell: the column has numbers in fewer than 64 bits with a point, which cannot hold a phone number
        """
        column = _decoded(column)
        values = self._values(column, name)
        if _float_code(column.type):
            for place, value in enumerate(values):
                if isinstance(value, float) and not math.isnan(value):
                    problem = (
                        f"has a 32-bit floating-point number in column {describe_columns([name])}, and such a number keeps only 7 "
                        "digits; write the column as text"
                    )
                    raise BadCell(place, problem)
        return [self._text_or_bytes(value) if isinstance(value, bytes) else value for value in values]

    def of_carried(self, column: Any, name: str) -> list[object]:
        """Return the cells of a column that is copied to the output.

        :raises BadCell: it has bytes that are not text
        """
        column = _decoded(column)
        values = self._values(column, name)
        if code := _float_code(column.type):
            return [None if value is None else _spelled(value, code) for value in values]
        write = None if name in self._uuids else self._writer(column.type)
        if write is None:
            return values
        written: list[object] = []
        for place, value in enumerate(values):
            try:
                written.append(None if value is None else write(value))
            except UnicodeError:
                problem = (
                    f"has bytes in column {describe_columns([name])} that are not text; set binary='hex' to carry a column of "
                    "bytes as hexadecimal digits, or set encoding if they are text"
                )
                raise BadCell(place, problem) from None
        return written

    def _values(self, column: Any, name: str) -> list[object]:
        import pyarrow as pa

        if pa.types.is_timestamp(column.type):
            return _times(pa, column)
        if name in self._uuids:
            return [
                str(uuid.UUID(bytes=cell) if isinstance(cell, bytes) else cell) if cell else None
                for cell in _listed(column)
            ]
        if pa.types.is_float16(column.type):
            return [None if cell is None else float(cell) for cell in _listed(column)]  # type: ignore[arg-type]
        try:
            values: list[object] = column.to_pylist()
        except UnicodeDecodeError:  # it is called text and is not in UTF-8
            values = column.cast(pa.large_binary()).to_pylist()
        except (OverflowError, ValueError):
            return _listed(column)
        return values

    def _writer(self, kind: Any) -> Write | None:
        """Return what writes a value of a type; ``None`` if the Python value is right, whatever is nested in it."""
        import pyarrow as pa

        types = pa.types
        if types.is_dictionary(kind):
            return self._writer(kind.value_type)
        if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
            return bytes.hex if self._spells_out else self._text
        if types.is_binary_view(kind):
            return bytes.hex if self._spells_out else self._text
        if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
            return lambda value: self._text(value) if isinstance(value, bytes) else value
        if types.is_decimal(kind):
            return "{:f}".format
        if code := _float_code(kind):
            return lambda value: float(_shortest(value, code))
        return self._writer_of_nested(kind, types)

    def _writer_of_nested(self, kind: Any, types: Any) -> Write | None:
        if types.is_map(kind):
            key, item = (_or_none(self._writer(each)) for each in (kind.key_type, kind.item_type))
            return lambda value: [(key(name), item(each)) for name, each in value]
        if types.is_struct(kind):
            fields = {field.name: _or_none(self._writer(field.type)) for field in kind}
            return lambda value: {name: fields[name](each) for name, each in value.items()}
        if types.is_nested(kind) and hasattr(kind, "value_type"):
            inner = _or_none(self._writer(kind.value_type))
            return lambda value: [inner(each) for each in value]
        return None

    def _text(self, value: bytes) -> str:
        """Return bytes as text.

        :raises UnicodeDecodeError: they are not
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


def _or_none(write: Write | None) -> Write:
    return lambda value: value if value is None or write is None else write(value)


def _decoded(column: Any) -> Any:
    import pyarrow as pa

    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _float_code(kind: Any) -> str | None:
    """Return the letter by which :mod:`struct` knows a floating-point type of fewer than 64 bits."""
    import pyarrow as pa

    return "f" if pa.types.is_float32(kind) else "e" if pa.types.is_float16(kind) else None


def _shortest(value: float, code: str) -> str:
    """Return the fewest digits that are read back as the same number of this type."""
    for digits in range(1, 9):
        text = f"{value:.{digits}g}"
        try:
            if struct.unpack(code, struct.pack(code, float(text)))[0] == value:
                return text
        except OverflowError:  # rounded up beyond the largest one
            continue
    return f"{value:.9g}"


def _spelled(value: Any, code: str) -> str | None:
    if math.isnan(value):
        return None
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT_FLOAT32 else _shortest(value, code)


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
