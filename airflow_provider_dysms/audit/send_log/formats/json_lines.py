"""Reads JSON Lines files, which have one object per line."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.audit.send_log.formats.table import Table, describe_columns, unreadable
from airflow_provider_dysms.audit.send_log.formats.text_streams import (
    CHUNK,
    Source,
    TextBytes,
    TooLong,
    damage_as_input_error,
    too_long,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_dysms.audit.send_log.formats.table import Cells
    from airflow_provider_dysms.audit.send_log.notes import Notes

_encode = msgspec.json.Encoder().encode

_NOT_A_NUMBER = re.compile(rb"[:,\[]\s*-?(?:NaN|Infinity)\b")


def open_json_lines(source: Source, notes: Notes) -> Table:
    """Open a file of JSON Lines."""
    decoder = msgspec.json.Decoder(dict[str, Any])

    def read(keys: Sequence[str | None], carried: Sequence[str] = ()) -> Iterator[tuple[int, Cells]]:
        number = 0
        wanted = [*keys, *carried]
        try:
            with damage_as_input_error(source.name):
                for number, line in enumerate(io.BufferedReader(TextBytes(source, notes), CHUNK), 1):
                    if not line.strip():
                        continue
                    try:
                        record = decoder.decode(line)
                    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                        raise unreadable(f"{source.name}:{number}", _problem(line, error)) from None
                    _check_keys(f"{source.name}:{number}", line, record)
                    if new := record.keys() - table.seen:
                        table.seen |= new
                        if table.choose:
                            wanted = [*table.choose(sorted(new)), *carried]
                    yield number, [None if column is None else record.get(column) for column in wanted]
        except TooLong:
            raise too_long(source, number + 1) from None

    table = Table(None, read)
    return table


def _check_keys(where: str, line: bytes, record: dict[str, Any]) -> None:
    """Refuse an object that has a key twice, because the decoder keeps only the last value.

    Each key has a colon after it, and the encoder does not change colons in texts. So a line has as many colons as its
    decoded record when it is encoded again, unless a key was dropped. Only doubtful lines are decoded again, which is
    slow.
    """
    is_escaped = b"\\u003" in line and b"\\u003a" in line.lower()
    if is_escaped or line.count(b":") != _encode(record).count(b":"):
        # The values of numbers do not matter, and Python refuses long ones.
        json.loads(line, object_pairs_hook=partial(_unique, where), parse_int=len, parse_float=len)


def _unique(where: str, pairs: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = sorted(name for name, times in Counter(names).items() if times > 1)
        raise unreadable(where, f"has a key twice in one object: {describe_columns(twice)}; write each key once")


def _problem(line: bytes, error: Exception) -> str:
    if line.lstrip().startswith(b"["):
        return "is a JSON array, not a JSON object; write one object per line (JSON Lines), without brackets"
    if line.strip() in (b"{", b"}"):
        return "is only part of a JSON object; write each object on one line"
    if _NOT_A_NUMBER.search(line):
        return "is not a JSON object: NaN and Infinity are not JSON; write null"
    if isinstance(error, msgspec.ValidationError) and "out of range" in str(error):
        return "has a number that is too large to be read exactly; write it as text"
    return "is not a JSON object in UTF-8; write one object per line"
