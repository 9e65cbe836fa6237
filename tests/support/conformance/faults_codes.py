"""Codes, HTTP statuses, redirects, and when to come back."""

from __future__ import annotations

from http import HTTPStatus

from support.conformance.book import Answer, Book, dumped
from support.conformance.hostile import Act, Ask, Steps
from support.conformance.striking import (
    EXACT,
    GLOBE,
    LISTINGS,
    MESSAGE,
    SMS,
    Strike,
    body,
    fault,
    http,
    raw,
    with_bytes,
)

# Codes: the gateway's with their HTTP status, the API's in HTTP 200 (2017-05-25, then 2018-05-01).

GATEWAY_CODES = {
    "DysmsThrottled": "400 Throttling Throttling.User Throttling.Api 429 Throttling.User",
    "DysmsServerError": "503 ServiceUnavailable 500 InternalError UnknownError",
    "DysmsSignatureError": (
        "400 SignatureDoesNotMatch IncompleteSignature InvalidSignatureMethod InvalidAccessKeySecret"
    ),
    "DysmsNonceUsed": "400 SignatureNonceUsed",
    "DysmsClockError": "400 InvalidTimeStamp.Expired InvalidTimeStamp.Format",
    "DysmsAuthError": (
        "404 InvalidAccessKeyId.NotFound 400 InvalidAccessKeyId.NotFound InvalidAccessKeyId.Inactive 403 "
        "Forbidden.AccessKeyDisabled 400 InvalidSecurityToken.Expired InvalidSecurityToken.Malformed "
        "InvalidSecurityToken.MismatchWithAccessKey MissingSecurityToken 403 InvalidSecurityToken.Expired"
    ),
    "DysmsPermissionError": "403 Forbidden.RAM Forbidden.RiskControl Forbidden NoPermission",
    "DysmsParameterError": (
        "400 MissingParameter MissingPhoneNumber InvalidParameter InvalidPhoneNumber InvalidParameter.Format "
        "InvalidParameter.Accept"
    ),
    "DysmsConfigError": (
        "404 InvalidApi.NotFound InvalidAction.NotFound InvalidProduct.NotFound InvalidVersion InvalidRegion.NotFound "
        "400 InvalidProtocol.NeedSsl UnsupportedHTTPMethod ContentLengthDoesNotMatch ContentMD5NotMatched"
    ),
    "DysmsUnknownCode": "400 NeverHeardOf",
}
CHINA_CODES = {
    "DysmsServerError": "isp.SYSTEM_ERROR isp.GATEWAY_ERROR",
    "DysmsPermissionError": (
        "isp.RAM_PERMISSION_DENY isv.DENY_IP_RANGE isv.PRODUCT_UN_SUBSCRIPT isv.PRODUCT_UNSUBSCRIBE"
    ),
    "DysmsAuthError": "isv.ACCOUNT_NOT_EXISTS isv.ACCOUNT_ABNORMAL isv.SECURITY_FROZEN_ACCOUNT",
    "DysmsParameterError": (
        "isv.INVALID_PARAMETERS isv.INVALID_JSON_PARAM isv.MOBILE_NUMBER_ILLEGAL isv.MOBILE_COUNT_OVER_LIMIT "
        "isv.PARAM_LENGTH_LIMIT isv.PARAM_NOT_SUPPORT_URL isv.TEMPLATE_MISSING_PARAMETERS isv.TEMPLATE_PARAMS_ILLEGAL "
        "isv.DOMESTIC_NUMBER_NOT_SUPPORTED isv.EXTEND_CODE_ERROR isv.UNSUPPORTED_CONTENT isv.QUERY_DATE_ILLEGAL "
        "isv.SPLIT_PAGE_ILLEGAL"
    ),
    "DysmsBusinessLimit": (
        "isv.BUSINESS_LIMIT_CONTROL isv.DAY_LIMIT_CONTROL isv.MONTH_LIMIT_CONTROL isv.SMS_OVER_LIMIT "
        "isv.SMS_TEST_NUMBER_LIMIT isv.AMOUNT_NOT_ENOUGH isv.OUT_OF_SERVICE"
    ),
    "DysmsContentError": (
        "isv.SMS_SIGNATURE_ILLEGAL isv.SMS_SIGN_ILLEGAL isv.SIGN_STATE_ILLEGAL isv.SMS_SIGNATURE_SCENE_ILLEGAL "
        "isv.SMS_TEMPLATE_ILLEGAL isv.SMS_CONTENT_ILLEGAL isv.BLACK_KEY_CONTROL_LIMIT "
        "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE isv.SMS_TEST_SIGN_TEMPLATE_LIMIT isv.SIGN_SOURCE_ILLEGAL "
        "isv.ONE_CODE_MULTIPLE_SIGN isv.CODE_EXCEED_LIMIT isv.CODE_ERROR isv.CUSTOMER_REFUSED PORT_NOT_REGISTERED "
        "SIGNATURE_BLACKLIST"
    ),
    "DysmsUnknownCode": "isv.NEVER_HEARD_OF",
}
INTERNATIONAL_CODES = {
    "DysmsServerError": "SYSTEM_ERROR isp.SYSTEM_ERROR",
    "DysmsThrottled": "QPS_LIMIT_CONTROL",
    "DysmsNotFound": "DATA_NOT_EXIST isv.DATA_NOT_EXIST",
    "DysmsPermissionError": "RAM_PERMISSION_DENY isp.RAM_PERMISSION_DENY PRODUCT_NOT_SUBSCRIBED FORBIDDEN_ACTION",
    "DysmsAuthError": "ACCOUNT_NOT_EXISTS ACCOUNT_ILLEGAL",
    "DysmsParameterError": (
        "INVALID_PARAMETERS isv.INVALID_PARAMETERS INVALID_JSON_PARAM PARAM_LENGTH_LIMIT MOBILE_NUMBER_ILLEGAL "
        "MOBILE_COUNT_OVER_LIMIT CONTENT_MISSING_PARAMETERS QUERY_DATE_ILLEGAL NOT_SUPPORTED_COUNTRY INVALID_SENDERID "
        "SENDERID_BL"
    ),
    "DysmsBusinessLimit": "OUT_OF_SERVICE AMOUNT_NOT_ENOUGH ONLINE_BILLING_FAILED",
    "DysmsContentError": (
        "SMS_SECURITY_INTERCEPTED SMS_CONTENT_ILLEGAL SMS_CONTENT_CODE_ILLEGAL SMS_SIGN_NAME_ILLEGAL "
        "BLACK_KEY_CONTROL_LIMIT"
    ),
    "DysmsUnknownCode": "NEVER_HEARD_OF",
}


def saying(said: Answer, *headers: str, status: int = 200) -> Strike:
    """Answer with a code, under another request id each time."""
    return lambda ask, book: [http(status, dumped({"RequestId": book.request_id(), **said}), *headers)]


def saying_in_xml(code: str, status: int) -> Strike:
    def strike(ask: Ask, book: Book) -> Steps:
        inner = f"<RequestId>{book.request_id()}</RequestId><Code>{code}</Code>"
        said = f"<?xml version='1.0' encoding='UTF-8'?><Error>{inner}</Error>"
        return [http(status, said.encode(), "content-type: text/xml")]

    return strike


def gateway(code: str, status: int, *headers: str) -> Strike:
    said = {"Message": f"{code}.", "HostId": "dysmsapi.aliyuncs.com", "Code": code}
    return saying(said, *headers, status=status)


for error, words in GATEWAY_CODES.items():
    for word in words.split():
        if word.isdigit():
            status = int(word)
        else:
            fault("gateway", f"{status} {word}", gateway(word, status), error, is_coded=True)
for error, words in CHINA_CODES.items():
    for code in words.split():
        said = {"Message": f"{code}.", "Code": code}
        fault("china", f"200 {code}", saying(said), error, on=LISTINGS | {SMS}, is_coded=True)
for error, words in INTERNATIONAL_CODES.items():
    for code in words.split():
        said = {"ResponseCode": code, "ResponseDescription": f"{code}."}
        international = frozenset({MESSAGE} if error == "DysmsNotFound" else {MESSAGE, GLOBE})
        fault("international", f"200 {code} abroad", saying(said), error, on=international, is_coded=True)

for code, error in (("ServiceUnavailable", "DysmsServerError"), ("Forbidden.RAM", "DysmsPermissionError")):
    xml = saying_in_xml(code, 503 if "Service" in code else 403)
    fault("gateway", f"{code} in XML", xml, error, is_coded=True)
fault("gateway", "an unknown code with 503", gateway("NeverHeardOf", 503), "DysmsServerError", is_coded=True)
fault("gateway", "an unknown code with 429", gateway("NeverHeardOf", 429), "DysmsThrottled", is_coded=True)
fault("gateway", "a throttling code with 200", gateway("Throttling.User", 200), "DysmsThrottled", is_coded=True)
fault("gateway", "a refusal's code with 500", gateway("Forbidden.RAM", 500), "DysmsPermissionError", is_coded=True)

# HTTP statuses: bare, and over an answer that would be right with 200.


def right_for(status: int) -> str:
    if status == 429:
        return "DysmsThrottled"
    if status == 408 or 500 <= status <= 999:
        return "DysmsServerError"
    return "DysmsConfigError" if 300 <= status < 500 else "DysmsUnreadable"


STATUSES = sorted({each.value for each in HTTPStatus} | {218, 299, 306, 399, 420, 444, 499, 520, 529, 599, 600, 999})
for status in (each for each in STATUSES if each >= 200):
    without_body = status in (204, 304)
    bare = f"HTTP/1.1 {status} Said\r\n\r\n".encode() if without_body else http(status, b"")
    fault("status", f"HTTP {status}", raw(bare), right_for(status))
    if status not in (200, 204, 304):
        over = with_bytes(lambda honest, status=status: [http(status, honest)])  # type: ignore[misc]
        fault("status over", f"HTTP {status} over an honest answer", over, right_for(status))
for status in (100, 102, 103, 199):
    interim = f"HTTP/1.1 {status} Wait\r\n\r\n".encode()
    fault(
        "interim",
        f"HTTP {status} and then the answer",
        with_bytes(lambda honest, interim=interim: [interim, http(200, honest)]),
        EXACT,
    )  # type: ignore[misc]
    fault("interim", f"HTTP {status} and then nothing", raw(interim, Act.STALL), "DysmsTransportError")
fault(
    "interim",
    "HTTP 101 to another protocol",
    raw(b"HTTP/1.1 101 Go\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
    "DysmsUnreadable",
)
for status in ("000", "099", "1000", "-1", "abc", ""):
    fault(
        "wire",
        f"the status {status or 'is empty'}",
        raw(f"HTTP/1.1 {status} Said\r\ncontent-length: 0\r\n\r\n".encode()),
        "DysmsUnreadable",
    )

# Redirects: never followed; a client that did would be seen on the path.

ELSEWHERE = "/elsewhere"
for status in (301, 302, 303, 307, 308):
    fault(
        "redirect", f"a redirect with {status}", body("", f"location: {ELSEWHERE}", status=status), "DysmsConfigError"
    )
fault("redirect", "a redirect to itself", body("", "location: /", status=302), "DysmsConfigError")
fault(
    "redirect",
    "a redirect to another host",
    body("", "location: http://localhost:1/elsewhere", status=302),
    "DysmsConfigError",
)
fault("redirect", "a redirect without a place", body("", status=302), "DysmsConfigError")
fault(
    "redirect",
    "a refresh in HTML",
    body(f'<meta http-equiv="refresh" content="0;url={ELSEWHERE}">', f"refresh: 0;url={ELSEWHERE}"),
    "DysmsUnreadable",
)

# When to come back.

AFTER = [
    "0",
    "-1",
    "1",
    "999999999",
    "1000000000",
    "1e9",
    "soon",
    "",
    "0.5",
    "٣",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 31 Dec 2100 23:59:59 GMT",
    "1, 2",
]
for value in AFTER:
    fault(
        "retry-after",
        f"throttled, Retry-After {value!r}",
        gateway("Throttling.User", 429, f"retry-after: {value}"),
        "DysmsThrottled",
        is_coded=True,
    )
    fault(
        "retry-after",
        f"503, Retry-After {value!r}",
        gateway("ServiceUnavailable", 503, f"retry-after: {value}"),
        "DysmsServerError",
        is_coded=True,
    )
for value in ("0", "-5", "200", "1e9", "soon", "99999999999999999999"):
    fault(
        "retry-after",
        f"throttled, x-acs-retry-after {value}",
        gateway("Throttling.User", 400, f"x-acs-retry-after: {value}"),
        "DysmsThrottled",
        is_coded=True,
    )
