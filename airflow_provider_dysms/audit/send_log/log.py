"""Reads a send log and checks its columns, phone numbers, ids and times, before any request is made.

A line that cannot be queried is not dropped: it stays in the log with the reason. A log that cannot be read, or that
lacks a column, is an error.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from itertools import filterfalse
from typing import TYPE_CHECKING, BinaryIO

from airflow_provider_dysms.audit.send_log.cells import is_blank, is_float, is_missing
from airflow_provider_dysms.audit.send_log.column_arguments import (
    check_columns,
    check_has,
    checked_carry,
    choose,
    missing_of,
)
from airflow_provider_dysms.audit.send_log.columns import NAMES, Columns
from airflow_provider_dysms.audit.send_log.formats.open_table import open_table
from airflow_provider_dysms.audit.send_log.lines import Lines
from airflow_provider_dysms.audit.send_log.notes import Notes
from airflow_provider_dysms.audit.send_log.options import LogOptions
from airflow_provider_dysms.audit.send_log.parse_line import parse_line
from airflow_provider_dysms.audit.send_log.parse_times import TimeParser
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from airflow_provider_dysms.audit.send_log.formats.table import Table
    from airflow_provider_dysms.audit.send_log.lines import Line

#: Rejected lines that an error names.
_MAX_NAMED = 5
_DEFAULT_TIMES = TimeParser()


@dataclass(frozen=True, slots=True)
class SendLog:
    """A send log that was read.

    :param lines: its lines, in the order of the files
    :param carry: names of the carried columns
    :param has_match_keys: whether any line has an id or a time to find its record by; if none has, the log is only a
        list of numbers
    :param argument: the argument that the log came from, for errors
    :param found: its columns, with notes and warnings about them
    :param multiline: the number of lines with line ends inside a quoted cell (CSV)
    :param first_multiline: the first of these lines, as ``file:line``
    :param notes: sentences about detected properties of its files, such as encoding and delimiter
    """

    lines: Lines = field(repr=False)
    carry: tuple[str, ...] = ()
    has_match_keys: bool = False
    argument: str = "sent_uri"
    found: Columns = field(default_factory=lambda: Columns(None), repr=False)
    multiline: int = 0
    first_multiline: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def rejected(self) -> Sequence[Line]:
        """The lines that cannot be queried."""
        return self.lines.rejected

    def check_rejected(self, max_rejected_rate: float) -> None:
        """Refuse a log in which too many lines cannot be queried.

        :param max_rejected_rate: the maximum share of such lines, from 0 to 1
        :raises DysmsInputError: the share is higher; the error names the first such lines, never their phone numbers
        """
        rejected = self.rejected
        if not rejected or len(rejected) <= max_rejected_rate * len(self.lines):
            return
        reasons = Counter(line.rejection[0] for line in rejected if line.rejection)
        counts = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
        named = [f"{line.where} ({line.rejection[1]})" for line in rejected[:_MAX_NAMED] if line.rejection]
        raise DysmsInputError(
            self.argument,
            f"has {len(rejected)} of {len(self.lines)} lines that cannot be queried, more than the share of "
            f"{max_rejected_rate:g} that is allowed: {counts}; "
            f"the first are {'; '.join(named)}. Correct the log, or raise max_rejected_rate",
        )


def read_send_log(
    files: Iterable[tuple[str, BinaryIO]],
    *,
    send_date: date,
    columns: Mapping[str, str] | None = None,
    carry: Sequence[str] | None = (),
    options: LogOptions | None = None,
) -> SendLog:
    """Read a send log.

    :param files: name and open, seekable binary file of each part, in the order of the lines. The format is detected
        from the bytes, then from the ending of the name: Parquet, CSV, JSON Lines or text with one number per line,
        each also gzipped. An empty file has no lines
    :param send_date: the Beijing day of the log; a line that was sent on another day is rejected, with a tolerance of
        ten minutes around midnight
    :param columns: our name (:data:`NAMES`) -> the log's column; then no other columns are read. Default: every column
        with one of our names, also in another spelling: see :mod:`.columns`
    :param carry: columns of the log that are copied to the output, as text
    :param options: formats, encodings and limits; default: the defaults of :class:`~.options.LogOptions`
    :raises DysmsInputError: a file cannot be read, a column is missing, or an argument is wrong
    """
    check_columns(columns)
    carried = checked_carry(carry, columns)
    log = _Log(send_date, columns, carried, options or LogOptions())
    for name, file in files:
        log.read(name, file)
    return log.result()


class _Log:
    """Reads a log file by file."""

    def __init__(
        self, send_date: date, columns: Mapping[str, str] | None, carry: tuple[str, ...], options: LogOptions
    ) -> None:
        self._send_date = send_date
        self._columns = columns
        self._carry = carry
        self._options = options
        self._lines = Lines()
        self._found = Columns(columns, carry)
        self._has_match_keys = False
        self._json_keys: set[str] = set()  # of all JSON Lines files together: a null value may be left out
        self._names: list[str] = []
        self._notes = Notes()
        self._multiline = 0
        self._first_multiline: str | None = None

    def read(self, name: str, file: BinaryIO) -> None:
        """Read one more file."""
        self._names.append(name)
        table = self._open(name, file)
        if table is None:
            return
        try:
            self._read(name, file, table)
        finally:
            table.close()

    def result(self) -> SendLog:
        """Return the log."""
        if not self._names:
            raise DysmsInputError("sent_uri", "matches no file; write the day's send log first")
        if self._json_keys:
            name = self._names[0] if len(self._names) == 1 else "the log"
            check_has(name, sorted(self._json_keys), self._columns, self._carry)
        return SendLog(
            self._lines,
            self._carry,
            self._has_match_keys,
            found=self._found,
            multiline=self._multiline,
            first_multiline=self._first_multiline,
            notes=tuple(self._notes),
        )

    def _open(self, name: str, file: BinaryIO) -> Table | None:
        def fits(header: Sequence[str]) -> bool:
            return missing_of(header, self._columns, self._carry) is None

        has_names = self._columns is not None or bool(self._carry)
        return open_table(name, file, self._options, fits, self._notes, has_names=has_names)

    def _read(self, name: str, file: BinaryIO, table: Table) -> None:
        chosen = self._choose(name, table)
        times = self._options.times
        if chosen[NAMES.index("sent_at")] in table.zoneless and not times.is_zone_named:
            times = TimeParser(self._options.time_format, "UTC")
            self._notes.add(name, "Times of Parquet's type INT96 are read in UTC, because Spark and Hive write UTC")
        are_all_floats = {ours: partial(self._are_all_floats, name, file, ours, {}) for ours in NAMES}
        has_match_keys, append, send_date = self._has_match_keys, self._lines.append, self._send_date
        for number, cells in table.read(chosen, self._carry):
            has_match_keys = has_match_keys or not all(map(is_blank, (cells[1], *cells[3:6])))
            append(parse_line(name, number, cells, send_date, times, are_all_floats))
        self._has_match_keys = has_match_keys
        self._json_keys |= table.seen
        count, first = table.multiline
        self._multiline += count
        if count:
            self._first_multiline = self._first_multiline or f"{name}:{first}"

    def _choose(self, name: str, table: Table) -> list[str | None]:
        return choose(name, table, self._columns, self._carry, self._found)

    def _are_all_floats(self, name: str, file: BinaryIO, ours: str, known: dict[str, bool]) -> bool:
        """Say whether every id of a column ends in ``.0``: the file is read again, then its position is restored."""
        if ours not in known:
            place = file.tell()
            table = self._open(name, file)
            if table is None:
                return False
            try:
                ids = (cells[NAMES.index(ours)] for _, cells in table.read(self._choose(name, table), ()))
                known[ours] = all(map(is_float, filterfalse(is_missing, ids)))
            finally:
                table.close()
                file.seek(place)
            if known[ours]:
                finding = f"Every {ours} ends in .0, which pandas adds to whole numbers, and is read without it"
                self._notes.add(name, finding)
        return known[ours]


def phone_log(phone_numbers: Iterable[object]) -> SendLog:
    """Make a log from a few phone numbers, without ids and times.

    :param phone_numbers: one or more numbers in any form that
        :func:`~airflow_provider_dysms.model.phone_numbers.parse.parse_number` accepts
    """
    if isinstance(phone_numbers, (str, bytes, int, float)):
        phone_numbers = [phone_numbers]
    lines = (
        parse_line("phone_numbers", number, (text, None, None, None, None, None), None, _DEFAULT_TIMES, {})
        for number, text in enumerate(phone_numbers, 1)
    )
    return SendLog(Lines(lines), argument="phone_numbers")
