"""The official SDKs judge the emulator: every action they have, synchronous and asynchronous, by both signatures."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from alibabacloud_dysmsapi20170525 import models as china_models
from alibabacloud_dysmsapi20170525.client import Client as ChinaClient
from alibabacloud_dysmsapi20180501 import models as globe_models
from alibabacloud_dysmsapi20180501.client import Client as GlobeClient
from alibabacloud_tea_openapi.exceptions import ClientException, ServerException, ThrottlingException
from aliyunsdkcore.acs_exception.exceptions import ServerException as LegacyServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import RpcRequest
from darabonba.policy.retry import RetryOptions

from airflow_provider_dysms.emulator.errors import InputError

NUMBER = "13900000000"


def details(day: str, **changes: Any) -> china_models.QuerySendDetailsRequest:
    parameters = {"phone_number": NUMBER, "send_date": day, "page_size": 10, "current_page": 1}
    return china_models.QuerySendDetailsRequest(**(parameters | changes))


def statistics(day: str, **changes: Any) -> china_models.QuerySendStatisticsRequest:
    parameters = {"is_globe": 1, "start_date": day, "end_date": day, "page_index": 1, "page_size": 10}
    return china_models.QuerySendStatisticsRequest(**(parameters | changes))


@pytest.fixture(params=["V3", "HMAC-SHA1", "V3 with STS", "HMAC-SHA1 with STS"])
def signed(request: pytest.FixtureRequest, config: Callable[..., Any], sts: dict[str, str]) -> Any:
    """A configuration of the SDKs, by each way to sign."""
    changes: dict[str, str] = {"signature_algorithm": "v2"} if "SHA1" in request.param else {}
    return config(**changes, **(sts if "STS" in request.param else {}))


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Call a client's method, or its asynchronous twin."""

    def run(client: Any, method: str, parameters: Any) -> Any:
        if request.param == "sync":
            return getattr(client, method)(parameters).body
        return asyncio.run(getattr(client, f"{method}_async")(parameters)).body

    return run


def test_a_message_that_is_sent_is_found_by_its_biz_id(
    signed: Any, call: Callable[..., Any], emulator: Any, today: Callable[..., str]
) -> None:
    client = ChinaClient(signed)
    sent = call(
        client,
        "send_sms",
        china_models.SendSmsRequest(
            phone_numbers=f"+86{NUMBER},13900000001",
            sign_name="阿里云",
            template_code="SMS_1",
            template_param='{"code": "1 + 1 * ~"}',
            out_id="o-1",
        ),
    )
    assert sent.code == "OK"
    waiting = call(client, "query_send_details", details(today(), biz_id=sent.biz_id))
    assert int(waiting.total_count) == 1
    row = waiting.sms_send_detail_dtos.sms_send_detail_dto[0]
    assert (row.send_status, row.out_id, row.template_code, row.phone_num) == (1, "o-1", "SMS_1", NUMBER)
    assert row.content == "【阿里云】code: 1 + 1 * ~"
    assert (row.err_code, row.receive_date) == (None, None)
    emulator.advance(31)
    settled = call(client, "query_send_details", details(today(), biz_id=sent.biz_id))
    row = settled.sms_send_detail_dtos.sms_send_detail_dto[0]
    assert (row.send_status, row.err_code) == (3, "DELIVERED")
    assert call(client, "query_send_details", details(today(), biz_id="1^0")).total_count == 0


def test_a_batch_goes_out_under_one_biz_id(
    signed: Any, call: Callable[..., Any], emulator: Any, today: Callable[..., str]
) -> None:
    client = ChinaClient(signed)
    sent = call(
        client,
        "send_batch_sms",
        china_models.SendBatchSmsRequest(
            phone_number_json=json.dumps([NUMBER, "13900000001"]),
            sign_name_json='["阿里云","阿里巴巴"]',
            template_code="SMS_1",
            template_param_json='[{"name":"A"},{"name":"B"}]',
        ),
    )
    assert sent.code == "OK"
    assert {message["biz_id"] for message in emulator.messages()} == {sent.biz_id}
    found = call(client, "query_send_details", details(today(), phone_number="13900000001", biz_id=sent.biz_id))
    assert found.sms_send_detail_dtos.sms_send_detail_dto[0].content == "【阿里巴巴】name: B"


def test_statistics_count_what_was_sent(signed: Any, call: Callable[..., Any], emulator: Any, today: Any) -> None:
    emulator.add_message(phone_number=NUMBER, state="failed", content="【阿里巴巴】" + "长" * 70)
    emulator.add_message(phone_number=NUMBER)
    data = call(ChinaClient(signed), "query_send_statistics", statistics(today(), sign_name="阿里巴巴")).data
    assert data.total_size == 1
    assert (data.target_list[0].total_count, data.target_list[0].responded_fail_count) == (2, 2)
    assert data.target_list[0].send_date == today()


def test_an_international_message_is_followed_by_its_id(signed: Any, call: Callable[..., Any], emulator: Any) -> None:
    client = GlobeClient(signed)
    parameters = globe_models.SendMessageToGlobeRequest(to="85261234567", message="Hello!", from_="Example", type="OTP")
    sent = call(client, "send_message_to_globe", parameters)
    assert (sent.response_code, sent.segments, sent.to) == ("OK", "1", "85261234567")
    query = globe_models.QueryMessageRequest(message_id=sent.message_id)
    pending = call(client, "query_message", query)
    assert (pending.status, pending.error_code, pending.receive_date) == ("3", None, None)
    emulator.advance(31)
    report = call(client, "query_message", query)
    assert (report.status, report.error_code, report.to, report.message) == ("1", "DELIVERED", "85261234567", "Hello!")
    assert report.number_detail.region == "HongKong"
    assert report.receive_date.endswith("+0800")
    unknown = call(client, "query_message", globe_models.QueryMessageRequest(message_id="no such"))
    assert unknown.response_code == "DATA_NOT_EXIST"


@pytest.mark.parametrize(("method", "in_body"), [("GET", False), ("POST", False), ("POST", True)])
def test_the_older_sdk_is_served_in_query_and_body(
    legacy: Callable[..., bytes], emulator: Any, today: Callable[..., str], method: str, in_body: bool
) -> None:
    sent = json.loads(
        legacy("2018-05-01", "SendMessageToGlobe", {"To": "85261234567", "Message": "a + b"}, method=method)
    )
    report = json.loads(
        legacy("2018-05-01", "QueryMessage", {"MessageId": sent["MessageId"]}, method=method, in_body=in_body)
    )
    assert (report["ResponseCode"], report["Message"]) == ("OK", "a + b")
    accepted = json.loads(
        legacy(
            "2017-05-25",
            "SendSms",
            {"PhoneNumbers": NUMBER, "SignName": "阿里云", "TemplateCode": "SMS_1"},
            method=method,
            in_body=in_body,
        )
    )
    parameters = {
        "PhoneNumber": NUMBER,
        "SendDate": today(),
        "PageSize": 10,
        "CurrentPage": 1,
        "BizId": accepted["BizId"],
    }
    found = json.loads(legacy("2017-05-25", "QuerySendDetails", parameters, method=method, in_body=in_body))
    assert found["TotalCount"] == 1
    batch = {"PhoneNumberJson": f'["{NUMBER}"]', "SignNameJson": '["阿里云"]', "TemplateCode": "SMS_1"}
    assert json.loads(legacy("2017-05-25", "SendBatchSms", batch, method=method, in_body=in_body))["Code"] == "OK"


def test_statistics_are_not_to_be_had_by_get(legacy: Callable[..., bytes], today: Callable[..., str]) -> None:
    parameters = {"IsGlobe": 1, "StartDate": today(), "EndDate": today(), "PageIndex": 1, "PageSize": 10}
    assert json.loads(legacy("2017-05-25", "QuerySendStatistics", parameters, method="POST"))["Code"] == "OK"
    with pytest.raises(LegacyServerException) as refused:
        legacy("2017-05-25", "QuerySendStatistics", parameters)
    assert (refused.value.error_code, refused.value.http_status) == ("UnsupportedHTTPMethod", 400)


@pytest.mark.filterwarnings("ignore:do_action:DeprecationWarning")
def test_xml_holds_what_json_holds(legacy: Callable[..., bytes], emulator: Any, today: Callable[..., str]) -> None:
    emulator.add_message(phone_number=NUMBER, out_id="<&>", sent_at=emulator.now() - timedelta(seconds=60))
    emulator.add_message(phone_number=NUMBER)
    parameters = {"PhoneNumber": NUMBER, "SendDate": today(), "PageSize": 10, "CurrentPage": 1}
    as_json = json.loads(legacy("2017-05-25", "QuerySendDetails", parameters))
    root = ElementTree.fromstring(legacy("2017-05-25", "QuerySendDetails", parameters, form="XML"))
    assert (root.tag, root.findtext("TotalCount"), root.findtext("Code")) == ("QuerySendDetailsResponse", "2", "OK")
    rows = [{each.tag: each.text for each in row} for row in root.iter("SmsSendDetailDTO")]
    in_json = as_json["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
    assert rows == [{name: str(value) for name, value in row.items()} for row in in_json]
    assert rows[1]["OutId"] == "<&>"


@pytest.mark.parametrize(
    ("changes", "code", "status"),
    [
        ({"access_key_secret": "wrong"}, "SignatureDoesNotMatch", 400),
        ({"access_key_id": "LTAI5tNobody"}, "InvalidAccessKeyId.NotFound", 404),
        ({"security_token": "CAISsomething"}, "InvalidSecurityToken.MismatchWithAccessKey", 400),
    ],
)
@pytest.mark.parametrize("algorithm", [None, "v2"])
def test_a_wrong_key_is_refused_as_the_gateway_does(
    config: Callable[..., Any], today: Any, changes: dict[str, str], code: str, status: int, algorithm: str | None
) -> None:
    client = ChinaClient(config(signature_algorithm=algorithm, **changes))
    with pytest.raises(ClientException) as refused:
        client.query_send_details(details(today()))
    assert (refused.value.code, refused.value.status_code) == (code, status)
    assert refused.value.request_id


def test_the_older_sdk_reads_a_wrong_secret_from_the_string_that_the_gateway_signed(
    emulator: Any, today: Callable[..., str]
) -> None:
    request = RpcRequest("Dysmsapi", "2017-05-25", "QuerySendDetails")
    request.set_protocol_type("http")
    request.set_endpoint(f"{emulator.host}:{emulator.port}")
    for name, value in {"PhoneNumber": NUMBER, "SendDate": today(), "PageSize": 10, "CurrentPage": 1}.items():
        request.add_query_param(name, value)
    with pytest.raises(LegacyServerException) as refused:
        AcsClient(emulator.access_key_id, "wrong", "cn-hangzhou").do_action_with_exception(request)
    assert (refused.value.error_code, refused.value.http_status) == ("InvalidAccessKeySecret", 400)


def test_a_token_must_be_there_fit_and_be_fresh(
    config: Callable[..., Any], sts: dict[str, str], today: Callable[..., str], emulator: Any
) -> None:
    def refusal(**changes: Any) -> tuple[str, int]:
        with pytest.raises(ClientException) as refused:
            ChinaClient(config(**(sts | changes))).query_send_details(details(today()))
        return refused.value.code, refused.value.status_code

    assert refusal(security_token=None) == ("MissingSecurityToken", 400)
    assert refusal(security_token="CAISother") == ("InvalidSecurityToken.Malformed", 400)
    emulator.configure(security_token_status=403)
    assert refusal(security_token="CAISother") == ("InvalidSecurityToken.Malformed", 403)
    emulator.add_account(**sts, expires_at=emulator.now() - timedelta(seconds=1))
    assert refusal() == ("InvalidSecurityToken.Expired", 403)


def test_a_clock_that_is_wrong_is_told(
    china: ChinaClient, legacy: Any, today: Callable[..., str], emulator: Any
) -> None:
    day = today()
    emulator.advance(16 * 60)
    with pytest.raises(ClientException) as refused:
        china.query_send_details(details(day))
    assert (refused.value.code, refused.value.status_code) == ("InvalidTimeStamp.Expired", 400)
    with pytest.raises(LegacyServerException) as legacy_refused:
        legacy("2018-05-01", "QueryMessage", {"MessageId": "1"})
    assert legacy_refused.value.error_code == "InvalidTimeStamp.Expired"


def test_an_account_sees_its_own_messages_alone(config: Callable[..., Any], emulator: Any, today: Any) -> None:
    emulator.add_message(phone_number=NUMBER)
    emulator.add_account(access_key_id="LTAI5tOther", access_key_secret="s", account="other")
    client = ChinaClient(config(access_key_id="LTAI5tOther", access_key_secret="s"))
    response = client.query_send_details(details(today())).body
    assert (response.code, response.total_count) == ("OK", 0)


def test_a_key_may_be_switched_off_or_lack_a_permission(config: Callable[..., Any], emulator: Any, today: Any) -> None:
    key = {"access_key_id": "LTAI5tOther", "access_key_secret": "s"}

    def ask() -> Any:
        return ChinaClient(config(**key)).query_send_details(details(today())).body

    emulator.add_account(**key, active=False)
    with pytest.raises(ClientException) as refused:
        ask()
    assert refused.value.code == "InvalidAccessKeyId.Inactive"
    emulator.add_account(**key, actions=["QuerySendStatistics"])
    with pytest.raises(ClientException) as refused:
        ask()
    assert (refused.value.code, refused.value.status_code) == ("Forbidden.RAM", 403)
    emulator.configure(ram_denied="business")
    assert ask().code == "isp.RAM_PERMISSION_DENY"


def test_throttling_reaches_the_sdk_as_its_documents_say(china: ChinaClient, emulator: Any, today: Any) -> None:
    emulator.fault("throttle", times=2)
    with pytest.raises((ClientException, ThrottlingException)) as refused:  # the latter: tea-openapi 0.4.4
        china.query_send_details(details(today()))
    assert (refused.value.code, refused.value.status_code) == ("Throttling.User", 400)
    emulator.configure(retry_after_ms=1)
    with pytest.raises(ThrottlingException):
        china.query_send_details(details(today()))
    assert emulator.requests()["QuerySendDetails"]["throttled"] == 2


def test_the_sdks_own_retries_are_let_in(config: Callable[..., Any], emulator: Any, today: Callable[..., str]) -> None:
    condition = {"maxAttempts": 3, "errorCode": ["ServiceUnavailable"], "exception": ["ServerException"]}
    options = RetryOptions({"retryable": True, "retryCondition": [condition]})
    emulator.fault("status", times=1)
    response = ChinaClient(config(retry_options=options)).query_send_details(details(today())).body
    assert response.code == "OK"
    assert emulator.requests()["QuerySendDetails"]["requests"] == 2


def test_an_error_of_the_server_is_one_to_the_sdk(china: ChinaClient, emulator: Any, today: Callable[..., str]) -> None:
    emulator.fault("status", status=500, code="InternalError")
    with pytest.raises(ServerException) as refused:
        china.query_send_details(details(today()))
    assert (refused.value.code, refused.value.status_code) == ("InternalError", 500)


def test_another_version_or_action_is_not_found(legacy: Callable[..., bytes]) -> None:
    for version, action, code in (
        ("2017-05-25", "QueryMessage", "InvalidAction.NotFound"),
        ("2018-05-01", "QuerySendDetails", "InvalidAction.NotFound"),
        ("2016-01-01", "QuerySendDetails", "InvalidVersion"),
    ):
        with pytest.raises(LegacyServerException) as refused:
            legacy(version, action, {})
        assert (refused.value.error_code, refused.value.http_status) == (code, 404)


@pytest.fixture
def signed_abroad(signed: Any, international: dict[str, str]) -> Any:
    """The same, by the key of the international account if the key is not a temporary one."""
    if not signed.security_token:
        signed.access_key_id, signed.access_key_secret = international.values()
    return signed


def test_a_template_goes_to_the_mainland_from_an_international_account(
    signed_abroad: Any, call: Callable[..., Any], emulator: Any
) -> None:
    client = GlobeClient(signed_abroad)
    emulator.add_templates({"SMS_1": "您的验证码是${code}"})
    parameters = globe_models.SendMessageWithTemplateRequest(
        to=f"86{NUMBER}", from_="示例", template_code="SMS_1", template_param='{"code": "42"}'
    )
    sent = call(client, "send_message_with_template", parameters)
    assert (sent.response_code, sent.to, sent.segments) == ("OK", f"86{NUMBER}", "1")
    assert sent.number_detail.country == "China"
    emulator.advance(31)
    report = call(client, "query_message", globe_models.QueryMessageRequest(message_id=sent.message_id))
    assert (report.status, report.to, report.message) == ("1", f"86{NUMBER}", "【示例】您的验证码是42")
    refused = [
        (parameters.to_map() | {"To": "85261234567"}, "NOT_SUPPORTED_COUNTRY"),
        (parameters.to_map() | {"To": "none"}, "MOBILE_NUMBER_ILLEGAL"),
        (parameters.to_map() | {"TemplateParam": "{}"}, "TEMPLATE_MISSING_PARAMETERS"),
        (parameters.to_map() | {"TemplateParam": "["}, "INVALID_JSON_PARAM"),
    ]
    for changed, code in refused:
        again = globe_models.SendMessageWithTemplateRequest().from_map(changed)
        assert call(client, "send_message_with_template", again).response_code == code
    assert len(emulator.messages()) == 1


def test_a_batch_goes_abroad_each_with_an_id(signed_abroad: Any, call: Callable[..., Any], emulator: Any) -> None:
    client = GlobeClient(signed_abroad)
    emulator.quotas(BatchSendMessageToGlobe=100)
    numbers, texts = ["85261234567", NUMBER, "6581000001"], ["one", "two", "three"]
    parameters = globe_models.BatchSendMessageToGlobeRequest(
        to=json.dumps(numbers), message=json.dumps(texts), from_="Example", type="NOTIFY", task_id="t"
    )
    sent = call(client, "batch_send_message_to_globe", parameters)
    assert (sent.response_code, sent.success_count, sent.from_) == ("OK", "2", "Example")
    assert json.loads(sent.failed_list) == [NUMBER], "the mainland is not served"
    ids = json.loads(sent.message_id_list)
    reports = [call(client, "query_message", globe_models.QueryMessageRequest(message_id=each)) for each in ids]
    assert [(each.to, each.message) for each in reports] == [("85261234567", "one"), ("6581000001", "three")]
    refused = [
        ({"To": "[]", "Message": "[]"}, "INVALID_PARAMETERS"),
        ({"Message": '["one"]'}, "INVALID_PARAMETERS"),
        ({"To": '["85261234567"'}, "INVALID_JSON_PARAM"),
        ({"To": '{"a": 1}'}, "INVALID_JSON_PARAM"),
        ({"From": "much too long a name"}, "INVALID_SENDERID"),
    ]
    for changes, code in refused:
        again = globe_models.BatchSendMessageToGlobeRequest().from_map(parameters.to_map() | changes)
        assert call(client, "batch_send_message_to_globe", again).response_code == code
    assert len(emulator.messages()) == 2


def test_a_batch_has_at_most_a_thousand_numbers_and_one_goes_a_second(globe: GlobeClient, emulator: Any) -> None:
    parameters = globe_models.BatchSendMessageToGlobeRequest(
        to=json.dumps(["85261234567"] * 1_001), message=json.dumps(["x"] * 1_001)
    )
    assert globe.batch_send_message_to_globe(parameters).body.response_code == "MOBILE_COUNT_OVER_LIMIT"
    refused = None
    for _ in range(100):  # a slow machine may take more than a second between two of them
        try:
            globe.batch_send_message_to_globe(parameters)
        except (ClientException, ThrottlingException) as error:
            refused = error.code
            break
    assert refused == "Throttling.User"
    assert emulator.messages() == []


def test_an_account_serves_the_site_of_its_first_message(
    config: Callable[..., Any], china: ChinaClient, globe: GlobeClient, emulator: Any, today: Any
) -> None:
    abroad = GlobeClient(config())
    query = globe_models.QueryMessageRequest(message_id="1")
    assert abroad.query_message(query).body.response_code == "DATA_NOT_EXIST", "nothing is decided yet"
    assert china.query_send_details(details(today())).body.code == "OK"
    send = china_models.SendSmsRequest(phone_numbers=NUMBER, sign_name="示例", template_code="SMS_1")
    assert china.send_sms(send).body.code == "OK"
    to_globe = globe_models.SendMessageToGlobeRequest(to="85261234567", message="Hi")
    assert abroad.query_message(query).body.response_code == "PRODUCT_NOT_SUBSCRIBED"
    assert abroad.send_message_to_globe(to_globe).body.response_code == "PRODUCT_NOT_SUBSCRIBED"
    assert globe.send_message_to_globe(to_globe).body.response_code == "OK"
    sites = {key["access_key_id"]: key["site"] for key in emulator.accounts()}
    assert sites[emulator.access_key_id] == "mainland"
    assert sites[emulator.international.access_key_id] == "international"

    emulator.reset()
    assert abroad.send_message_to_globe(to_globe).body.response_code == "OK"
    assert china.send_sms(send).body.code == "isv.PRODUCT_UN_SUBSCRIPT"
    assert china.query_send_details(details(today())).body.code == "isv.PRODUCT_UN_SUBSCRIPT"
    assert [message["site"] for message in emulator.messages()] == ["international"]
    emulator.configure(wrong_site="empty")
    assert china.query_send_details(details(today(), phone_number="85261234567")).body.total_count == 0
    assert china.send_sms(send).body.code == "isv.PRODUCT_UN_SUBSCRIPT"
    emulator.configure(wrong_site="unknown_key")
    with pytest.raises(ClientException) as refused:
        china.query_send_details(details(today()))
    assert (refused.value.code, refused.value.status_code) == ("InvalidAccessKeyId.NotFound", 404)
    emulator.configure(sites="joined")
    assert china.send_sms(send).body.code == "OK"
    assert china.query_send_details(details(today(), phone_number="85261234567")).body.total_count == 1


def test_a_key_may_be_told_its_site(config: Callable[..., Any], emulator: Any, today: Any) -> None:
    key = {"access_key_id": "LTAI5tOther", "access_key_secret": "s"}
    emulator.add_account(**key, account="other", site="international")
    refused = ChinaClient(config(**key)).query_send_details(details(today())).body
    assert refused.code == "isv.PRODUCT_UN_SUBSCRIPT"
    with pytest.raises(InputError, match="site must be one of mainland, international"):
        emulator.add_account(**key, site="moon")


@pytest.mark.parametrize("algorithm", [None, "v2"])
def test_a_bearer_token_is_refused_as_the_switch_says(
    config: Callable[..., Any], emulator: Any, today: Any, algorithm: str | None
) -> None:
    client = ChinaClient(config(bearer_token="a-token", access_key_id=None, access_key_secret=None))
    if algorithm:
        client._signature_algorithm = algorithm

    def refusal() -> tuple[str, int]:
        with pytest.raises(ClientException) as refused:
            client.query_send_details(details(today()))
        return refused.value.code, refused.value.status_code

    assert refusal() == ("InvalidBearerToken", 400)
    emulator.configure(bearer_token_code="InvalidSecurityToken.Malformed", security_token_status=403)
    assert refusal() == ("InvalidSecurityToken.Malformed", 403)
    emulator.configure(bearer_token_code="InvalidSignatureMethod")
    assert refusal() == ("InvalidSignatureMethod", 400)


def test_a_receipt_comes_within_ten_to_thirty_seconds_unless_it_is_told(china: ChinaClient, emulator: Any) -> None:
    send = china_models.SendSmsRequest(phone_numbers=",".join([NUMBER] * 200), sign_name="示例", template_code="SMS_1")
    emulator.set_clock(emulator.now(), frozen=True)
    china.send_sms(send)

    def arrived(seconds: float) -> int:
        emulator.advance(seconds)
        return sum(message["state"] == "delivered" for message in emulator.messages())

    assert (arrived(9.9), 60 < arrived(10) < 140, arrived(10.2)) == (0, True, 200)
    emulator.configure(receipt_seconds=60)
    china.send_sms(send)
    assert (arrived(59), arrived(2)) == (200, 400)
