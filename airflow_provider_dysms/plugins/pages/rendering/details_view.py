"""The view of an answer on the page of sending details: its records as cells, and the days that were searched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.dates import BEIJING, parse_instant
from airflow_provider_dysms.model.phone_numbers.redaction import REDACTED
from airflow_provider_dysms.plugins.pages.form.private_values import may_be_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow_provider_dysms.plugins.pages.form.details_form import DetailsForm

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
    :param carried: those of the user's own columns, for visitors who see numbers
    """

    facts: Mapping[str, Any]
    number: str | None
    more: Sequence[tuple[str, str]]
    carried: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, repr=False)
class DetailsView:
    """An answer as the page shows it.

    :param last: place of the last record among all
    :param days: of the span, the newest first
    :param next, previous: forms of the pages next to this one; ``None`` if there are none
    """

    records: Sequence[RecordView]
    first: int
    last: int
    total: str
    is_exact: bool
    days: Sequence[Mapping[str, Any]]
    audited: int
    newest_as_of: str | None
    next: DetailsForm | None
    previous: DetailsForm | None


def details_view(page: Mapping[str, Any], form: DetailsForm, *, sees_numbers: bool) -> DetailsView:
    """Return the view of an answer.

    :param page: as ``Page.as_dict`` has it
    :param form: that was asked with
    :param sees_numbers: whether the visitor sees whole numbers and carried columns
    """
    records = [_record(each, sees_numbers=sees_numbers) for each in page["records"]]
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
        next=form.next_page(page["next_cursor"]) if page["next_cursor"] else None,
        previous=form.previous_page(),
    )


def clock(instant: datetime | None) -> str | None:
    """Return an instant as a clock in Beijing shows it."""
    return None if instant is None else f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def _record(record: Mapping[str, Any], *, sees_numbers: bool) -> RecordView:
    facts = {name: value if sees_numbers else _masked(name, value) for name, value in record.items()}
    facts |= {name: clock(parse_instant(record[name])) for name in ("sent_at", "received_at")}
    hashed = facts["phone_hash"]
    number = facts["phone_number"] or (f"#{hashed[:_HASH_LENGTH]}" if hashed else None)
    more = [(name, str(facts[name])) for name in _MORE if facts[name] is not None and facts[name] != facts["state"]]
    more.insert(0, ("state", facts["state"]))
    carried = record["carried"].items() if sees_numbers else ()
    return RecordView(facts, number, more, [(name, str(value)) for name, value in carried if value is not None])


#: Fields that hold no text from outside, or only masked numbers.
_SAFE = frozenset({"phone_number", "phone_hash", "sent_at", "received_at", "day", "result", "state", "biz_id"})


def _masked(name: str, value: Any) -> Any:
    """Hide texts that may be a number: in an archive with hashed numbers nobody can tell whose it is."""
    is_text = isinstance(value, str) and name not in _SAFE
    return REDACTED if is_text and may_be_number(value) else value
