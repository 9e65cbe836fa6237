"""One message of the archive, as a page of sending details shows it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.archive.sending_details.filters.sending_results import ADVICE, RESULT_OF_STATE, status_code
from airflow_provider_dysms.model.dates import iso_utc
from airflow_provider_dysms.model.phone_numbers.redaction import mask_number, redact_number
from airflow_provider_dysms.model.private_struct import PrivateStruct

if TYPE_CHECKING:
    from collections.abc import Sequence


class SendingDetail(PrivateStruct, frozen=True, kw_only=True, gc=False):
    """One message. Columns that its file does not have are ``None``; the meanings are those of the audit's output.

    :param day: the Beijing day of its partition
    :param result: sending result in the words of vendors' pages: ``Successful``, ``Sending``, ``Failed``, ``Missing``,
        ``Unlogged``
    :param state: state in our words
    :param status_code: the code of the carrier or the service; ``EXPIRED`` without a receipt after 72 hours
    :param phone_number: in clear; ``None`` in an archive with hashed numbers
    :param phone_hash: its hash, in an archive with hashed numbers
    :param carried: your own columns and their texts
    """

    day: date
    result: str
    state: str
    status_code: str | None = None
    phone_number: str | None = None
    phone_hash: str | None = None
    country: str | None = None
    template_code: str | None = None
    sign_name: str | None = None
    category: str | None = None
    fault: str | None = None
    error_code: str | None = None
    sent_at: datetime | None = None
    received_at: datetime | None = None
    delivery_seconds: int | None = None
    segments: int | None = None
    is_final: bool | None = None
    biz_id: str | None = None
    message_id: str | None = None
    out_id: str | None = None
    content: str | None = None
    vendor: str | None = None
    vendor_extra: str | None = None
    carried: Mapping[str, Any] = {}

    _repr_fields = ("day", "result", "status_code", "sent_at")

    @property
    def advice(self) -> str | None:
        """A sentence about what the result means; ``None`` if the status code says it."""
        return ADVICE.get(self.result)

    @property
    def masked_number(self) -> str | None:
        """The number with its middle digits hidden, ``139****1111``; ``None`` if it is hashed or not known."""
        return None if self.phone_number is None else mask_number(self.phone_number)

    def as_dict(self, *, show_number: bool = False) -> dict[str, Any]:
        """Return the fields as JSON-able values, in their order; times are ISO 8601 in UTC.

        :param show_number: whether the number and the text of the message are shown. Otherwise the number is masked,
            also in other texts, and the text of the message is left out
        """
        facts = msgspec.structs.asdict(self)
        if not show_number:
            del facts["content"]
        # Times are written afterwards: the number 139 2026 1120 must not hide a day.
        if not show_number and self.phone_number is not None:
            facts = {name: _without(value, self.phone_number) for name, value in facts.items()}
            facts["phone_number"] = self.masked_number
        return {name: json_able(value) for name, value in facts.items()}


#: The columns of our output that are fields here.
_KNOWN = frozenset(SendingDetail.__struct_fields__) - {"day", "result", "status_code", "carried"}


def detail_of(day: date, names: Sequence[str], row: Sequence[Any]) -> SendingDetail:
    """Return the message of a row.

    :param day: of its partition
    :param names: the columns of its file
    :param row: their values
    """
    cells = dict(zip(names, row, strict=True))
    known = {name: cells.pop(name) for name in names if name in _KNOWN}
    state = known["state"]
    return SendingDetail(
        day=day,
        result=RESULT_OF_STATE.get(state, state),
        status_code=status_code(state, known.get("error_code")),
        carried=cells,
        **known,
    )


def _without(value: Any, number: str) -> Any:
    if isinstance(value, str):
        return redact_number(value, number)
    if isinstance(value, Mapping):
        return {name: _without(part, number) for name, part in value.items()}
    return value


def json_able(value: Any) -> Any:
    """Return a field as a JSON-able value; times are ISO 8601 in UTC."""
    if isinstance(value, Mapping):
        return {name: json_able(part) for name, part in value.items()}
    if isinstance(value, datetime):
        return iso_utc(value)
    return value.isoformat() if isinstance(value, date) else value
