"""The fields of a report in JSON, in every format of every vendor, so that one pass over the bytes reads them."""

from __future__ import annotations

import msgspec

from airflow_provider_dysms.model.private_struct import PrivateStruct
from airflow_provider_dysms.receipts.formats.values import Value  # noqa: TC001 - the decoder needs it

#: Stands for a field that is missing.
NOTHING = msgspec.Raw()


class JsonReport(PrivateStruct, frozen=True, gc=False):
    """An object that is a report, a batch of reports, or an archived request with a report as its body.

    Fields that are in no format are not read.
    """

    # An archived request.
    body: msgspec.Raw = NOTHING
    headers: msgspec.Raw = NOTHING
    vendor: Value = None
    path: Value = None
    is_base64: Value = msgspec.field(default=None, name="isBase64Encoded")
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
