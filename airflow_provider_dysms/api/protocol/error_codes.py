"""Classifies a response as success or as one of our errors, by the vendor's error code and the HTTP status."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.errors import (
    DysmsAuthError,
    DysmsBusinessLimit,
    DysmsClockError,
    DysmsConfigError,
    DysmsContentError,
    DysmsError,
    DysmsNonceUsed,
    DysmsNotFound,
    DysmsParameterError,
    DysmsPermissionError,
    DysmsServerError,
    DysmsSignatureError,
    DysmsThrottled,
    DysmsUnknownCode,
    DysmsUnreadable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODES: dict[type[DysmsError], str] = {
    DysmsThrottled: "Throttling Throttling.User Throttling.Api QPS_LIMIT_CONTROL",
    DysmsServerError: "ServiceUnavailable InternalError UnknownError SYSTEM_ERROR GATEWAY_ERROR",
    DysmsNonceUsed: "SignatureNonceUsed",
    DysmsSignatureError: "SignatureDoesNotMatch IncompleteSignature InvalidSignatureMethod InvalidAccessKeySecret",
    DysmsClockError: "InvalidTimeStamp.Expired InvalidTimeStamp.Format",
    DysmsAuthError: (
        "InvalidAccessKeyId.NotFound InvalidAccessKeyId.Inactive Forbidden.AccessKeyDisabled "
        "InvalidSecurityToken.Expired InvalidSecurityToken.Malformed InvalidSecurityToken.MismatchWithAccessKey "
        "MissingSecurityToken ACCOUNT_NOT_EXISTS ACCOUNT_ABNORMAL ACCOUNT_ILLEGAL SECURITY_FROZEN_ACCOUNT"
    ),
    DysmsPermissionError: (
        "Forbidden.RAM Forbidden.RiskControl RAM_PERMISSION_DENY DENY_IP_RANGE PRODUCT_UN_SUBSCRIPT "
        "PRODUCT_UNSUBSCRIBE PRODUCT_NOT_SUBSCRIBED FORBIDDEN_ACTION"
    ),
    DysmsConfigError: (
        "InvalidApi.NotFound InvalidAction.NotFound InvalidProduct.NotFound InvalidVersion InvalidRegion.NotFound "
        "InvalidProtocol.NeedSsl UnsupportedHTTPMethod ContentLengthDoesNotMatch ContentMD5NotMatched"
    ),
    DysmsParameterError: (
        "MissingParameter InvalidParameter InvalidParameter.Format InvalidParameter.Accept INVALID_PARAMETERS "
        "INVALID_JSON_PARAM MOBILE_NUMBER_ILLEGAL MOBILE_COUNT_OVER_LIMIT PARAM_LENGTH_LIMIT PARAM_NOT_SUPPORT_URL "
        "TEMPLATE_MISSING_PARAMETERS TEMPLATE_PARAMS_ILLEGAL DOMESTIC_NUMBER_NOT_SUPPORTED EXTEND_CODE_ERROR "
        "UNSUPPORTED_CONTENT QUERY_DATE_ILLEGAL SPLIT_PAGE_ILLEGAL CONTENT_MISSING_PARAMETERS NOT_SUPPORTED_COUNTRY "
        "INVALID_SENDERID SENDERID_BL"
    ),
    DysmsBusinessLimit: (
        "BUSINESS_LIMIT_CONTROL DAY_LIMIT_CONTROL MONTH_LIMIT_CONTROL SMS_OVER_LIMIT SMS_TEST_NUMBER_LIMIT "
        "AMOUNT_NOT_ENOUGH OUT_OF_SERVICE ONLINE_BILLING_FAILED"
    ),
    DysmsContentError: (
        "SMS_SIGNATURE_ILLEGAL SMS_SIGN_ILLEGAL SIGN_STATE_ILLEGAL SMS_SIGNATURE_SCENE_ILLEGAL SMS_TEMPLATE_ILLEGAL "
        "SMS_CONTENT_ILLEGAL BLACK_KEY_CONTROL_LIMIT SMS_CONTENT_MISMATCH_TEMPLATE_TYPE SMS_TEST_SIGN_TEMPLATE_LIMIT "
        "SIGN_SOURCE_ILLEGAL ONE_CODE_MULTIPLE_SIGN CODE_EXCEED_LIMIT CODE_ERROR CUSTOMER_REFUSED PORT_NOT_REGISTERED "
        "SIGNATURE_BLACKLIST SMS_SECURITY_INTERCEPTED SMS_CONTENT_CODE_ILLEGAL SMS_SIGN_NAME_ILLEGAL"
    ),
    DysmsNotFound: "DATA_NOT_EXIST",
}

#: Every code of the vendor's lists (gateway, 2017-05-25, 2018-05-01; without ``isv.`` and ``isp.``) -> its class.
CLASS_OF_CODE: Mapping[str, type[DysmsError]] = {
    code: error for error, codes in _CODES.items() for code in codes.split()
}

#: The classes of codes that are in no list, by the beginning of the code.
CLASS_OF_PREFIX: tuple[tuple[str, type[DysmsError]], ...] = (
    ("Throttling", DysmsThrottled),
    ("InvalidTimeStamp", DysmsClockError),
    ("InvalidAccessKeyId", DysmsAuthError),
    ("InvalidSecurityToken", DysmsAuthError),
    ("InvalidBearerToken", DysmsAuthError),
    ("MissingSecurityToken", DysmsAuthError),
    ("Forbidden", DysmsPermissionError),
    ("NoPermission", DysmsPermissionError),
    ("InvalidSignature", DysmsSignatureError),
    ("Signature", DysmsSignatureError),
    ("InvalidApi", DysmsConfigError),
    ("InvalidAction", DysmsConfigError),
    ("InvalidProduct", DysmsConfigError),
    ("InvalidVersion", DysmsConfigError),
    ("InvalidRegion", DysmsConfigError),
    ("InvalidProtocol", DysmsConfigError),
    ("Missing", DysmsParameterError),
    ("Invalid", DysmsParameterError),
    ("SENDERID", DysmsParameterError),
)

_PRINTABLE_CODE = re.compile(r"[A-Za-z][\w.:-]{0,63}", re.ASCII)
_PRINTABLE_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def classify(action: str, http_status: int, payload: Mapping[str, object] | None) -> DysmsError | None:
    """Classify a response as success or as an error.

    Success is HTTP 200 *and* a ``Code`` (2018-05-01: ``ResponseCode``) of OK. The code of an error takes precedence
    over the HTTP status, which decides if the code is missing.

    :param action: the API action, for the text of the error
    :param http_status: HTTP status
    :param payload: the decoded body; ``None`` if it is not a mapping
    :returns: ``None`` for success, else the error to raise

    Follows https://help.aliyun.com/document_detail/101346.html and the gateway's common error codes.
    """
    code = None
    if payload is not None:
        code = payload.get("Code", payload.get("ResponseCode"))
        if code == "OK":  # a response with both codes is a success only if both are OK
            code = payload.get("ResponseCode", code)
    if code == "OK" and http_status == 200:
        return None
    if isinstance(code, str) and code and code != "OK":
        error = _class_of(code, http_status)
    else:
        error, code = _class_of_status(http_status), None
    return error(
        f"{action}: {_problem(error, http_status)}",
        code=_printable(code, _PRINTABLE_CODE),
        request_id=_printable(payload.get("RequestId"), _PRINTABLE_ID) if payload else None,
        http_status=http_status,
    )


def _class_of(code: str, http_status: int) -> type[DysmsError]:
    bare = code.removeprefix("isv.").removeprefix("isp.")
    if bare in CLASS_OF_CODE:
        return CLASS_OF_CODE[bare]
    for prefix, error in CLASS_OF_PREFIX:
        if bare.startswith(prefix):
            return error
    if http_status == 429:
        return DysmsThrottled
    return DysmsServerError if http_status >= 500 else DysmsUnknownCode


def _class_of_status(http_status: int) -> type[DysmsError]:
    if http_status == 429:
        return DysmsThrottled
    if http_status >= 500 or http_status == 408:
        return DysmsServerError
    if http_status < 300:
        return DysmsUnreadable
    return DysmsConfigError


def _problem(error: type[DysmsError], http_status: int) -> str:
    if error is DysmsConfigError and 300 <= http_status < 400:
        return "the endpoint redirects, and redirects are not followed"
    doc = (error.__doc__ or "").partition("\n")[0].rstrip(".")
    return doc[0].lower() + doc[1:]


def _printable(value: object, pattern: re.Pattern[str]) -> str | None:
    """Return a value only if it looks like a code or an id: a server may put anything there, even a phone number."""
    if not isinstance(value, str):
        return None
    digits = sum(map(str.isdigit, value))
    return value if _UUID.fullmatch(value) or (pattern.fullmatch(value) and digits < 7) else None
