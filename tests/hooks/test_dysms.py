"""The hook: an Airflow connection in any of its forms becomes settings, or an error that names the field."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.hooks.dysms import DysmsHook, DysmsTaskError, airflow_errors
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.errors import DysmsError, DysmsInputError, DysmsServerError, DysmsSignatureError

BASE = {"conn_type": "dysms", "login": "LTAIexample", "password": "a-secret"}
TODAY = dates.beijing_day(datetime.now(UTC))


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Define the connection ``dysms_default``, as JSON or as a URI."""

    def define(connection: dict[str, Any] | str) -> DysmsHook:
        text = connection if isinstance(connection, str) else json.dumps(connection)
        monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", text)
        return DysmsHook()

    return define


def test_the_least_connection_is_a_key_and_a_secret(connect: Any) -> None:
    settings = connect(BASE).settings
    assert settings.credentials.access_key_id == "LTAIexample"
    assert settings.endpoint("2017-05-25").url == "https://dysmsapi.aliyuncs.com"
    assert settings.endpoint("2018-05-01").url == "https://dysmsapi.ap-southeast-1.aliyuncs.com"
    assert (settings.timeout, settings.quota_share, settings.per_second("QueryMessage")) == (10, 0.4, 120)


def test_every_extra_reaches_the_settings(connect: Any) -> None:
    extra = {
        "region_id": "ap-southeast-5",
        "auth_type": "sts",
        "security_token": "a-token",
        "timeout": "3.5",
        "quota_share": 0.5,
        "quota": {"QueryMessage": 600},
        "ca_bundle": "/etc/ca.pem",
        "proxy": "http://proxy:3128",
    }
    settings = connect({**BASE, "extra": extra}).settings
    assert settings.credentials.security_token == "a-token"
    assert settings.endpoint("2017-05-25").host == "dysmsapi.ap-southeast-5.aliyuncs.com"
    assert (settings.timeout, settings.per_second("QueryMessage")) == (3.5, 300)
    assert settings.per_second("QuerySendStatistics") == 10
    assert (settings.ca_bundle, settings.proxy) == ("/etc/ca.pem", "http://proxy:3128")


def test_a_uri_says_the_same(connect: Any) -> None:
    settings = connect("dysms://LTAIexample:a-secret@127.0.0.1:8085/http?timeout=4&quota_share=1").settings
    assert settings.endpoint("2018-05-01").url == "http://127.0.0.1:8085"
    assert (settings.timeout, settings.quota_share) == (4, 1)


def test_a_connection_of_the_official_alibaba_provider_works_too(connect: Any) -> None:
    extra = {
        "auth_type": "AK",
        "access_key_id": "LTAIexample",
        "access_key_secret": "a-secret",
        "region": "eu-central-1",
        "endpoint": "dysmsapi.ap-southeast-1.aliyuncs.com",
    }
    settings = connect({"conn_type": "alibaba_cloud", "extra": extra}).settings
    assert settings.credentials.access_key_secret == "a-secret"
    assert settings.endpoint("2017-05-25").host == "dysmsapi.ap-southeast-1.aliyuncs.com"


def test_requests_per_second_takes_the_place_of_the_share(connect: Any) -> None:
    connect(BASE)
    settings = DysmsHook(requests_per_second=7).settings
    assert (settings.per_second("QuerySendDetails"), settings.per_second("QuerySendStatistics")) == (7, 7)
    assert DysmsHook(requests_per_second=50).settings.per_second("QuerySendStatistics") == 20


def test_secrets_of_the_connection_are_masked_in_logs(connect: Any) -> None:
    from airflow.sdk.log import redact

    extra = {"auth_type": "sts", "security_token": "token-abcdef", "privacy_secret": "privacy-0123456789"}
    _ = connect({**BASE, "password": "p4ss-abcdef", "extra": extra}).settings
    shown = redact("token-abcdef privacy-0123456789 p4ss-abcdef")
    assert shown == "*** *** ***"


def test_a_connection_that_is_not_defined_is_named_and_may_be_tried_again() -> None:
    with pytest.raises(DysmsTaskError, match="'nobody' is not defined"):
        _ = DysmsHook("nobody").settings


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("login", {"login": ""}),
    ("login", {"login": "LTAI with spaces"}),
    ("password", {"password": ""}),
    ("security_token", {"extra": {"auth_type": "sts"}}),
    ("auth_type", {"extra": {"auth_type": "magic"}}),
    ("host", {"host": "evil.example.com"}),
    ("host", {"host": "dysmsapi.aliyuncs.com.evil.example"}),
    ("schema", {"host": "dysmsapi.aliyuncs.com", "schema": "http"}),
    ("region_id", {"extra": {"region_id": "cn/../evil"}}),
    ("timeout", {"extra": {"timeout": 0}}),
    ("timeout", {"extra": {"timeout": "soon"}}),
    ("timeout", {"extra": {"timeout": True}}),
    ("quota_share", {"extra": {"quota_share": 1.5}}),
    ("quota_share", {"extra": {"quota_share": -1}}),
    ("quota", {"extra": {"quota": "many"}}),
    ("quota", {"extra": {"quota": {"QueryEverything": 1}}}),
    ("quota", {"extra": {"quota": {"QueryMessage": "lots"}}}),
    ("allow_custom_endpoint", {"extra": {"allow_custom_endpoint": "perhaps"}}),
    ("proxy", {"extra": {"proxy": 3128}}),
]


@pytest.mark.parametrize(("argument", "changes"), WRONG)
def test_a_wrong_field_is_named_with_its_connection(connect: Any, argument: str, changes: dict[str, Any]) -> None:
    hook = connect({**BASE, **changes})
    with pytest.raises(DysmsInputError, match="dysms_default") as caught:
        _ = hook.settings
    assert caught.value.argument == argument
    assert "a-secret" not in str(caught.value)


def test_a_custom_endpoint_must_be_allowed(connect: Any) -> None:
    extra = {"allow_custom_endpoint": "true"}
    settings = connect({**BASE, "host": "sms.example.com", "extra": extra}).settings
    assert settings.endpoint("2017-05-25").url == "https://sms.example.com"


def test_a_missing_privacy_secret_is_an_error_when_it_is_needed(connect: Any) -> None:
    with pytest.raises(DysmsInputError, match="privacy_secret"):
        _ = connect(BASE).privacy_key
    hashed = connect({**BASE, "extra": {"privacy_secret": "k" * 16}}).privacy_key.phone_hash("13900000000")
    assert len(hashed) == 64
    assert hashed != connect({**BASE, "extra": {"privacy_secret": "l" * 16}}).privacy_key.phone_hash("13900000000")


def test_sync_methods_and_their_twins_answer_alike(connect: Any, emulator: Emulator) -> None:
    emulator.add_message(phone_number="13900000000")
    message_id = emulator.add_message(phone_number="+85251234567")["message_id"]
    hook = connect(emulator.connection())
    assert len(hook.query_send_details("+86 139-0000-0000", TODAY)) == 1
    assert hook.query_message(message_id).status == "1"
    assert hook.query_send_statistics(TODAY, scope="international")[0].total == 1

    async def twins() -> None:
        awaited = DysmsHook()
        assert await awaited.aquery_send_details("13900000000", TODAY) == hook_records
        assert (await awaited.aquery_message(message_id)).message_id == message_id

    hook_records = hook.query_send_details("13900000000", TODAY)
    asyncio.run(twins())


def test_a_transport_of_httpx_carries_every_call_of_a_hook(connect: Any, emulator: Emulator) -> None:
    connect(emulator.connection())
    asked = []

    class Counting(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            asked.append(request.headers["x-acs-action"])
            return await super().handle_async_request(request)

    hook = DysmsHook(transport=Counting())
    assert hook.query_send_details("13900000000", TODAY) == []
    assert hook.query_send_statistics(TODAY) == []
    assert hook.test_connection()[0]
    assert hook.run(lambda client: client.query_send_details("13900000000", TODAY)) == []
    assert [*asked[:2], asked[5]] == ["QuerySendDetails", "QuerySendStatistics", "QuerySendDetails"]
    assert sorted(asked[2:5]) == ["QueryMessage", "QuerySendDetails", "QuerySendStatistics"]


def test_a_sync_method_inside_a_loop_names_its_twin(connect: Any, emulator: Emulator) -> None:
    hook = connect(emulator.connection())

    async def inside() -> None:
        hook.query_message("1")

    with pytest.raises(RuntimeError, match="await aquery_message instead"):
        asyncio.run(inside())


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("phone_number", lambda hook: hook.query_send_details("12", TODAY)),
        ("send_date", lambda hook: hook.query_send_details("13900000000", "yesterday")),
        ("send_date", lambda hook: hook.query_send_details("13900000000", "20200101")),
        ("send_date", lambda hook: hook.query_send_details("13900000000", datetime(2026, 1, 1))),  # noqa: DTZ001
        ("message_id", lambda hook: hook.query_message("")),
        ("scope", lambda hook: hook.query_send_statistics(TODAY, scope="everywhere")),
        ("last_date", lambda hook: hook.query_send_statistics(TODAY, "20200101")),
        ("first_date", lambda hook: hook.query_send_statistics("29990101")),
    ],
)
def test_bad_input_fails_before_the_first_request(connect: Any, emulator: Emulator, argument: str, call: Any) -> None:
    hook = connect(emulator.connection())
    with pytest.raises(DysmsInputError) as caught:
        call(hook)
    assert caught.value.argument == argument
    assert emulator.requests() == {}


def test_what_is_sent_is_accepted(connect: Any, emulator: Emulator) -> None:
    hook = connect(emulator.connection())
    assert hook.send_sms(["+86 139-0000-0000"], "示例", "SMS_1", {"code": "1"}).biz_id
    assert hook.send_message_to_globe("+852 5123 4567", "Hello").message_id


def test_the_connection_test_says_in_plain_sentences_what_is_allowed(connect: Any, emulator: Emulator) -> None:
    hook = connect(emulator.connection())
    every = "Every query is allowed: QuerySendDetails, QuerySendStatistics and QueryMessage."
    assert hook.test_connection() == (True, every)
    emulator.fault("business", action="QuerySendDetails", code="isp.RAM_PERMISSION_DENY", times=None)
    working, sentence = hook.test_connection()
    assert working
    assert sentence.startswith("Only some queries are allowed: QuerySendStatistics and QueryMessage. QuerySendDetails ")
    assert "isp.RAM_PERMISSION_DENY" in sentence
    assert ".;" not in sentence
    assert all(sentence.count(action) == 1 for action in ("QuerySendDetails", "QuerySendStatistics", "QueryMessage"))


def test_the_connection_test_says_one_reason_once(connect: Any, emulator: Emulator) -> None:
    working, sentence = connect({**emulator.connection(), "password": "wrong"}).test_connection()
    assert not working
    assert sentence.startswith("No query is allowed. QuerySendDetails, QuerySendStatistics and QueryMessage failed: ")
    assert sentence.count("SignatureDoesNotMatch") == 1


def test_a_number_that_is_refused_was_asked_by_somebody_who_may_ask(connect: Any, emulator: Emulator) -> None:
    emulator.fault("business", action="QuerySendDetails", code="isv.MOBILE_NUMBER_ILLEGAL", times=None)
    assert connect(emulator.connection()).test_connection()[1].startswith("Every query is allowed")


#: Fields that only some tasks need, and the test checks in any case.
UNTESTED: list[tuple[str, dict[str, Any]]] = [
    ("privacy_secret", {"extra": {"privacy_secret": "short"}}),
    ("privacy_secret", {"extra": {"privacy_key": "short"}}),
    ("privacy_secret", {"extra": {"privacy_key": "k" * 16, "privacy_secret": "l" * 16}}),
    ("privacy_secret", {"extra": {"privacy_secret_previous": "k" * 16}}),
    ("privacy_secret_previous", {"extra": {"privacy_secret": "k" * 16, "privacy_secret_previous": "short"}}),
    ("region_id", {"host": "", "extra": {"region_id": "singapore"}}),
    ("proxy", {"extra": {"proxy": "socks5://here"}}),
    ("ca_bundle", {"extra": {"ca_bundle": "/nowhere.pem"}}),
    ("role_arn", {"extra": {"auth_type": "ram_role_arn", "role_arn": "sms-role"}}),
    ("policy", {"extra": {"auth_type": "ram_role_arn", "role_arn": "acs:ram::1:role/r", "policy": "allow all"}}),
    ("role_name", {"extra": {"auth_type": "ecs_ram_role", "role_name": "acs:ram::1:role/r"}}),
    ("security_token", {"extra": {"auth_type": "sts"}}),
]


@pytest.mark.parametrize(("field", "changes"), [*WRONG, *UNTESTED])
def test_the_connection_test_checks_every_field(
    connect: Any, emulator: Emulator, field: str, changes: dict[str, Any]
) -> None:
    # With a host any region passes, and plain HTTP needs no certificates.
    connection = BASE if field in ("region_id", "ca_bundle") else emulator.connection()
    hook = connect({**connection, **changes})
    working, sentence = hook.test_connection()
    assert not working
    assert sentence.startswith("The connection cannot be used: ")
    assert f"{field} " in sentence
    assert "dysms_default" not in sentence  # Airflow tests under a random id
    assert emulator.requests() == {}


def test_the_connection_test_names_extras_that_nothing_reads(connect: Any, emulator: Emulator) -> None:
    working, sentence = connect(emulator.connection(privacy_secrt="k" * 16, privacy_key="l" * 16)).test_connection()
    assert working
    assert "Nothing reads the extra 'privacy_secrt'. Did you mean 'privacy_secret'?" in sentence
    assert "show the extra 'privacy_key' in clear" in sentence
    assert "llll" not in sentence


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("privacy_key", "privacy_secret"),
        ("external_id", "external_id_secret"),
        ("credentials_uri", "credentials_uri_secret"),
    ],
)
def test_earlier_names_of_secrets_work_with_a_warning_that_says_why(
    connect: Any, caplog: pytest.LogCaptureFixture, old: str, new: str
) -> None:
    given = {
        "privacy_key": {},
        "external_id": {"auth_type": "ram_role_arn", "role_arn": "acs:ram::1:role/r"},
        "credentials_uri": {"auth_type": "credentials_uri"},
    }[old]
    value = "http://localhost:7002/keys"
    read = connect({**BASE, "extra": {**given, old: value}}).read()
    (said,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert f"show the extra {old!r} in clear" in said
    assert f"Rename it to {new!r}" in said
    assert value not in said
    caplog.clear()
    assert connect({**BASE, "extra": {**given, new: value}}).read() == read
    assert connect({**BASE, "extra": {**given, old: "", new: value}}).read() == read
    assert not caplog.records
    assert connect({**BASE, "extra": {**given, old: value, new: value}}).read() == read
    with pytest.raises(DysmsInputError, match=f"{new} .*earlier name {old} are both set to different values"):
        connect({**BASE, "extra": {**given, old: value, new: f"{value}2"}}).read()


def test_the_port_that_airflows_form_sends_for_an_empty_field_is_none(connect: Any) -> None:
    assert connect({**BASE, "port": 0}).settings.endpoint("2017-05-25").url == "https://dysmsapi.aliyuncs.com"


@pytest.mark.parametrize(
    ("error", "raised", "final"),
    [
        (DysmsInputError("send_date", "is wrong"), AirflowFailException, True),
        (DysmsSignatureError("no"), AirflowFailException, True),
        (DysmsServerError("later"), AirflowException, False),
    ],
)
def test_airflow_is_told_whether_to_try_again(error: DysmsError, raised: type[Exception], final: bool) -> None:
    with pytest.raises(raised) as caught, airflow_errors():
        raise error
    assert isinstance(caught.value, AirflowFailException) is final
    assert str(caught.value) == str(error)


def test_numbers_to_send_to_may_be_one_whole_number_and_not_nothing(connect: Any, emulator: Emulator) -> None:
    hook = connect(emulator.connection())
    assert hook.send_sms(13900000000, "示例", "SMS_1").biz_id
    with pytest.raises(DysmsInputError, match="phone_number is empty"):
        hook.send_sms(None, "示例", "SMS_1")
