"""The fields of an archived request, and of a report in JSON in every format of every vendor."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - the decoder needs it
from typing import Annotated

import msgspec

from airflow_provider_dysms.model.ids import MAX_ID
from airflow_provider_dysms.model.private_struct import PrivateStruct
from airflow_provider_dysms.receipts.formats.values import MAX_TEXT, Value

#: A text that is at most as long as it may be.
Short = Annotated[str, msgspec.Meta(max_length=MAX_ID)]

#: Stands for a field that is missing.
NOTHING = msgspec.Raw()


class ArchivedRequest(PrivateStruct, frozen=True, gc=False):
    """A request as a receiver archives it; without ``body``, the object is a report itself."""

    body: msgspec.Raw = NOTHING
    headers: msgspec.Raw = NOTHING
    vendor: Value = None
    path: Value = None
    is_base64: Value = msgspec.field(default=None, name="isBase64Encoded")


class TextRequest(PrivateStruct, frozen=True, gc=False):
    """A request whose body is text, as almost every receiver archives it."""

    body: str
    vendor: Value = None
    is_base64: Value = msgspec.field(default=None, name="isBase64Encoded")


class JsonReport(PrivateStruct, frozen=True, gc=False):
    """An object that is a report or a batch of reports; fields that are in no format are not read."""

    # Alibaba Cloud, SmsReport: https://help.aliyun.com/document_detail/101867.html
    phone_number: Value = None
    success: Value = None
    biz_id: Value = None
    out_id: Value = None
    send_time: Value = None
    report_time: Value = None
    err_code: Value = None
    err_msg: Value = None
    sms_size: Value = None
    template_code: Value = None
    sign_name: Value = None
    request_id: Value = None
    message_id: Value = None
    content: Value = None
    # Alibaba Cloud, international
    globe_id: Value = msgspec.field(default=None, name="MessageId")
    globe_to: Value = msgspec.field(default=None, name="To")
    globe_status: Value = msgspec.field(default=None, name="Status")
    globe_size: Value = msgspec.field(default=None, name="SmsSize")
    globe_sent: Value = msgspec.field(default=None, name="SendDate")
    globe_received: Value = msgspec.field(default=None, name="ReceiveDate")
    globe_code: Value = msgspec.field(default=None, name="ErrorCode")
    globe_text: Value = msgspec.field(default=None, name="ErrorDescription")
    # Alibaba Cloud, GlobeSmsReport of the China site, which also has message_id, to and status
    send_date: Value = None
    receive_date: Value = None
    error_code: Value = None
    error_description: Value = None
    # Huawei: https://support.huaweicloud.com/api-msgsms/sms_05_0003.html
    batch: msgspec.Raw = msgspec.field(default=NOTHING, name="statusReportList")
    sms_msg_id: Value = msgspec.field(default=None, name="smsMsgId")
    status: Value = None
    total: Value = None
    sequence: Value = None
    status_desc: Value = msgspec.field(default=None, name="statusDesc")
    source: Value = None
    update_time: Value = msgspec.field(default=None, name="updateTime")
    org_code: Value = msgspec.field(default=None, name="orgCode")
    extend: Value = None
    to: Value = None


class SmsReport(PrivateStruct, frozen=True, gc=False):
    """An SmsReport of Alibaba Cloud with fields of the documented types, which the decoder checks.

    A report that is written in another way is read as :class:`JsonReport`. Times without a zone are in Beijing.
    """

    phone_number: Short
    success: bool
    biz_id: Short | None = None
    out_id: Short | None = None
    send_time: datetime | None = None
    report_time: datetime | None = None
    err_code: Short | None = None
    err_msg: Annotated[str, msgspec.Meta(max_length=MAX_TEXT)] | None = None
    sms_size: Short | None = None
    template_code: Short | None = None
    sign_name: Short | None = None
    request_id: Short | None = None
    message_id: Short | None = None
