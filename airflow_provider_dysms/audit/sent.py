"""Reads and checks a send log: its columns, its numbers, its times. Nothing is asked here.

A line that cannot be asked is not dropped: it stays in the log with the reason why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from airflow_provider_dysms.api.numbers import PhoneNumber


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a send log.

    :param file: the file it stands in, for people
    :param number: its line within the file, from 1
    :param phone: the number, normalised
    :param raw_number: the number as it is written
    :param sent_at: when it was sent, in UTC
    :param carried: the carried columns, as text
    :param rejection: why it cannot be asked: a reason code and a sentence, or ``None``
    """

    file: str
    number: int
    phone: PhoneNumber | None = None
    raw_number: str | None = field(default=None, repr=False)
    message_id: str | None = None
    biz_id: str | None = None
    out_id: str | None = None
    sent_at: datetime | None = None
    carried: tuple[str | None, ...] = field(default=(), repr=False)
    rejection: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class SentLog:
    """A send log that was read.

    :param keyed: whether any line has an id or a time to find its record by; a log in which no line has one is a list
        of questions
    :param argument: the argument that the log came from, for errors
    """

    lines: list[Line] = field(repr=False)
    carry: tuple[str, ...] = ()
    keyed: bool = False
    argument: str = "sent_uri"

    @property
    def rejected(self) -> list[Line]:
        """The lines that cannot be asked."""
        return [line for line in self.lines if line.rejection is not None]

    def check_rejected(self, max_rejected_rate: float) -> None:
        """Refuse a log too large a share of which cannot be asked."""
        raise NotImplementedError


def read_sent_log(
    files: Iterable[tuple[str, BinaryIO]],
    *,
    send_date: date,
    columns: Mapping[str, str] | None = None,
    carry: Sequence[str] = (),
) -> SentLog:
    """Read a send log."""
    raise NotImplementedError


def phone_log(phone_numbers: Iterable[object]) -> SentLog:
    """Make a log, a list of questions, of a few numbers."""
    raise NotImplementedError
