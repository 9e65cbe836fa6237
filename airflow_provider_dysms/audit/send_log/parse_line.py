"""Converts the cells of one row of a send log into a line: number, ids and time, or the reason for a rejection."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_provider_dysms.audit.send_log.cells import as_id, as_instant, as_text, is_blank, without_scale
from airflow_provider_dysms.audit.send_log.lines import Line
from airflow_provider_dysms.model.dates import DAY, MIDNIGHT_SLACK, beijing_day, day_start
from airflow_provider_dysms.model.phone_numbers.number import NumberError
from airflow_provider_dysms.model.phone_numbers.parse import parse_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime

    from airflow_provider_dysms.audit.send_log.parse_times import TimeParser

#: Maximum number of characters of an id. The service accepts an OutId of up to 255 characters; its own ids are shorter.
MAX_ID_LENGTH = 255


def parse_line(
    file: str,
    number: int,
    cells: Sequence[object],
    send_date: date | None,
    times: TimeParser,
    are_all_floats: Mapping[str, Callable[[], bool]],
) -> Line:
    """Make a line from its cells; a line that cannot be queried gets a rejection.

    :param file: the name of its file, for messages
    :param number: its line number in the file, from 1
    :param cells: the cells in the order of :data:`~.columns.NAMES`, then the carried cells
    :param send_date: the Beijing day of the log; ``None`` if any day is allowed
    :param times: parses ``sent_at``
    :param are_all_floats: our name of an id -> says whether every id of the column ends in ``.0``
    """
    raw, message_id, country, biz_id, out_id, sent_at, *carried = cells
    rejections: list[tuple[str, str]] = []

    def checked_id(name: str, value: object) -> str | None:
        try:
            return as_id(value, MAX_ID_LENGTH, name != "out_id", are_all_floats.get(name))
        except ValueError as error:
            rejections.append(("bad_id", f"{name} {error}"))
            return None

    message_id = None if message_id is None else checked_id("message_id", message_id)
    biz_id = None if biz_id is None else checked_id("biz_id", biz_id)
    out_id = None if out_id is None else checked_id("out_id", out_id)
    phone = raw_number = None
    if not is_blank(raw):
        raw_number = raw if type(raw) is str and raw.isascii() else _encodable(as_text(without_scale(raw)))
        region = None if country is None else as_text(without_scale(country))
        try:
            phone = parse_number(raw, region, to_query=message_id is None)
        except NumberError as error:
            rejections.append((error.reason, f"phone_number {error.problem}"))
    elif message_id is None and not rejections:
        rejections.append(("no_number_and_no_message_id", "has neither phone_number nor message_id"))
    instant = None
    try:
        instant = as_instant(sent_at, times)
    except ValueError as error:
        rejections.append(("sent_at_unreadable", f"sent_at {error}"))
    if instant and send_date and not _is_on_day(instant, send_date):
        rejections.append(
            ("sent_on_another_day", f"was sent on {beijing_day(instant)} in Beijing, but the log is for {send_date}")
        )
    return Line(
        file,
        number,
        phone,
        raw_number,
        message_id,
        biz_id,
        out_id,
        instant,
        tuple([cell if type(cell) is str else as_text(cell) for cell in carried]) if carried else (),
        rejections[0] if rejections else None,
    )


def _is_on_day(instant: datetime, day: date) -> bool:
    first, end = _day_limits(day)
    return first <= instant < end


@lru_cache(maxsize=2)
def _day_limits(day: date) -> tuple[datetime, datetime]:
    start = day_start(day)
    return start - MIDNIGHT_SLACK, start + DAY + MIDNIGHT_SLACK


def _encodable(text: str | None) -> str | None:
    """Replace lone surrogates, which a program may pass and no file can store."""
    return text if text is None or text.isascii() else text.encode("utf-8", "replace").decode()
