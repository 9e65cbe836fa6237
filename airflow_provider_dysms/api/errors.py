"""Everything that can go wrong, classed by what the caller should do; and the only judge of an answer.

::

    DysmsError
    ├── DysmsInputError            mend the argument; nothing was asked
    │   └── DysmsWindowError       the service does not remember the day (any more)
    ├── DysmsRefused               the service said no, and would say it again
    │   ├── DysmsAuthError         key, token or account
    │   │   └── DysmsCredentialsError  whoever should hand out a key did not
    │   ├── DysmsSignatureError    the secret, or something that alters requests on their way
    │   ├── DysmsClockError        this machine's clock
    │   ├── DysmsPermissionError   RAM, or the site's own rules
    │   ├── DysmsParameterError    a parameter that the service does not take
    │   ├── DysmsConfigError       endpoint, site, API version or method
    │   ├── DysmsContentError      signature, template or text of a message
    │   └── DysmsUnknownCode       a code that is in none of the vendor's lists
    ├── DysmsTransient             may be tried again
    │   ├── DysmsThrottled         too many requests a second for the account
    │   ├── DysmsServerError       5xx, and the vendor's own system errors
    │   ├── DysmsNonceUsed         once more with a new nonce
    │   ├── DysmsTransportError    no answer: refused, reset, cut off, timed out
    │   ├── DysmsUnreadable        an answer that is none
    │   └── DysmsBusinessLimit     a limit of the account: later, not at once
    ├── DysmsNotFound              no such message, or not yet
    ├── DysmsIncomplete            an answer that cannot be shown to be whole
    └── DysmsStorageError          no answer from a store, or a partition that did not hold still

The vendor's own message text is never repeated: it quotes numbers, and whole requests.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class DysmsError(Exception):
    """Base of every error of this package.

    :param message: what happened, to which object, and what to do
    :param code: the vendor's code
    :param request_id: the vendor's id of the request, for a ticket
    :param http_status: status of the answer
    """

    #: What to do about it, appended to the message.
    remedy = ""

    def __init__(
        self, message: str, *, code: str | None = None, request_id: str | None = None, http_status: int | None = None
    ) -> None:
        super().__init__(message, code, request_id, http_status)
        self.message = message
        self.code = code
        self.request_id = request_id
        self.http_status = http_status

    def __str__(self) -> str:
        facts = ", ".join(
            f"{name} {value}"
            for name, value in (("code", self.code), ("HTTP", self.http_status), ("request id", self.request_id))
            if value is not None
        )
        return " ".join(filter(None, (self.message + (f" ({facts})." if facts else "."), self.remedy)))

    def is_about(self, what: str) -> None:
        """Say in front of the message what it is about, such as a line of a file."""
        self.message = f"{what}: {self.message}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(cls: type[DysmsError], args: tuple[object, ...], state: dict[str, object]) -> DysmsError:
    error = cls.__new__(cls)
    Exception.__init__(error, *args)
    error.__dict__.update(state)
    return error


class DysmsInputError(DysmsError, ValueError):
    """An argument is wrong; nothing was asked.

    :param argument: name of the argument
    :param problem: what is wrong with it and how to mend it, a clause that follows the name
    """

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(f"{argument} {problem}")
        self.argument = argument
        self.problem = problem


class DysmsWindowError(DysmsInputError):
    """The service does not remember the day, or no longer does."""


class DysmsRefused(DysmsError):
    """The service said no, and would say it again."""


class DysmsAuthError(DysmsRefused):
    """The service does not accept the key, the token or the account."""

    remedy = "Check login, password and security_token of the connection, and the state of the account."


class DysmsCredentialsError(DysmsAuthError):
    """Whoever should hand out a key for the connection's ``auth_type`` did not, and would not."""

    remedy = "Check auth_type and its fields in the connection, and that the role may be assumed by whom they name."


class DysmsSignatureError(DysmsRefused):
    """The service computed another signature."""

    remedy = "Check the AccessKey secret (the connection's password), and that no proxy alters requests."


class DysmsClockError(DysmsRefused):
    """The service found the request's time too far from its own."""

    remedy = "Synchronise the clock of this machine (NTP); requests are dated in UTC."


class DysmsPermissionError(DysmsRefused):
    """The account may not do this."""

    remedy = "Grant the RAM user dysms:Query* (policy AliyunDysmsReadOnlyAccess), and dysms:Send* to send."


class DysmsParameterError(DysmsRefused):
    """The service does not take a parameter as it is."""


class DysmsConfigError(DysmsRefused):
    """The endpoint does not know what it was asked for."""

    remedy = "Check region_id, host, port and schema of the connection: site, region and API version must fit."


class DysmsContentError(DysmsRefused):
    """The signature, the template or the text of a message is not accepted."""


class DysmsUnknownCode(DysmsRefused):
    """The service answered with a code that none of its lists has."""


class DysmsTransient(DysmsError):
    """Something that passes; the request may be tried again."""


class DysmsThrottled(DysmsTransient):
    """More requests a second than the account may send.

    :param retry_after: seconds that the service asked to wait, or ``None``
    """

    remedy = "The account's quota is shared by all its keys: lower quota_share or requests_per_second, or use a pool."
    retry_after: float | None = None


class DysmsServerError(DysmsTransient):
    """The service failed on its own account."""


class DysmsNonceUsed(DysmsTransient):
    """The service saw the nonce before: an earlier try may have been carried out."""


class DysmsTransportError(DysmsTransient):
    """There was no answer.

    :param request_sent: whether a part of the request had left, so that the service may have acted on it
    """

    request_sent: bool = True


class DysmsUnreadable(DysmsTransient):
    """What came back is no answer of this API."""


class DysmsBusinessLimit(DysmsTransient):
    """A limit of the account or of the number is used up."""

    remedy = "Such limits last from a minute to a month: see the account's sending limits and balance."


class DysmsNotFound(DysmsError):
    """The service has no such message, or not yet."""


class DysmsIncomplete(DysmsError):
    """An answer could not be shown to be whole, so none of it is used."""


class DysmsStorageError(DysmsError):
    """A store did not answer, or a partition did not hold still while it was written."""


def is_lasting(error: DysmsError) -> bool:
    """Say whether the same question would end in the same error: a wrong argument, or a plain no."""
    return isinstance(error, (DysmsInputError, DysmsRefused))


def may_be_done(error: DysmsError) -> bool:
    """Say whether a request that ended so may have been carried out all the same: then only a query is tried again."""
    if isinstance(error, DysmsTransportError):
        return error.request_sent
    return isinstance(error, DysmsTransient) and not isinstance(error, (DysmsThrottled, DysmsBusinessLimit))


def shown(value: object) -> str:
    """Return a value that a user passed as an error may repeat it: arguments get mixed up, and some are private.

    :param value: any argument; only what is short and has no room for a phone number is repeated
    """
    text = repr(value)
    is_plain = value is None or isinstance(value, (str, int, float))
    return text if is_plain and len(text) <= 42 and sum(map(str.isdigit, text)) < 7 else f"this {type(value).__name__}"


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

#: What a code that is in no list is taken for, by how it begins.
CLASS_OF_PREFIX: tuple[tuple[str, type[DysmsError]], ...] = (
    ("Throttling", DysmsThrottled),
    ("InvalidTimeStamp", DysmsClockError),
    ("InvalidAccessKeyId", DysmsAuthError),
    ("InvalidSecurityToken", DysmsAuthError),
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


def judge(action: str, http_status: int, answer: Mapping[str, object] | None) -> DysmsError | None:
    """Say what an answer is: fit to be read, or which error.

    An answer is fit only as HTTP 200 *and* ``Code`` (2018-05-01: ``ResponseCode``) OK. A code decides over the HTTP
    status, the status decides where there is no code.

    :param action: the API action, for the error's text
    :param http_status: status of the answer
    :param answer: the decoded body, or ``None`` where it is no mapping
    :returns: ``None``, or the error to raise

    Follows https://help.aliyun.com/document_detail/101346.html and the gateway's common error codes.
    """
    code = None
    if answer is not None:
        code = answer.get("Code", answer.get("ResponseCode"))
        if code == "OK":  # an answer with both codes is fit only where both are OK
            code = answer.get("ResponseCode", code)
    if code == "OK" and http_status == 200:
        return None
    if isinstance(code, str) and code and code != "OK":
        error = _class_of(code, http_status)
    else:
        error, code = _class_of_status(http_status), None
    return error(
        f"{action}: {_what(error, http_status)}",
        code=_printable(code, _PRINTABLE_CODE),
        request_id=_printable(answer.get("RequestId"), _PRINTABLE_ID) if answer else None,
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


def _what(error: type[DysmsError], http_status: int) -> str:
    if error is DysmsConfigError and 300 <= http_status < 400:
        return "the endpoint redirects, and redirects are not followed"
    doc = (error.__doc__ or "").split("\n", 1)[0].rstrip(".")
    return doc[0].lower() + doc[1:]


def _printable(value: object, pattern: re.Pattern[str]) -> str | None:
    """A server may put anything here, a phone number too: only what looks like a code or an id is repeated."""
    if not isinstance(value, str):
        return None
    digits = sum(map(str.isdigit, value))
    return value if _UUID.fullmatch(value) or (pattern.fullmatch(value) and digits < 7) else None
