from __future__ import annotations

import pytest

from airflow_provider_dysms.api.protocol.error_codes import classify
from airflow_provider_dysms.model import errors
from airflow_provider_dysms.model.errors import DysmsError

NUMBER = "13900001234"
UUID = "819BE656-D2E0-4858-8B21-B2E477085AAF"

#: Class -> codes of the gateway, of 2017-05-25 and of 2018-05-01, as the vendor's pages list them.
CODES = {
    "DysmsThrottled": "Throttling Throttling.User Throttling.Api QPS_LIMIT_CONTROL",
    "DysmsServerError": "ServiceUnavailable InternalError UnknownError SYSTEM_ERROR GATEWAY_ERROR",
    "DysmsSignatureError": "SignatureDoesNotMatch IncompleteSignature InvalidSignatureMethod InvalidAccessKeySecret",
    "DysmsNonceUsed": "SignatureNonceUsed",
    "DysmsClockError": "InvalidTimeStamp.Expired InvalidTimeStamp.Format",
    "DysmsAuthError": """
        InvalidAccessKeyId.NotFound InvalidAccessKeyId.Inactive Forbidden.AccessKeyDisabled
        InvalidSecurityToken.Expired InvalidSecurityToken.Malformed InvalidSecurityToken.MismatchWithAccessKey
        MissingSecurityToken ACCOUNT_NOT_EXISTS ACCOUNT_ABNORMAL SECURITY_FROZEN_ACCOUNT ACCOUNT_ILLEGAL""",
    "DysmsPermissionError": """
        Forbidden.RAM Forbidden.RiskControl RAM_PERMISSION_DENY DENY_IP_RANGE PRODUCT_UN_SUBSCRIPT PRODUCT_UNSUBSCRIBE
        PRODUCT_NOT_SUBSCRIBED FORBIDDEN_ACTION""",
    "DysmsParameterError": """
        MissingParameter InvalidParameter InvalidParameter.Format InvalidParameter.Accept INVALID_PARAMETERS
        INVALID_JSON_PARAM MOBILE_NUMBER_ILLEGAL MOBILE_COUNT_OVER_LIMIT PARAM_LENGTH_LIMIT PARAM_NOT_SUPPORT_URL
        TEMPLATE_MISSING_PARAMETERS TEMPLATE_PARAMS_ILLEGAL DOMESTIC_NUMBER_NOT_SUPPORTED EXTEND_CODE_ERROR
        UNSUPPORTED_CONTENT QUERY_DATE_ILLEGAL SPLIT_PAGE_ILLEGAL CONTENT_MISSING_PARAMETERS NOT_SUPPORTED_COUNTRY
        INVALID_SENDERID SENDERID_BL""",
    "DysmsConfigError": """
        InvalidApi.NotFound InvalidAction.NotFound InvalidProduct.NotFound InvalidVersion InvalidRegion.NotFound
        InvalidProtocol.NeedSsl UnsupportedHTTPMethod ContentLengthDoesNotMatch ContentMD5NotMatched""",
    "DysmsBusinessLimit": """
        BUSINESS_LIMIT_CONTROL DAY_LIMIT_CONTROL MONTH_LIMIT_CONTROL SMS_OVER_LIMIT SMS_TEST_NUMBER_LIMIT
        AMOUNT_NOT_ENOUGH OUT_OF_SERVICE ONLINE_BILLING_FAILED""",
    "DysmsContentError": """
        SMS_SIGNATURE_ILLEGAL SMS_SIGN_ILLEGAL SIGN_STATE_ILLEGAL SMS_SIGNATURE_SCENE_ILLEGAL SMS_TEMPLATE_ILLEGAL
        SMS_CONTENT_ILLEGAL BLACK_KEY_CONTROL_LIMIT SMS_CONTENT_MISMATCH_TEMPLATE_TYPE SMS_TEST_SIGN_TEMPLATE_LIMIT
        SIGN_SOURCE_ILLEGAL ONE_CODE_MULTIPLE_SIGN CODE_EXCEED_LIMIT CODE_ERROR CUSTOMER_REFUSED PORT_NOT_REGISTERED
        SIGNATURE_BLACKLIST SMS_SECURITY_INTERCEPTED SMS_CONTENT_CODE_ILLEGAL SMS_SIGN_NAME_ILLEGAL""",
    "DysmsNotFound": "DATA_NOT_EXIST",
}
LISTED = [(code, name) for name, codes in CODES.items() for code in codes.split()]


def judged(http_status: int = 200, **answer: object) -> DysmsError:
    error = classify("QuerySendDetails", http_status, answer)
    assert error is not None
    return error


@pytest.mark.parametrize(("code", "name"), LISTED, ids=[code for code, _ in LISTED])
@pytest.mark.parametrize("prefix", ["", "isv.", "isp."])
@pytest.mark.parametrize("field", ["Code", "ResponseCode"])
def test_every_listed_code_has_its_class_with_and_without_a_prefix(
    code: str, name: str, prefix: str, field: str
) -> None:
    error = judged(200, **{field: prefix + code, "RequestId": UUID})
    assert type(error).__name__ == name
    assert (error.code, error.request_id, error.http_status) == (prefix + code, UUID, 200)
    assert prefix + code in str(error)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("Throttling.Whatever", "DysmsThrottled"),
        ("InvalidTimeStamp.New", "DysmsClockError"),
        ("InvalidAccessKeyId.New", "DysmsAuthError"),
        ("InvalidSecurityToken.New", "DysmsAuthError"),
        ("InvalidBearerToken", "DysmsAuthError"),
        ("InvalidBearerToken.Expired", "DysmsAuthError"),
        ("Forbidden.New", "DysmsPermissionError"),
        ("NoPermission", "DysmsPermissionError"),
        ("SignatureNew", "DysmsSignatureError"),
        ("MissingPhoneNumber", "DysmsParameterError"),
        ("InvalidPageSize", "DysmsParameterError"),
        ("InvalidVersion.New", "DysmsConfigError"),
        ("SENDERID_BLACKLIST", "DysmsParameterError"),
        ("isv.A_CODE_OF_TOMORROW", "DysmsUnknownCode"),
    ],
)
def test_a_code_that_is_in_no_list_is_judged_by_its_beginning(code: str, name: str) -> None:
    assert type(judged(400, Code=code)).__name__ == name


@pytest.mark.parametrize(
    ("status", "name"), [(429, "DysmsThrottled"), (500, "DysmsServerError"), (200, "DysmsUnknownCode")]
)
def test_the_status_decides_over_an_unknown_code(status: int, name: str) -> None:
    assert type(judged(status, Code="A_CODE_OF_TOMORROW")).__name__ == name


def test_a_known_code_goes_before_the_status() -> None:
    assert type(judged(404, Code="InvalidAccessKeyId.NotFound")) is errors.DysmsAuthError
    assert type(judged(400, Code="Throttling.User")) is errors.DysmsThrottled
    assert type(judged(503, Code="isv.INVALID_PARAMETERS")) is errors.DysmsParameterError


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (200, "DysmsUnreadable"),
        (204, "DysmsUnreadable"),
        (301, "DysmsConfigError"),
        (302, "DysmsConfigError"),
        (308, "DysmsConfigError"),
        (404, "DysmsConfigError"),
        (407, "DysmsConfigError"),
        (408, "DysmsServerError"),
        (429, "DysmsThrottled"),
        (500, "DysmsServerError"),
        (502, "DysmsServerError"),
        (503, "DysmsServerError"),
    ],
)
@pytest.mark.parametrize("answer", [None, {}, {"Code": ""}, {"Code": None}, {"Code": 200}, {"Message": "OK"}])
def test_without_a_code_the_status_decides(status: int, name: str, answer: dict[str, object] | None) -> None:
    error = classify("QueryMessage", status, answer)
    assert type(error).__name__ == name
    assert error.code is None


def test_only_http_200_with_ok_is_fit_to_be_read() -> None:
    assert classify("QuerySendDetails", 200, {"Code": "OK"}) is None
    assert classify("QueryMessage", 200, {"ResponseCode": "OK"}) is None
    assert type(classify("QuerySendDetails", 500, {"Code": "OK"})) is errors.DysmsServerError
    assert type(classify("QuerySendDetails", 201, {"Code": "OK"})) is errors.DysmsUnreadable
    assert type(classify("QuerySendDetails", 200, {"Code": "ok"})) is errors.DysmsUnknownCode


def test_of_two_codes_both_must_be_ok() -> None:
    assert classify("QueryMessage", 200, {"Code": "OK", "ResponseCode": "OK"}) is None
    for codes in ({"Code": "OK", "ResponseCode": "SYSTEM_ERROR"}, {"Code": "SYSTEM_ERROR", "ResponseCode": "OK"}):
        assert type(classify("QueryMessage", 200, codes)) is errors.DysmsServerError
    assert type(classify("QueryMessage", 200, {"Code": "OK", "ResponseCode": None})) is errors.DysmsUnreadable


@pytest.mark.parametrize("status", [300, 302, 399])
def test_a_redirect_says_that_it_is_not_followed(status: int) -> None:
    error = judged(status)
    assert type(error) is errors.DysmsConfigError
    assert error.message == "QuerySendDetails: the endpoint redirects, and redirects are not followed"


@pytest.mark.parametrize("status", [299, 400, 404, 503])
def test_what_is_no_redirect_is_not_called_one(status: int) -> None:
    for answer in ({}, {"Code": "InvalidVersion"}, {"Code": "Throttling"}):
        assert "redirect" not in judged(status, **answer).message
    assert "redirect" not in judged(302, Code="Throttling").message


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("Throttling.User", "more requests per second than the account may send"),
        ("InvalidAccessKeyId.NotFound", "the service does not accept the key, the token or the account"),
        ("InvalidVersion", "the endpoint does not know the API version, the action or the method of the request"),
        ("DATA_NOT_EXIST", "the service does not know the message, or not yet"),
    ],
)
def test_an_error_says_in_one_clause_what_its_class_means(code: str, what: str) -> None:
    assert judged(400, Code=code).message == f"QuerySendDetails: {what}"


@pytest.mark.parametrize(("digits", "repeated"), [("123456", True), ("1234567", False)])
def test_a_code_or_an_id_with_room_for_a_number_is_not_repeated(digits: str, repeated: bool) -> None:
    error = judged(400, Code=f"isv.X_{digits}", RequestId=f"R-{digits}")
    assert (error.code, error.request_id) == ((f"isv.X_{digits}", f"R-{digits}") if repeated else (None, None))


@pytest.mark.parametrize(
    "answer",
    [
        {"Code": "isv.MOBILE_NUMBER_ILLEGAL", "Message": f"{NUMBER} is illegal", "RequestId": UUID},
        {"Code": f"isv.NUMBER_{NUMBER}", "RequestId": NUMBER},
        {"Code": "A139-0000-1234", "RequestId": "139-0000-1234"},
        {"Code": NUMBER, "RequestId": f"x{NUMBER}"},
        {"ResponseCode": "SYSTEM_ERROR", "ResponseDescription": NUMBER, "HostId": NUMBER, "Recommend": NUMBER},
        {"Code": f"two\nlines {NUMBER}", "RequestId": {"a": NUMBER}},
    ],
)
def test_nothing_that_may_be_personal_is_repeated(answer: dict[str, object]) -> None:
    error = judged(400, **answer)
    for shown in (str(error), repr(error), repr(error.args), repr(vars(error))):
        assert NUMBER not in shown
        assert "139-0000-1234" not in shown
