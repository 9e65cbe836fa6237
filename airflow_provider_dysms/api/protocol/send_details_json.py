"""A fast parser for today's JSON of QuerySendDetails: from bytes straight to records.

It is several times as fast as :mod:`.payload_records`, which knows every form and reports what is wrong with a value.
The first pass reads the forms that are documented or were seen since 2018: ``TotalCount`` as a number or as text, and
fields in any order, absent or null. A second, lenient pass skips unknown fields, reads times in every spelling and a
``SendStatus`` that is text. Every other form is left to :mod:`.payload_records`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from airflow_provider_dysms.api.protocol import responses
from airflow_provider_dysms.model.dates import EPOCH, LOCAL_EPOCH, parse_instant
from airflow_provider_dysms.model.errors import DysmsUnreadable
from airflow_provider_dysms.model.private_struct import PrivateStruct
from airflow_provider_dysms.model.records import Page, SendDetail

#: A time without a zone, which is in Beijing time.
_Time = Annotated[datetime, msgspec.Meta(tz=False)]

#: A field name of 2017, with a small first letter: only :mod:`.payload_records` reads those.
_OldName = Annotated[str, msgspec.Meta(max_length=0)]


class _Row(PrivateStruct, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False):
    # In the order in which the service writes the fields, which is decoded fastest.
    SendDate: _Time | None = None
    OutId: str | None = None
    SendStatus: int | None = None
    ReceiveDate: _Time | None = None
    ErrCode: str | None = None
    TemplateCode: str | None = None
    Content: str | None = None
    PhoneNum: str


class _Rows(msgspec.Struct, forbid_unknown_fields=True):
    SmsSendDetailDTO: list[_Row]


class _Response(msgspec.Struct, forbid_unknown_fields=True):
    Code: Literal["OK"]
    TotalCount: int | str
    SmsSendDetailDTOs: _Rows
    Message: str | None = None
    RequestId: str | None = None


class _LenientRow(PrivateStruct, frozen=True, kw_only=True, gc=False):
    SendDate: str | None = None
    OutId: str | None = None
    SendStatus: int | str | None = None
    ReceiveDate: str | None = None
    ErrCode: str | None = None
    TemplateCode: str | None = None
    Content: str | None = None
    PhoneNum: str
    sendDate: _OldName = ""
    outId: _OldName = ""
    sendStatus: _OldName = ""
    receiveDate: _OldName = ""
    errCode: _OldName = ""
    templateCode: _OldName = ""
    content: _OldName = ""


class _LenientRows(msgspec.Struct):
    SmsSendDetailDTO: list[_LenientRow]


class _LenientResponse(msgspec.Struct):
    Code: Literal["OK"]
    TotalCount: int | str
    SmsSendDetailDTOs: _LenientRows
    Message: str | None = None
    RequestId: str | None = None
    requestId: _OldName = ""
    # If a response has both codes, both must be OK.
    ResponseCode: Literal["OK"] = "OK"
    responseCode: Literal["OK"] = "OK"


_decode = msgspec.json.Decoder(_Response).decode
_decode_leniently = msgspec.json.Decoder(_LenientResponse).decode


def read_page(body: bytes) -> Page[SendDetail] | None:
    """Return the page of a successful response, or ``None`` if the body is not in one of these forms.

    Unknown fields are not kept.
    """
    try:
        response = _decode(body)
        records = [
            SendDetail(
                phone_number=row.PhoneNum.strip() or _refuse_empty(),
                send_status=row.SendStatus,
                error_code=(row.ErrCode or "").strip() or None,
                template_code=(row.TemplateCode or "").strip() or None,
                out_id=row.OutId or None,
                content=row.Content or None,
                sent_at=EPOCH + (sent - LOCAL_EPOCH) if (sent := row.SendDate) else None,
                received_at=EPOCH + (received - LOCAL_EPOCH) if (received := row.ReceiveDate) else None,
            )
            for row in response.SmsSendDetailDTOs.SmsSendDetailDTO
        ]
        return _page(records, response)
    except msgspec.ValidationError:
        return _read_leniently(body)
    except (ValueError, OverflowError, DysmsUnreadable):  # invalid JSON, an invalid time, or text that is not a number
        return None


def _read_leniently(body: bytes) -> Page[SendDetail] | None:
    try:
        body.decode()  # raises for invalid UTF-8, also in fields that msgspec skips
        response = _decode_leniently(body)
        records = [
            SendDetail(
                phone_number=row.PhoneNum.strip() or _refuse_empty(),
                send_status=_integer(row.SendStatus),
                error_code=(row.ErrCode or "").strip() or None,
                template_code=(row.TemplateCode or "").strip() or None,
                out_id=row.OutId or None,
                content=row.Content or None,
                sent_at=parse_instant(row.SendDate),
                received_at=parse_instant(row.ReceiveDate),
            )
            for row in response.SmsSendDetailDTOs.SmsSendDetailDTO
        ]
        return _page(records, response)
    except (ValueError, OverflowError, RecursionError, DysmsUnreadable):
        return None


def _page(records: list[SendDetail], response: _Response | _LenientResponse) -> Page[SendDetail] | None:
    total = response.TotalCount
    if not isinstance(total, int):
        total = responses.count({"TotalCount": total}, "TotalCount")
    return Page(tuple(records), total, response.RequestId or "") if total >= 0 else None


def _integer(value: int | str | None) -> int | None:
    return responses.integer({"SendStatus": value}, "SendStatus")


def _refuse_empty() -> str:
    raise ValueError
