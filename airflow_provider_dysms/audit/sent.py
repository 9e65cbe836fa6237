"""Reads and checks a send log: its columns, its numbers, its times. Nothing is asked here.

A line that cannot be asked is not dropped: it stays in the log with the reason why. A log that cannot be read, or lacks
a column, is an error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO

from airflow_provider_dysms.api.dates import MIDNIGHT_SLACK, beijing_day, day_start
from airflow_provider_dysms.api.errors import DysmsInputError
from airflow_provider_dysms.api.numbers import NumberError, parse_number
from airflow_provider_dysms.api.text import folded
from airflow_provider_dysms.audit.cells import as_id, as_instant, as_text, is_blank
from airflow_provider_dysms.audit.columns import NAMES, Columns, has_whom_to_ask, spelling
from airflow_provider_dysms.audit.files import Table, open_table, shown
from airflow_provider_dysms.audit.lines import Line, Lines
from airflow_provider_dysms.audit.verdict import COLUMNS, PHONE_HASH

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The service takes an OutId of fewer than 256 characters; its own ids are far shorter.
MAX_ID_LENGTH = 255

# ``send_date`` is what the folders of the output are named by, and readers make a column of it.
_TAKEN = frozenset((*COLUMNS, PHONE_HASH, "send_date"))
_NAMED_IN_ERRORS = 5
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SentLog:
    """A send log that was read.

    :param carry: names of the carried columns
    :param keyed: whether any line has an id or a time to find its record by; a log in which no line has one is a list
        of questions
    :param argument: the argument that the log came from, for errors
    :param found: what its columns are and might be
    """

    lines: Lines = field(repr=False)
    carry: tuple[str, ...] = ()
    keyed: bool = False
    argument: str = "sent_uri"
    found: Columns = field(default_factory=lambda: Columns(None), repr=False)

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


def read_sent_log(
    files: Iterable[tuple[str, BinaryIO]],
    *,
    send_date: date,
    columns: Mapping[str, str] | None = None,
    carry: Sequence[str] | None = (),
) -> SentLog:
    """Read a send log.

    :param files: name and open binary file, in the order in which their lines count; a name's end says what it is:
        ``.csv``, ``.jsonl``, ``.ndjson``, ``.json``, ``.parquet``, ``.txt`` (one number a line), also with ``.gz``
    :param send_date: the Beijing day that the log is of; a line that was sent on another is rejected, with ten minutes
        of grace around midnight
    :param columns: our name (:data:`NAMES`) -> the log's column; then no other columns are read. Default: those of our
        names that a file has, also in another spelling: see :mod:`.columns`
    :param carry: columns of the log that are copied to the output, as text
    :raises DysmsInputError: a file cannot be read, a column is missing, or an argument is wrong
    """
    _check_columns(columns)
    carried = _checked_carry(carry, columns)
    lines = Lines()
    keyed = False
    found = Columns(columns, carried)
    keys: set[str] = set()  # of all JSON Lines files together: a key may be left out where it is null
    read: list[str] = []
    for name, file in files:
        read.append(name)
        table = open_table(name, file)
        wanted = [*_choose(name, table, columns, carried, found), *carried]
        for number, cells in table.read(wanted):
            keyed = keyed or not all(map(is_blank, (cells[1], *cells[3:6])))
            lines.append(_line(name, number, cells, send_date))
        keys |= table.seen
    if not read:
        raise DysmsInputError("sent_uri", "names no file; write the day's send log first")
    if keys:
        _check_has(read[0] if len(read) == 1 else "the log", sorted(keys), columns, carried)
    return SentLog(lines, carried, keyed, found=found)


def phone_log(phone_numbers: Iterable[object]) -> SentLog:
    """Make a log of a few numbers: a list of questions.

    :param phone_numbers: as :func:`~airflow_provider_dysms.api.numbers.parse_number` takes them
    """
    if isinstance(phone_numbers, (str, bytes, int, float)):
        phone_numbers = [phone_numbers]
    lines = (
        _line("phone_numbers", number, (text, None, None, None, None, None), None)
        for number, text in enumerate(phone_numbers, 1)
    )
    return SentLog(Lines(lines), argument="phone_numbers")


def _check_columns(columns: Mapping[str, str] | None) -> None:
    if columns is None:
        return
    if not isinstance(columns, Mapping) or not all(isinstance(column, str) and column for column in columns.values()):
        raise DysmsInputError("columns", "must map our names to names of columns, such as {'phone_number': 'mobile'}")
    if unknown := sorted(map(str, set(columns) - set(NAMES))):
        raise DysmsInputError("columns", f"has unknown names: {', '.join(unknown)}; known are {', '.join(NAMES)}")
    if "phone_number" not in columns and "message_id" not in columns:
        raise DysmsInputError("columns", "names neither phone_number nor message_id; one of them is needed to ask")


def _checked_carry(carry: Sequence[str] | None, columns: Mapping[str, str] | None) -> tuple[str, ...]:
    if carry is None:
        return ()
    if (
        isinstance(carry, str)
        or not isinstance(carry, Sequence)
        or not all(isinstance(column, str) and column for column in carry)
    ):
        raise DysmsInputError("carry", "must be a list of names of columns")
    names = [*map(folded, carry)]
    if twice := [column for column in carry if names.count(folded(column)) > 1]:
        raise DysmsInputError(
            "carry",
            f"names a column twice: {shown(twice)}; names that differ by case or blanks alone are one to readers",
        )
    if taken := [column for column in carry if folded(column) in _TAKEN]:
        raise DysmsInputError(
            "carry",
            f"names {shown(taken)}, which the output has itself (readers do not tell case and blanks apart); rename it "
            "in the log",
        )
    numbers = [columns.get("phone_number")] if columns else [name for name in carry if spelling(name) == "phonenumber"]
    if not set(carry).isdisjoint(numbers):
        raise DysmsInputError("carry", "names the column of the numbers, which come out as phone_number, or hashed")
    return tuple(carry)


def _choose(
    name: str, table: Table, columns: Mapping[str, str] | None, carry: tuple[str, ...], found: Columns
) -> list[str | None]:
    """Return the file's columns in the order of our names, ``None`` for those that it does not have."""
    if table.headless:
        if columns is not None or carry:
            argument = "carry" if carry else "columns"
            raise DysmsInputError(argument, f"names columns, and {name} is text, which has none")
        return ["phone_number", *[None] * (len(NAMES) - 1)]
    if table.columns is None:
        table.choose = found.of_file(name)
        return [columns.get(ours) if columns else ours for ours in NAMES]
    _check_has(name, table.columns, columns, carry)
    return found.of_file(name)(table.columns)


def _check_has(name: str, present: Sequence[str], columns: Mapping[str, str] | None, carry: tuple[str, ...]) -> None:
    for argument, wanted in (("columns", (columns or {}).values()), ("carry", carry)):
        if missing := [column for column in wanted if column not in present]:
            raise DysmsInputError(
                argument, f"names {', '.join(missing)}, which {name} does not have; it has {shown(present)}"
            )
    if columns is None and not has_whom_to_ask(present):
        raise DysmsInputError(
            "columns",
            f"must say which column of {name} is phone_number or message_id, such as {{'phone_number': 'mobile'}}; "
            f"it has {shown(present)}",
        )


def _line(file: str, number: int, cells: Sequence[object], send_date: date | None) -> Line:
    raw, message_id, country, biz_id, out_id, sent_at, *carried = cells
    rejections: list[tuple[str, str]] = []
    ids: list[str | None] = []
    for name, value in (("message_id", message_id), ("biz_id", biz_id), ("out_id", out_id)):
        try:
            ids.append(None if value is None else as_id(value, MAX_ID_LENGTH, given=name != "out_id"))
        except ValueError as error:
            ids.append(None)
            rejections.append(("bad_id", f"{name} {error}"))
    phone = None
    if not is_blank(raw):
        try:
            phone = parse_number(raw, as_text(country), to_ask=ids[0] is None)
        except NumberError as error:
            rejections.append((error.reason, f"phone_number {error.problem}"))
    elif ids[0] is None and not rejections:
        rejections.append(("no_number_and_no_message_id", "has neither phone_number nor message_id"))
    instant = None
    try:
        instant = as_instant(sent_at)
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
        raw_number=None if is_blank(raw) else _encodable(as_text(raw)),
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
    return start - MIDNIGHT_SLACK, start + _DAY + MIDNIGHT_SLACK


def _encodable(text: str | None) -> str | None:
    """Return a text without halves of characters: what a program gives may have some, and no file can hold them."""
    return text if text is None or text.isascii() else text.encode("utf-8", "replace").decode()
