"""Reads CSV files, and text files with one number per line."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import re
import sys
from typing import TYPE_CHECKING

from airflow_provider_dysms.audit.send_log.formats.quoted_line_ends import LineEnds
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
    from collections.abc import Callable, Iterator, Sequence

    from airflow_provider_dysms.audit.send_log.formats.table import Cells
    from airflow_provider_dysms.audit.send_log.notes import Notes

    Fits = Callable[[Sequence[str]], bool]
    Row = tuple[int, list[str], bool]  # its line number, its cells, and whether it spans several lines
    Reading = tuple[str, list[str]]  # a delimiter, and the names of the header with it

#: Delimiters that are tried if the option ``delimiter`` is not set.
DELIMITERS = (",", ";", "\t", "|")

#: Lines that a header may have, because a quoted name may have line ends in it.
_MAX_HEADER_LINES = 100

# Excel writes and accepts this line before the header.
_EXCEL_DELIMITER = re.compile(r"\s*\"?sep=(.)\"?\s*", re.IGNORECASE)
_INVISIBLE = "\ufeff\u200b\u2060"


def open_csv(source: Source, fits: Fits, notes: Notes) -> Table | None:
    """Open a CSV file. Rows in which every cell is blank are left out.

    :param fits: says whether a header has every column that must be read
    :param notes: collects findings, such as the delimiter
    :returns: ``None`` if every row is blank
    :raises DysmsInputError: two columns have the same name, or more than one delimiter fits the header
    """
    rows = _csv_rows(source, fits, notes)
    first = next(rows, None)
    if first is None:
        return None
    number_of_header, header, _ = first
    names = [_name(cell) for cell in header]
    named = [name for name in names if name]
    if len(set(named)) < len(named):
        raise unreadable(source.name, f"has two columns with the same name: {describe_columns(named)}")
    # Delimiters at the end of the header name no column.
    width = max((number for number, name in enumerate(names, 1) if name), default=0)

    def read(keys: Sequence[str | None], carried: Sequence[str] = ()) -> Iterator[tuple[int, Cells]]:
        ends = LineEnds(source, names, keys)
        ends.check_header(number_of_header, header)
        lines = 0
        indexes = [None if column is None else names.index(column) for column in (*keys, *carried)]
        for number, cells, is_multiline in rows:
            lines += 1
            if len(cells) != len(names) and (len(cells) < width or not _is_blank(cells[width:])):
                raise unreadable(f"{source.name}:{number}", f"has {len(cells)} cells, but the header has {len(names)}")
            if is_multiline:
                ends.add(number, cells)
            yield number, [None if index is None else cells[index] or None for index in indexes]
        ends.check_share(lines)
        table.multiline = (ends.count, ends.first)

    table = Table(names, read)
    return table


def open_text(source: Source, notes: Notes) -> Table:
    """Open a file with one number per line."""

    def read(keys: Sequence[str | None], carried: Sequence[str] = ()) -> Iterator[tuple[int, Cells]]:
        blanks = [None] * (len(keys) + len(carried) - 1)
        number = 0
        try:
            with _text(source, TextBytes(source, notes, ends=b"\r\n")) as text:
                for number, line in enumerate(text, 1):
                    if line.strip():
                        yield number, [line.strip(), *blanks]
        except TooLong:
            raise too_long(source, number + 1) from None

    return Table([], read, has_no_columns=True)


def first_line(source: Source, notes: Notes) -> str:
    """Return the first line that may be a header, without its line end; ``""`` if there is none."""
    given = source.options.delimiter
    try:
        with _text(source, TextBytes(source, notes, ends=b"\r\n")) as text:
            return next((line.strip("\r\n") for line in text if not _is_before_header(line, given)), "")
    except TooLong:
        raise too_long(source, 1) from None


def has_columns(line: str, fits: Fits, given: str | None) -> bool:
    """Say whether a line is a header with every column that must be read, with the given or any usual delimiter."""
    return any(fits(names) for _, names in _readings([line], (given,) if given else DELIMITERS)[0])


def _csv_rows(source: Source, fits: Fits, notes: Notes) -> Iterator[Row]:
    # Python's own limit of a cell holds for the whole process, and is lower than our limit of a line.
    csv.field_size_limit(max(csv.field_size_limit(), min(source.options.max_line_bytes, sys.maxsize)))
    raw = TextBytes(source, notes, ends=b"\r\n", records=True)
    number = 1
    try:
        with _text(source, raw) as text:
            head, skipped, delimiter = _header(source, text, fits, notes)
            source.delimiter = delimiter
            reader = csv.reader(itertools.chain(head, text), delimiter=delimiter, strict=True)
            number = skipped + 1
            try:
                for cells in reader:
                    raw.since_record = 0
                    end = reader.line_num + skipped
                    # The first cell nearly always decides.
                    if cells and (cells[0].strip() or not _is_blank(cells)):
                        yield number, cells, end > number
                    number = end + 1
            except csv.Error as error:
                if "field larger" in str(error):
                    raise TooLong from None
                raise unreadable(f"{source.name}:{number}", f"is not CSV ({error})") from None
    except TooLong:
        raise too_long(source, number) from None


def _is_blank(cells: list[str]) -> bool:
    return not any(map(str.strip, cells))


def _header(source: Source, text: io.TextIOWrapper, fits: Fits, notes: Notes) -> tuple[list[str], int, str]:
    """Return the lines of the header, the number of lines before it, and the delimiter."""
    given = source.options.delimiter
    head: list[str] = []
    skipped = 0
    readings: list[Reading] = []
    for line in itertools.islice(text, _MAX_HEADER_LINES):
        if not head and _is_before_header(line, given):
            excel = _EXCEL_DELIMITER.fullmatch(line)
            given = given or (excel[1] if excel else None)
            skipped += 1
            continue
        head.append(line)
        readings, is_open = _readings(head, (given,) if given else DELIMITERS)
        if given and readings:
            return head, skipped, given
        # A single column is the same with all delimiters.
        fitting = {tuple(names): delimiter for delimiter, names in reversed(readings) if fits(names)}
        if len(fitting) > 1:
            found = " and ".join(map(repr, sorted(fitting.values())))
            raise unreadable(source.name, f"has every column with more than one delimiter, {found}; set delimiter")
        for delimiter in fitting.values():
            notes.add(source.name, f"The delimiter is {delimiter!r}")
            return head, skipped, delimiter
        if not is_open:
            break
    # None fits: the error names the columns with the delimiter that gives the most.
    likeliest = max(readings, key=lambda reading: len(reading[1]), default=(DELIMITERS[0], []))[0]
    return head, skipped, given or likeliest


def _is_before_header(line: str, given: str | None) -> bool:
    blank = {*DELIMITERS, given, '"', *_INVISIBLE}
    is_blank = all(character in blank or character.isspace() for character in line)
    return is_blank or _EXCEL_DELIMITER.fullmatch(line) is not None


def _readings(head: list[str], delimiters: Sequence[str]) -> tuple[list[Reading], bool]:
    """Return the names with each delimiter that makes the header one record, and whether a quote is still open."""
    readings, is_open = [], False
    for delimiter in delimiters:
        reader = csv.reader(head, delimiter=delimiter, strict=True)
        try:
            records = list(reader)
        except csv.Error as error:
            is_open = is_open or "end of data" in str(error)
            continue
        if len(records) == 1:
            readings.append((delimiter, [_name(cell) for cell in records[0]]))
    return readings, is_open


def _name(cell: str) -> str:
    return cell.strip().strip(_INVISIBLE).strip()


@contextlib.contextmanager
def _text(source: Source, raw: TextBytes) -> Iterator[io.TextIOWrapper]:
    text = io.TextIOWrapper(io.BufferedReader(raw, CHUNK), encoding="utf-8", newline="")
    try:
        with damage_as_input_error(source.name):
            yield text
    except UnicodeDecodeError:
        problem = "is not in UTF-8; save it as UTF-8, or set encoding, such as encoding='gb18030'"
        raise unreadable(source.name, problem) from None
