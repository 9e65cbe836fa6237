"""The view of an answer on a page of sending details: its records as cells, and the days that were searched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.dates import BEIJING, parse_instant
from airflow_provider_dysms.model.phone_numbers.recognition import may_be_number
from airflow_provider_dysms.model.phone_numbers.redaction import REDACTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

#: Fields that are shown when a visitor opens a record.
_MORE = ("category", "fault", "received_at", "biz_id", "message_id", "out_id", "vendor")

#: Characters of a hash that are shown.
_HASH_LENGTH = 10


@dataclass(frozen=True, slots=True, repr=False)
class RecordView:
    """A record as the table shows it.

    :param facts: of the record, with times as Beijing's clocks show them
    :param number: whole, masked, or the beginning of a hash
    :param more: names and values of further fields
    :param carried: those of the user's own columns, if they are shown
    """

    facts: Mapping[str, Any]
    number: str | None
    more: Sequence[tuple[str, str]]
    carried: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, repr=False)
class DetailsView:
    """An answer as a page shows it.

    :param last: place of the last record among all
    :param days: of the span, the newest first
    :param shows_numbers: whether numbers are whole
    """

    records: Sequence[RecordView]
    first: int
    last: int
    total: str
    is_exact: bool
    days: Sequence[Mapping[str, Any]]
    audited: int
    newest_as_of: str | None
    shows_numbers: bool


def details_view(page: Mapping[str, Any], *, shows_numbers: bool, shows_carried: bool) -> DetailsView:
    """Return the view of an answer.

    :param page: as ``Page.as_dict`` has it
    :param shows_numbers: whether numbers are whole; otherwise every text that may be a number is hidden
    :param shows_carried: whether the user's own columns are shown
    """
    records = [_record(each, shows_numbers=shows_numbers, shows_carried=shows_carried) for each in page["records"]]
    days = [{**each, "as_of": clock(parse_instant(each["as_of"]))} for each in page["days"]]
    return DetailsView(
        records=records,
        first=page["first"],
        last=page["first"] + len(records) - 1,
        total=f"{page['total']['count']:,}",
        is_exact=page["total"]["is_exact"],
        days=days,
        audited=sum(each["is_audited"] for each in days),
        newest_as_of=next((each["as_of"] for each in days if each["as_of"]), None),
        shows_numbers=shows_numbers,
    )


def clock(instant: datetime | None) -> str | None:
    """Return an instant as a clock in Beijing shows it."""
    return None if instant is None else f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def hide_number(value: Any) -> Any:
    """Return a value, with ``***`` for a text that may be a number."""
    return REDACTED if isinstance(value, str) and may_be_number(value) else value


def _record(record: Mapping[str, Any], *, shows_numbers: bool, shows_carried: bool) -> RecordView:
    facts = {name: value if shows_numbers or name in _SAFE else hide_number(value) for name, value in record.items()}
    facts |= {name: clock(parse_instant(record[name])) for name in ("sent_at", "received_at")}
    hashed = facts["phone_hash"]
    number = facts["phone_number"] or (f"#{hashed[:_HASH_LENGTH]}" if hashed else None)
    more = [(name, str(facts[name])) for name in _MORE if facts[name] is not None and facts[name] != facts["state"]]
    more.insert(0, ("state", facts["state"]))
    carried = [(name, str(value)) for name, value in record["carried"].items() if value is not None]
    if not shows_numbers:
        carried = [(name, hide_number(value)) for name, value in carried]
    return RecordView(facts, number, more, carried if shows_carried else ())


#: Fields that hold no text from outside, or only masked numbers. In an archive with hashed numbers nobody can tell
#: whose number stands in a text.
_SAFE = frozenset({"phone_number", "phone_hash", "sent_at", "received_at", "day", "result", "state", "biz_id"})
