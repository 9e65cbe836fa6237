"""QuerySendDetails in the forms in which the service writes it today, read from bytes straight into records.

Several times as fast as the reader in :mod:`.actions`, which knows every form and says what is wrong with it. What is
documented or was seen since 2018 is read in one pass: ``TotalCount`` as a number or a text, fields in any order, absent
or null. A second, more patient pass skips fields that nobody knows, and reads times in every way of writing and a
``SendStatus`` that is a text. What is in neither form is left to the other reader.
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

#: Without a zone: Beijing's.
_Time = Annotated[datetime, msgspec.Meta(tz=False)]

#: A name of 2017, with a small first letter: only the other reader knows them.
_Old = Annotated[str, msgspec.Meta(max_length=0)]


class _Row(PrivateStruct, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False):
    # In the order in which the service writes them: that is read fastest.
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


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    Code: Literal["OK"]
    TotalCount: int | str
    SmsSendDetailDTOs: _Rows
    Message: str | None = None
    RequestId: str | None = None


class _PatientRow(PrivateStruct, frozen=True, kw_only=True, gc=False):
    SendDate: str | None = None
    OutId: str | None = None
    SendStatus: int | str | None = None
    ReceiveDate: str | None = None
    ErrCode: str | None = None
    TemplateCode: str | None = None
    Content: str | None = None
    PhoneNum: str
    sendDate: _Old = ""
    outId: _Old = ""
    sendStatus: _Old = ""
    receiveDate: _Old = ""
    errCode: _Old = ""
    templateCode: _Old = ""
    content: _Old = ""


class _PatientRows(msgspec.Struct):
    SmsSendDetailDTO: list[_PatientRow]


class _PatientAnswer(msgspec.Struct):
    Code: Literal["OK"]
    TotalCount: int | str
    SmsSendDetailDTOs: _PatientRows
    Message: str | None = None
    RequestId: str | None = None
    requestId: _Old = ""
    # It decides as well, if it is there.
    ResponseCode: Literal["OK"] = "OK"
    responseCode: Literal["OK"] = "OK"


_decode = msgspec.json.Decoder(_Answer).decode
_decode_patiently = msgspec.json.Decoder(_PatientAnswer).decode


def read_page(body: bytes) -> Page[SendDetail] | None:
    """Return the page of an answer that says OK, or ``None`` if it is not in one of these forms.

    Fields that nobody knows are not kept.
    """
    try:
        answer = _decode(body)
        records = [
            SendDetail(
                phone_number=row.PhoneNum.strip() or _refuse(),
                send_status=row.SendStatus,
                error_code=(row.ErrCode or "").strip() or None,
                template_code=(row.TemplateCode or "").strip() or None,
                out_id=row.OutId or None,
                content=row.Content or None,
                sent_at=EPOCH + (sent - LOCAL_EPOCH) if (sent := row.SendDate) else None,
                received_at=EPOCH + (received - LOCAL_EPOCH) if (received := row.ReceiveDate) else None,
            )
            for row in answer.SmsSendDetailDTOs.SmsSendDetailDTO
        ]
        return _page(records, answer)
    except msgspec.ValidationError:
        return _read_patiently(body)
    except (ValueError, OverflowError, DysmsUnreadable):  # of JSON, of a time, of a number in a text
        return None


def _read_patiently(body: bytes) -> Page[SendDetail] | None:
    try:
        body.decode()  # what is skipped is not checked
        answer = _decode_patiently(body)
        records = [
            SendDetail(
                phone_number=row.PhoneNum.strip() or _refuse(),
                send_status=_whole(row.SendStatus),
                error_code=(row.ErrCode or "").strip() or None,
                template_code=(row.TemplateCode or "").strip() or None,
                out_id=row.OutId or None,
                content=row.Content or None,
                sent_at=parse_instant(row.SendDate),
                received_at=parse_instant(row.ReceiveDate),
            )
            for row in answer.SmsSendDetailDTOs.SmsSendDetailDTO
        ]
        return _page(records, answer)
    except (ValueError, OverflowError, RecursionError, DysmsUnreadable):
        return None


def _page(records: list[SendDetail], answer: _Answer | _PatientAnswer) -> Page[SendDetail] | None:
    total = answer.TotalCount
    if not isinstance(total, int):
        total = responses.count({"TotalCount": total}, "TotalCount")
    return Page(tuple(records), total, answer.RequestId or "") if total >= 0 else None


def _whole(value: int | str | None) -> int | None:
    return responses.integer({"SendStatus": value}, "SendStatus")


def _refuse() -> str:
    raise ValueError
