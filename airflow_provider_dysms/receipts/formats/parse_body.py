"""Turns the body of a pushed request into receipts, whichever vendor and format it is of.

The format is recognised by the body alone, because archives often lose the header that names it:

=========================================== ======================================================
body                                        format
=========================================== ======================================================
``smsMsgId=...&status=...``                 Huawei, one report
``{"statusReportList": [...]}``             Huawei, a batch
``[{"phone_number": ..., "success": ...}]`` Alibaba Cloud, SmsReport by HTTP
``{"phone_number": ..., "success": ...}``   Alibaba Cloud, SmsReport by queue, also in base64
``{"MessageId": ..., "Status": ...}``       Alibaba Cloud, international, also in an array or in lower case
=========================================== ======================================================
"""

from __future__ import annotations

import base64
import binascii
import re
from codecs import BOM_UTF8
from typing import TYPE_CHECKING, TypeVar

import msgspec

from airflow_provider_dysms.model.private_struct import PrivateStruct
from airflow_provider_dysms.receipts.formats import aliyun, huawei
from airflow_provider_dysms.receipts.formats.json_report import (
    NOTHING,
    ArchivedRequest,
    JsonReport,
    SmsReport,
    TextRequest,
)
from airflow_provider_dysms.receipts.formats.values import Unreadable
from airflow_provider_dysms.receipts.receipt import ALIYUN, HUAWEI, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Decoded = TypeVar("Decoded")

#: Reports in one body; Huawei sends up to 50.
MAX_REPORTS = 10_000

# One class alone: with a second that also takes blanks, a body of blanks would be tried in millions of ways.
_BASE64 = re.compile(r"[A-Za-z0-9+/_=\s-]+", re.ASCII)

_decode_request = msgspec.json.Decoder(ArchivedRequest).decode
_decode_text_request = msgspec.json.Decoder(TextRequest).decode
_decode_object = msgspec.json.Decoder(JsonReport).decode
_decode_objects = msgspec.json.Decoder(list[JsonReport]).decode
_decode_sms_reports = msgspec.json.Decoder(list[SmsReport]).decode
_decode_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


class ParsedBody(PrivateStruct, frozen=True):
    """The receipts of one body.

    :param problems: the reports in it that cannot be used
    """

    receipts: Sequence[Receipt] = ()
    problems: Sequence[Unreadable] = ()


def parse_body(body: str | bytes, vendor: str | None = None) -> ParsedBody:
    """Parse the body of a request.

    :param vendor: the vendor that pushed it, ``aliyun`` or ``huawei``; default: recognised
    :raises Unreadable: none of its reports can be found
    """
    first = body[:1] if isinstance(body, str) else body[:1].decode("latin-1")
    if first not in ("{", "["):
        body = (body if isinstance(body, str) else _utf8(body)).strip().lstrip("\ufeff")
        first = body[:1]
    if first == "{":
        return _parse_object(body, vendor)
    if first == "[":
        return _parse_array(body, vendor)
    assert isinstance(body, str)
    if not body:
        raise Unreadable("is empty")
    if huawei.is_form(body):
        return ParsedBody((_checked(huawei.parse_form(body), vendor),))
    decoded = _from_base64(body)
    if decoded[:1] == b"[":
        return _parse_array(decoded, vendor)
    return _parse_object(decoded, vendor)


def parse_sms_reports(line: bytes) -> Sequence[Receipt]:
    """Parse the SmsReports of an archived line in the usual form, several times as fast as in any other.

    :returns: none if the line has another form, or names its vendor; :func:`parse_body` says what is wrong with it
    """
    if line[:1] != b"{":
        return _usual_sms_reports(line)
    try:
        request = _decode_text_request(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ()
    is_plain = request.body[:1] == "[" and request.vendor is None and request.is_base64 is None
    return _usual_sms_reports(request.body) if is_plain else ()


def decode_request(line: bytes) -> ArchivedRequest:
    """Decode the JSON object of an archived request.

    :raises Unreadable: it is not one
    """
    return _decoded(_decode_request, line)


def _decoded(decode: Callable[[str | bytes], Decoded], body: str | bytes) -> Decoded:
    try:
        return decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Unreadable(_problem(error)) from None


def _parse_object(body: str | bytes, vendor: str | None) -> ParsedBody:
    report = _decoded(_decode_object, body)
    if report.batch is not NOTHING:
        if vendor not in (None, HUAWEI):
            raise _of_other_vendor(HUAWEI)
        return _parse_array(report.batch, HUAWEI)
    return ParsedBody((_receipt(report, vendor),))


def _parse_array(body: str | bytes | msgspec.Raw, vendor: str | None) -> ParsedBody:
    if vendor != HUAWEI and (receipts := _usual_sms_reports(body)):
        return ParsedBody(receipts)
    try:
        reports = _decode_objects(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _parse_items(body, vendor)
    if len(reports) > MAX_REPORTS:
        raise _too_many()
    try:
        return ParsedBody([_receipt(report, vendor) for report in reports])
    except Unreadable:
        return _parse_items(body, vendor)


def _usual_sms_reports(body: str | bytes | msgspec.Raw) -> Sequence[Receipt]:
    """Parse an array of SmsReports; none if it is of another kind, or has something that must be named."""
    try:
        reports = _decode_sms_reports(body)
        return [*map(aliyun.parse_typed_sms_report, reports)] if len(reports) <= MAX_REPORTS else ()
    except (msgspec.MsgspecError, UnicodeError, RecursionError, Unreadable):
        return ()


def _parse_items(body: str | bytes | msgspec.Raw, vendor: str | None) -> ParsedBody:
    """Parse the reports of an array one by one, so that a wrong one does not spoil the others."""
    receipts, problems = [], []
    items = _decoded(_decode_items, body)
    if len(items) > MAX_REPORTS:
        raise _too_many()
    for item in items:
        try:
            receipts.append(_receipt(_decoded(_decode_object, bytes(item)), vendor))
        except Unreadable as error:
            problems.append(error)
    return ParsedBody(receipts, problems)


def _receipt(report: JsonReport, vendor: str | None) -> Receipt:
    if report.sms_msg_id is not None:
        receipt = huawei.parse_report(report)
    elif report.globe_id is not None:
        receipt = aliyun.parse_globe_receipt(report)
    elif report.success is not None:
        receipt = aliyun.parse_sms_report(report)
    elif report.message_id is not None and report.status is not None:
        receipt = aliyun.parse_globe_receipt(report)
    elif report.content is not None:
        raise Unreadable("is a reply of a recipient, not a receipt", "reply")
    else:
        raise Unreadable("is not a receipt: it has none of the fields smsMsgId, success, MessageId, statusReportList")
    return _checked(receipt, vendor)


def _checked(receipt: Receipt, vendor: str | None) -> Receipt:
    if vendor is not None and receipt.vendor != vendor:
        raise _of_other_vendor(receipt.vendor)
    return receipt


def _of_other_vendor(vendor: str) -> Unreadable:
    name = {ALIYUN: "Alibaba Cloud", HUAWEI: "Huawei"}[vendor]
    return Unreadable(f"has the form of a receipt of {name}, but is said to be of another vendor", "other_vendor")


def _from_base64(body: str) -> bytes:
    if _BASE64.fullmatch(body):
        digits = "".join(body.split()).rstrip("=")
        padded = digits + "=" * (-len(digits) % 4)  # some queues leave it out
        try:
            decoded = base64.b64decode(padded, altchars=b"-_" if "-" in body or "_" in body else None, validate=True)
        except (binascii.Error, ValueError):
            decoded = b""
        decoded = decoded.lstrip().removeprefix(BOM_UTF8)
        if decoded.lstrip()[:1] in (b"{", b"["):
            return decoded.lstrip()
    raise Unreadable("is neither JSON, nor a form with smsMsgId, nor base64 of JSON")


def _utf8(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Unreadable("is not in UTF-8") from None


def _problem(error: Exception) -> str:
    """Return what is wrong with JSON; the decoder's own text may quote a value."""
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, UnicodeError) or "utf-8" in str(error):
        return "is not in UTF-8"
    return "is not an object of a report" if isinstance(error, msgspec.ValidationError) else "is not valid JSON"


def _too_many() -> Unreadable:
    return Unreadable(f"has more than {MAX_REPORTS:,} reports")
