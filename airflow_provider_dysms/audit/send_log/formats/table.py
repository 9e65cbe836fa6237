"""A file of a send log as a table of cells, the common form of all file formats."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Cells = Sequence[object]
    Read = Callable[[Sequence[str | None], Sequence[str]], Iterator[tuple[int, Cells]]]

_LIKE_DATA = re.compile(r"(?:\d[ ().-]*){7,}|【")


@dataclass(slots=True)
class Table:
    """A file that is open for reading.

    :param columns: its columns; ``None`` if every line has its own columns (JSON Lines)
    :param read: takes the columns of ids, numbers and times (``None`` for an empty cell) and the carried columns;
        yields the line number, from 1, and the cells of both in this order
    :param seen: JSON Lines: the keys that were seen so far
    :param choose: JSON Lines: takes new keys, and returns the columns of ids, numbers and times again
    :param has_no_columns: whether the file is text with one number per line
    :param zoneless: columns of times whose writers do not agree on the zone (Parquet's INT96)
    :param multiline: CSV: the number of lines with line ends inside a quoted cell, and the first of these lines; set
        when all lines have been read
    :param copy: a temporary file that is read instead of a file that is not seekable
    """

    columns: list[str] | None
    read: Read
    seen: set[str] = field(default_factory=set)
    choose: Callable[[Iterable[str]], list[str | None]] | None = None
    has_no_columns: bool = False
    zoneless: frozenset[str] = frozenset()
    multiline: tuple[int, int] = (0, 0)
    copy: BinaryIO | None = None

    def close(self) -> None:
        """Remove the temporary copy, if there is one."""
        if self.copy is not None:
            self.copy.close()


def describe_columns(columns: Sequence[str]) -> str:
    """Return the names of columns for an error; only their number if they look like data, as without a header."""
    if any(map(_LIKE_DATA.search, columns)):
        return f"{len(columns)} columns with data instead of names"
    return ", ".join(column[:40] for column in columns[:20]) or "none"


def unreadable(where: str, problem: str) -> DysmsInputError:
    """Return the error for a file, or a line of it, that cannot be read."""
    return DysmsInputError("sent_uri", f"cannot be read: {where} {problem}")
