"""A file of a send log as a table, whatever its kind."""

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

    :param columns: its columns; ``None`` where every line has its own (JSON Lines)
    :param read: takes columns of ids, numbers and times, ``None`` for an empty cell, and carried columns; yields the
        line number, from 1, and the cells of the first, then of the second
    :param seen: JSON Lines: the keys that were met so far
    :param choose: JSON Lines: returns the first of the wanted columns anew when it is told of further keys
    :param headless: whether there are no columns at all, but one number a line
    :param zoneless: columns of instants whose writers do not agree on the zone (Parquet's INT96)
    :param multiline: CSV: how many lines have line ends inside a quoted cell, and the first of them, once all are read
    :param copy: a temporary file that is read in the place of one that cannot be sought in
    """

    columns: list[str] | None
    read: Read
    seen: set[str] = field(default_factory=set)
    choose: Callable[[Iterable[str]], list[str | None]] | None = None
    headless: bool = False
    zoneless: frozenset[str] = frozenset()
    multiline: tuple[int, int] = (0, 0)
    copy: BinaryIO | None = None

    def close(self) -> None:
        """Remove the copy that was made to read it."""
        if self.copy is not None:
            self.copy.close()


def describe_columns(columns: Sequence[str]) -> str:
    """Return columns as an error may show them: a file without its header line has data there."""
    if any(map(_LIKE_DATA.search, columns)):
        return f"{len(columns)} columns with data in the place of their names"
    return ", ".join(column[:40] for column in columns[:20]) or "none"


def unreadable(where: str, problem: str) -> DysmsInputError:
    """Return the error of a file, or of a line in it, that cannot be read."""
    return DysmsInputError("sent_uri", f"cannot be read: {where} {problem}")
