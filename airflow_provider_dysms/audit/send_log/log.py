"""Reads and checks a send log: its columns, its numbers, its times. Nothing is asked here.

A line that cannot be asked is not dropped: it stays in the log with the reason why. A log that cannot be read, or lacks
a column, is an error.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import filterfalse
from typing import TYPE_CHECKING, BinaryIO

from airflow_provider_dysms.audit.send_log.cells import (
    as_id,
    as_instant,
    as_text,
    is_blank,
    is_float,
    is_nothing,
    without_scale,
)
from airflow_provider_dysms.audit.send_log.column_arguments import (
    check_columns,
    check_has,
    checked_carry,
    choose,
    missing_of,
)
from airflow_provider_dysms.audit.send_log.columns import NAMES, Columns
from airflow_provider_dysms.audit.send_log.formats.open_table import open_table
from airflow_provider_dysms.audit.send_log.lines import Line, Lines
from airflow_provider_dysms.audit.send_log.options import LogOptions, Notes
from airflow_provider_dysms.audit.send_log.times import Times
from airflow_provider_dysms.model.dates import DAY, MIDNIGHT_SLACK, beijing_day, day_start
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.phone_numbers.number import NumberError
from airflow_provider_dysms.model.phone_numbers.parse import parse_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date, datetime

    from airflow_provider_dysms.audit.send_log.formats.table import Table

#: The service takes an OutId of fewer than 256 characters; its own ids are far shorter.
MAX_ID_LENGTH = 255

_NAMED_IN_ERRORS = 5
_TIMES = Times()


@dataclass(frozen=True, slots=True)
class SendLog:
    """A send log that was read.

    :param carry: names of the carried columns
    :param keyed: whether any line has an id or a time to find its record by; a log in which no line has one is a list
        of questions
    :param argument: the argument that the log came from, for errors
    :param found: what its columns are and might be
    :param multiline: how many lines have line ends inside a quoted cell (CSV)
    :param first_multiline: the first of them, as ``file:line``
    :param notes: sentences about what was found out about its files: encoding, delimiter
    """

    lines: Lines = field(repr=False)
    carry: tuple[str, ...] = ()
    keyed: bool = False
    argument: str = "sent_uri"
    found: Columns = field(default_factory=lambda: Columns(None), repr=False)
    multiline: int = 0
    first_multiline: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def rejected(self) -> Sequence[Line]:
        """The lines that cannot be asked."""
        return self.lines.rejected

    def check_rejected(self, max_rejected_rate: float) -> None:
        """Refuse a log of which too large a share cannot be asked.

        :param max_rejected_rate: the largest share that is borne, from 0 to 1
        :raises DysmsInputError: it is exceeded; the first such lines are named, never their numbers
        """
        rejected = self.rejected
        if not rejected or len(rejected) <= max_rejected_rate * len(self.lines):
            return
        reasons = Counter(line.rejection[0] for line in rejected if line.rejection)
        named = [f"{line.where} ({line.rejection[1]})" for line in rejected[:_NAMED_IN_ERRORS] if line.rejection]
        raise DysmsInputError(
            self.argument,
            f"has {len(rejected)} of {len(self.lines)} lines that cannot be asked, more than the share of "
            f"{max_rejected_rate:g} that is borne: {', '.join(f'{n} {code}' for code, n in sorted(reasons.items()))}; "
            f"the first are {'; '.join(named)}. Mend the log, or raise max_rejected_rate",
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

    :param files: name and open binary file, which can be sought in, in the order in which their lines count; their
        bytes, then the ends of their names say what they are: Parquet, CSV, JSON Lines or text with one number per
        line, each also gzipped. One without a byte has no lines
    :param send_date: the Beijing day that the log is of; a line that was sent on another is rejected, with ten minutes
        of grace around midnight
    :param columns: our name (:data:`NAMES`) -> the log's column; then no other columns are read. Default: those of our
        names that a file has, also in another spelling: see :mod:`.columns`
    :param carry: columns of the log that are copied to the output, as text
    :param options: how the files are written; default: what they say themselves
    :raises DysmsInputError: a file cannot be read, a column is missing, or an argument is wrong
    """
    check_columns(columns)
    carried = checked_carry(carry, columns)
    log = _Log(send_date, columns, carried, options or LogOptions())
    for name, file in files:
        log.read(name, file)
    return log.whole()


class _Log:
    """A log that is being read, file by file."""

    def __init__(
        self, send_date: date, columns: Mapping[str, str] | None, carry: tuple[str, ...], options: LogOptions
    ) -> None:
        self._send_date = send_date
        self._columns = columns
        self._carry = carry
        self._options = options
        self._lines = Lines()
        self._found = Columns(columns, carry)
        self._keyed = False
        self._keys: set[str] = set()  # of all JSON Lines files together: a key may be left out where it is null
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

    def whole(self) -> SendLog:
        """Return what was read."""
        if not self._names:
            raise DysmsInputError("sent_uri", "names no file; write the day's send log first")
        if self._keys:
            name = self._names[0] if len(self._names) == 1 else "the log"
            check_has(name, sorted(self._keys), self._columns, self._carry)
        return SendLog(
            self._lines,
            self._carry,
            self._keyed,
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
            times = Times(self._options.time_format, "UTC")
            self._notes.add(name, "Times of Parquet's type INT96 are read in UTC, as Spark and Hive write them")
        of_floats = {ours: partial(self._is_of_floats, name, file, ours, {}) for ours in NAMES}
        keyed, append, send_date = self._keyed, self._lines.append, self._send_date
        for number, cells in table.read(chosen, self._carry):
            keyed = keyed or not all(map(is_blank, (cells[1], *cells[3:6])))
            append(_line(name, number, cells, send_date, times, of_floats))
        self._keyed = keyed
        self._keys |= table.seen
        count, first = table.multiline
        self._multiline += count
        if count:
            self._first_multiline = self._first_multiline or f"{name}:{first}"

    def _choose(self, name: str, table: Table) -> list[str | None]:
        return choose(name, table, self._columns, self._carry, self._found)

    def _is_of_floats(self, name: str, file: BinaryIO, ours: str, known: dict[str, bool]) -> bool:
        """Say whether every id of a column ends in ``.0``: the file is read once more, and then where it was."""
        if ours not in known:
            place = file.tell()
            table = self._open(name, file)
            if table is None:
                return False
            try:
                ids = (cells[NAMES.index(ours)] for _, cells in table.read(self._choose(name, table), ()))
                known[ours] = all(map(is_float, filterfalse(is_nothing, ids)))
            finally:
                table.close()
                file.seek(place)
            if known[ours]:
                finding = f"Every {ours} ends in .0, as pandas writes whole numbers, and is read without it"
                self._notes.add(name, finding)
        return known[ours]


def phone_log(phone_numbers: Iterable[object]) -> SendLog:
    """Make a log of a few numbers: a list of questions.

    :param phone_numbers: as :func:`~airflow_provider_dysms.model.phone_numbers.parse.parse_number` takes them
    """
    if isinstance(phone_numbers, (str, bytes, int, float)):
        phone_numbers = [phone_numbers]
    lines = (
        _line("phone_numbers", number, (text, None, None, None, None, None), None, _TIMES, {})
        for number, text in enumerate(phone_numbers, 1)
    )
    return SendLog(Lines(lines), argument="phone_numbers")


def _line(
    file: str,
    number: int,
    cells: Sequence[object],
    send_date: date | None,
    times: Times,
    of_floats: Mapping[str, Callable[[], bool]],
) -> Line:
    raw, message_id, country, biz_id, out_id, sent_at, *carried = cells
    rejections: list[tuple[str, str]] = []
    ids: list[str | None] = []
    for name, value in (("message_id", message_id), ("biz_id", biz_id), ("out_id", out_id)):
        try:
            ids.append(None if value is None else as_id(value, MAX_ID_LENGTH, name != "out_id", of_floats.get(name)))
        except ValueError as error:
            ids.append(None)
            rejections.append(("bad_id", f"{name} {error}"))
    phone = None
    if not is_blank(raw):
        try:
            phone = parse_number(raw, as_text(without_scale(country)), to_query=ids[0] is None)
        except NumberError as error:
            rejections.append((error.reason, f"phone_number {error.problem}"))
    elif ids[0] is None and not rejections:
        rejections.append(("no_number_and_no_message_id", "has neither phone_number nor message_id"))
    instant = None
    try:
        instant = as_instant(sent_at, times)
    except ValueError as error:
        rejections.append(("sent_at_unreadable", f"sent_at {error}"))
    if instant and send_date and not _is_of_the_day(instant, send_date):
        rejections.append(
            ("sent_on_another_day", f"was sent on {beijing_day(instant)} in Beijing, and the log is of {send_date}")
        )
    return Line(
        file,
        number,
        phone=phone,
        raw_number=None if is_blank(raw) else _encodable(as_text(without_scale(raw))),
        message_id=ids[0],
        biz_id=ids[1],
        out_id=ids[2],
        sent_at=instant,
        carried=tuple([cell if type(cell) is str else as_text(cell) for cell in carried]),
        rejection=rejections[0] if rejections else None,
    )


def _is_of_the_day(instant: datetime, day: date) -> bool:
    first, end = _around(day)
    return first <= instant < end


@lru_cache(maxsize=2)
def _around(day: date) -> tuple[datetime, datetime]:
    start = day_start(day)
    return start - MIDNIGHT_SLACK, start + DAY + MIDNIGHT_SLACK


def _encodable(text: str | None) -> str | None:
    """Return a text without halves of characters: what a program gives may have some, and no file can hold them."""
    return text if text is None or text.isascii() else text.encode("utf-8", "replace").decode()
