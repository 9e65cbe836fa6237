"""Checks line ends inside quoted CSV cells: they belong to a text, or a stray quote has swallowed lines of the log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_dysms.audit.send_log.formats.table import describe_columns, unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_dysms.audit.send_log.formats.text_streams import Source

#: The maximum share of the lines of a file that may have line ends inside a cell.
MAX_SHARE = 0.01

_LINE_END = re.compile(r"\r\n|\r|\n")
# Without the blanks around it, for the reason that detect_format names.
_NUMBER_LIKE = re.compile(r"(?:tel:)?[+＋]?[\d(（][\d ().（）-]{6,}", re.IGNORECASE)
_REMEDY = "remove stray quotes, or set multiline=True if the cells of this log have line ends in them"


class LineEnds:
    """Checks and counts the lines of one CSV file that have line ends inside quoted cells.

    :param source: the file; its header has been read
    :param names: its columns
    :param keys: the columns of ids, numbers and times; the first one is the key of the queries
    """

    def __init__(self, source: Source, names: Sequence[str], keys: Sequence[str | None]) -> None:
        self._file = source.name
        self._delimiter = source.delimiter or ","
        self._allowed = source.options.multiline
        self._names = names
        self._keys = [name for name in keys if name is not None]
        #: The number of lines with line ends inside a cell, and the line number of the first one.
        self.count = 0
        self.first = 0

    def check_header(self, number: int, cells: Sequence[str]) -> None:
        """Refuse a header with a stray quote that has swallowed lines of the log."""
        if not self._allowed:
            self._check_swallowed(number, cells)

    def add(self, number: int, cells: Sequence[str]) -> None:
        """Count a line, and refuse it if its line ends cannot belong to a text."""
        self.count += 1
        self.first = self.first or number
        if self._allowed:
            return
        for name, cell in zip(self._names, cells, strict=False):
            if name in self._keys and _LINE_END.search(cell):
                raise self._refusal(
                    number, f"has a line end inside the quoted cell of column {describe_columns([name])}"
                )
        self._check_swallowed(number, cells)

    def check_share(self, lines: int) -> None:
        """Refuse the file if too many of its lines have line ends inside a cell."""
        if not self._allowed and self.count > MAX_SHARE * lines:
            problem = (
                f"has a line end inside a quoted cell, like {self.count} of the {lines} lines of the file, which is "
                f"more than {MAX_SHARE:.0%}"
            )
            raise self._refusal(self.first, problem)

    def _check_swallowed(self, number: int, cells: Sequence[str]) -> None:
        """Refuse a cell in which a line looks like a line of this log."""
        index = self._names.index(self._keys[0])
        _, *others = _LINE_END.split(self._delimiter.join(cells))
        for offset, line in enumerate(others, 1):
            parts = line.split(self._delimiter)
            if len(parts) == len(self._names) and _NUMBER_LIKE.fullmatch(parts[index].strip('"').strip()):
                inner = number + offset
                problem = f"begins a quoted cell that contains line {inner}, which looks like a line of the log"
                raise self._refusal(number, problem)

    def _refusal(self, number: int, problem: str) -> Exception:
        return unreadable(f"{self._file}:{number}", f"{problem}; {_REMEDY}")
