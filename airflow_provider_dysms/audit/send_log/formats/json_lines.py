"""Reads JSON Lines: one object per line."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.audit.send_log.formats.table import Table, unreadable
from airflow_provider_dysms.audit.send_log.formats.text_streams import (
    CHUNK,
    Source,
    TextBytes,
    TooLong,
    too_long,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_dysms.audit.send_log.formats.table import Cells
    from airflow_provider_dysms.audit.send_log.options import Notes

_NOT_A_NUMBER = re.compile(rb"[:,\[]\s*-?(?:NaN|Infinity)\b")


def open_json_lines(source: Source, notes: Notes) -> Table:
    """Open a file of JSON Lines."""
    decoder = msgspec.json.Decoder(dict[str, Any])

    def read(wanted: Sequence[str | None]) -> Iterator[tuple[int, Cells]]:
        number = 0
        try:
            with whole(source.name):
                for number, line in enumerate(io.BufferedReader(TextBytes(source, notes), CHUNK), 1):
                    if not line.strip():
                        continue
                    try:
                        record = decoder.decode(line)
                    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                        raise unreadable(f"{source.name}:{number}", _problem(line, error)) from None
                    if new := record.keys() - table.seen:
                        table.seen |= new
                        if table.choose:
                            ours = table.choose(sorted(new))
                            wanted = [*ours, *wanted[len(ours) :]]
                    yield number, [None if column is None else record.get(column) for column in wanted]
        except TooLong:
            raise too_long(source, number + 1) from None

    table = Table(None, read)
    return table


def _problem(line: bytes, error: Exception) -> str:
    if line.lstrip().startswith(b"["):
        return "is no JSON object, but a JSON array; write one object a line (JSON Lines), without brackets"
    if line.strip() in (b"{", b"}"):
        return "is no JSON object, but a part of one; write each object on one line"
    if _NOT_A_NUMBER.search(line):
        return "is no JSON object: NaN and Infinity are not JSON; write null"
    if isinstance(error, msgspec.ValidationError) and "out of range" in str(error):
        return "is no JSON object: it has a number that is too large to be read exactly; write it as text"
    return "is no JSON object in UTF-8; write one object a line"
