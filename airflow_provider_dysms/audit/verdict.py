"""The verdict on one message, and the row of the output that it becomes.

Readers rely on the columns: their names, types and order stay; later versions only append columns.
"""

from __future__ import annotations

from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.model.phone_numbers.redaction import redact_number
from airflow_provider_dysms.model.private_struct import PrivateStruct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: The vendor of every message; messages of other vendors may join the same table.
VENDOR = "aliyun"

#: The output's columns in their order. All columns may be null, except ``state``, ``is_final`` and ``vendor``.
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


class Verdict(PrivateStruct, frozen=True, gc=False):
    """The verdict on one message.

    Its fields are the columns of :data:`COLUMNS`, those first that every verdict has, and the carried cells. Times are
    aware and in UTC.
    """

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

    _repr_fields = ("state", "category", "is_final")


def output_columns(carry: Sequence[str] = (), *, content: bool = False, hashed: bool = False) -> dict[str, type]:
    """Return the columns of the rows that :func:`to_row` makes with the same options.

    :param carry: the carried columns, which come last and are text
    :param content: whether the text of the message is kept
    :param hashed: whether the number is hashed; the first column is then ``phone_hash``
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
    :param phone_hash: returns the hash that replaces a number; the number is then also removed from the texts of
        carriers and senders. Default: the number is written in clear. Ids and carried columns belong to the user and
        are not changed
    """
    phone = verdict.phone_number
    if phone_hash is not None and phone is not None:
        texts = {name: text for name in _FREE_TEXTS if (text := getattr(verdict, name))}
        redacted = {name: redact_number(text, phone) for name, text in texts.items()}
        verdict = msgspec.structs.replace(verdict, phone_number=phone_hash(phone), **redacted)
    values: tuple[object, ...] = (_with_text if content else _without_text)(msgspec.structs.astuple(verdict))
    return values + verdict.carried


def from_row(row: Sequence[Any], *, content: bool = False) -> Verdict:
    """Return the verdict of a row that :func:`to_row` made: the number as in the row, the text if it was kept."""
    names = _NAMES if content else _NAMES_WITHOUT_TEXT
    return Verdict(**dict(zip(names, row, strict=False)), carried=tuple(row[len(names) :]))


#: Texts of carriers or senders, which may contain the number.
_FREE_TEXTS = ("sign_name", "error_code", "content", "vendor_extra")
_NAMES = tuple(COLUMNS)
_NAMES_WITHOUT_TEXT = tuple(name for name in COLUMNS if name != "content")
_with_text, _without_text = (
    itemgetter(*map(Verdict.__struct_fields__.index, names)) for names in (_NAMES, _NAMES_WITHOUT_TEXT)
)
