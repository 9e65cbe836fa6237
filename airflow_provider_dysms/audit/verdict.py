"""One verdict a message, and the row it becomes.

The columns are a promise to readers: their names, their types and their order stay, later versions append.
"""

from __future__ import annotations

from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_dysms.audit.scrubbing import without_number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: What every message is said to come from; further vendors may join the same table.
VENDOR = "aliyun"

#: The output's columns in their order. Every one may be null, except ``state``, ``is_final`` and ``vendor``.
COLUMNS: dict[str, type] = {
    "phone_number": str,
    "country": str,
    "biz_id": str,
    "message_id": str,
    "out_id": str,
    "template_code": str,
    "sign_name": str,
    "state": str,
    "category": str,
    "fault": str,
    "error_code": str,
    "sent_at": datetime,
    "received_at": datetime,
    "delivery_seconds": int,
    "segments": int,
    "is_final": bool,
    "content": str,
    "vendor": str,
    "vendor_extra": str,
}

#: The name of the first column when numbers are hashed.
PHONE_HASH = "phone_hash"


class Verdict(NamedTuple):
    """What became of one message. The fields are the columns of :data:`COLUMNS`; instants are aware and in UTC."""

    state: str
    is_final: bool
    phone_number: str | None = None
    country: str | None = None
    biz_id: str | None = None
    message_id: str | None = None
    out_id: str | None = None
    template_code: str | None = None
    sign_name: str | None = None
    category: str | None = None
    fault: str | None = None
    error_code: str | None = None
    sent_at: datetime | None = None
    received_at: datetime | None = None
    delivery_seconds: int | None = None
    segments: int | None = None
    content: str | None = None
    vendor: str = VENDOR
    vendor_extra: str | None = None
    carried: tuple[str | None, ...] = ()

    def __repr__(self) -> str:
        return f"Verdict(state={self.state!r}, category={self.category!r}, is_final={self.is_final})"


def output_columns(carry: Sequence[str] = (), *, content: bool = False, hashed: bool = False) -> dict[str, type]:
    """Return the columns of the rows that :func:`to_row` makes with the same options.

    :param carry: the carried columns, which come last and are text
    :param content: whether the text of the message is kept
    :param hashed: whether the number is hashed; the first column is ``phone_hash`` then
    """
    columns: dict[str, type] = {}
    for name, kind in COLUMNS.items():
        if name == "phone_number" and hashed:
            columns[PHONE_HASH] = kind
        elif name != "content" or content:
            columns[name] = kind
    return columns | dict.fromkeys(carry, str)


def to_row(
    verdict: Verdict, *, content: bool = False, phone_hash: Callable[[str], str] | None = None
) -> tuple[object, ...]:
    """Return a verdict as one row, its values in the order of :func:`output_columns`.

    :param content: whether the text of the message is kept
    :param phone_hash: what a number is replaced by, and where it stands in another text of ours, that is left out;
        default: it is written as it is. Ids and carried columns are the user's own and stay
    """
    phone = verdict.phone_number
    if phone_hash is not None and phone is not None:
        texts = {name: text for name in _FREE_TEXTS if (text := getattr(verdict, name))}
        scrubbed: dict[str, Any] = {name: without_number(text, phone) for name, text in texts.items()}
        verdict = verdict._replace(phone_number=phone_hash(phone), **scrubbed)
    values: tuple[object, ...] = (_WITH_TEXT if content else _WITHOUT_TEXT)(verdict)
    return values + verdict.carried


def from_row(row: Sequence[Any], *, content: bool = False) -> Verdict:
    """Return the verdict that a row of :func:`to_row` is of: the number as it stands there, the text if it was kept."""
    at = _BEFORE_CONTENT
    text, rest = (row[at], row[at + 1 :]) if content else (None, row[at:])
    return Verdict._make((*_IN_ORDER(row), text, rest[0], rest[1], tuple(rest[2:])))


#: What a carrier or a sender wrote, with anything in it.
_FREE_TEXTS = ("sign_name", "error_code", "content", "vendor_extra")
_BEFORE_CONTENT = list(COLUMNS).index("content")
_IN_ORDER = itemgetter(*map(list(COLUMNS).index, Verdict._fields[:_BEFORE_CONTENT]))
_WITH_TEXT = itemgetter(*map(Verdict._fields.index, COLUMNS))
_WITHOUT_TEXT = itemgetter(*(Verdict._fields.index(name) for name in COLUMNS if name != "content"))
