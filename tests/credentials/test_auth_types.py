"""Every auth_type sends the right request to its provider, and gets credentials that the service accepts."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dysms.api.client import DysmsClient
from airflow_provider_dysms.api.rate_limiter import _limiters
from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.errors import (
    DysmsAuthError,
    DysmsCredentialsError,
    DysmsInputError,
    DysmsTransportError,
)

AUTH_TYPES = ["ram_role_arn", "oidc_role_arn", "ecs_ram_role", "credentials_uri"]
TODAY = dates.beijing_day(datetime.now(UTC))
NUMBER = "139" + "00001111"
ROLE = "ram_role_arn acs:ram::100000000000:role/sms-audit"
ONE_ATTEMPT = RetryPolicy(max_attempts=1, total_time=0)

Connect = Callable[..., DysmsHook]


@pytest.mark.parametrize("auth_type", AUTH_TYPES)
def test_a_key_is_asked_for_once_and_serves_loop_after_loop(
    connect: Connect, stand_in: Any, emulator: Emulator, auth_type: str
) -> None:
    emulator.add_message(phone_number=NUMBER)
    hook = connect(auth_type)
    for _ in range(3):
        assert len(hook.query_send_details(NUMBER, TODAY)) == 1
    asked = [each for each in stand_in.asked if each["method"] == "GET"]
    assert len(asked) == (2 if auth_type == "ecs_ram_role" else 1)  # the role's name, and its key


def test_what_the_connection_says_of_a_role_is_asked_for(connect: Connect, stand_in: Any) -> None:
    given = {"role_session_name": "nightly", "role_session_expiration": 900, "external_id": "theirs"}
    connect(**given, policy={"Version": "1"}).query_send_details(NUMBER, TODAY)
    (asked,) = stand_in.asked
    assert asked["Action"] == "AssumeRole"
    assert (asked["RoleSessionName"], asked["DurationSeconds"], asked["ExternalId"]) == ("nightly", "900", "theirs")
    assert asked["Policy"] == '{"Version": "1"}'


def test_a_role_of_an_instance_may_be_named_and_an_old_instance_has_no_tokens(connect: Connect, stand_in: Any) -> None:
    stand_in.metadata_v1 = True
    connect("ecs_ram_role", role_name="sms-role").query_send_details(NUMBER, TODAY)
    assert [each["method"] for each in stand_in.asked] == ["PUT", "GET"]


def test_a_cluster_tells_its_pods_who_they_are(
    connect: Connect, extras: Any, stand_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = extras("oidc_role_arn")
    for name in ("role_arn", "oidc_provider_arn", "oidc_token_file"):
        monkeypatch.setenv(f"ALIBABA_CLOUD_{name.upper()}", told[name])
    connect("oidc_role_arn", role_arn="", oidc_provider_arn="", oidc_token_file="").query_send_details(NUMBER, TODAY)
    assert stand_in.asked[0]["Action"] == "AssumeRoleWithOIDC"


WRONG: list[tuple[str, str, dict[str, Any]]] = [
    ("role_arn", "ram_role_arn", {"role_arn": ""}),
    ("login", "ram_role_arn", {"fields": {"login": ""}}),
    ("password", "ram_role_arn", {"fields": {"password": ""}}),
    ("role_session_expiration", "ram_role_arn", {"role_session_expiration": 60}),
    ("role_session_expiration", "ram_role_arn", {"role_session_expiration": "long"}),
    ("sts_endpoint", "ram_role_arn", {"sts_endpoint": "http://sts.evil.example"}),
    ("sts_endpoint", "ram_role_arn", {"sts_endpoint": "http://sts.aliyuncs.com"}),
    ("sts_endpoint", "oidc_role_arn", {"sts_endpoint": "https://sts.aliyuncs.com.evil.example"}),
    ("oidc_provider_arn", "oidc_role_arn", {"oidc_provider_arn": ""}),
    ("oidc_token_file", "oidc_role_arn", {"oidc_token_file": ""}),
    ("metadata_endpoint", "ecs_ram_role", {"metadata_endpoint": "http://169.254.169.254"}),
    ("credentials_uri_secret", "credentials_uri", {"credentials_uri_secret": ""}),
    ("credentials_uri_secret", "credentials_uri", {"credentials_uri_secret": "file:///etc/passwd"}),
    ("credentials_uri_secret", "credentials_uri", {"credentials_uri_secret": "http://keys.evil.example/keys"}),
    ("credentials_uri_secret", "credentials_uri", {"credentials_uri_secret": "http://user:pass@localhost:1/keys"}),
    ("credentials_uri_secret", "credentials_uri", {"credentials_uri_secret": "http://localhost:1/a b"}),
    ("credentials_uri_secret", "credentials_uri", {"credentials_uri_secret": "http://[::1/keys"}),
    ("role_arn", "credentials_uri", {"role_arn": "acs:ram::1:role/x"}),
    ("external_id_secret", "oidc_role_arn", {"external_id_secret": "theirs"}),
]


@pytest.mark.parametrize(("argument", "auth_type", "changes"), WRONG)
def test_a_wrong_field_is_named_and_nothing_is_asked(
    connect: Connect, stand_in: Any, argument: str, auth_type: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(DysmsInputError, match="dysms_default") as caught:
        _ = connect(auth_type, **changes).settings
    assert caught.value.argument == argument
    assert "pass" not in caught.value.problem
    assert stand_in.asked == []


def test_a_role_without_its_auth_type_is_not_left_out_in_silence(connect: Connect, extras: Any) -> None:
    fields = {"extra": {**extras("ram_role_arn"), "auth_type": "access_key"}}
    with pytest.raises(DysmsInputError, match="auth_type access_key does not use it"):
        _ = connect(fields=fields).settings


def test_another_host_may_hand_out_keys_where_it_is_allowed(connect: Connect) -> None:
    hook = connect(sts_endpoint="sts.private.example", allow_custom_endpoint=True)
    assert hook.settings.credentials.sts_endpoint.url == "https://sts.private.example"


def test_a_missing_package_is_named_before_anything_is_asked(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "alibabacloud_credentials", None)
    with pytest.raises(DysmsInputError, match=r"install airflow-provider-dysms\[credentials\]"):
        _ = connect().settings


def test_equal_connections_are_equal_whatever_key_they_hold(connect: Connect) -> None:
    first = connect()
    first.query_send_details(NUMBER, TODAY)
    assert connect().settings == first.settings
    assert connect(role_session_name="other").settings != first.settings


def many(hook: DysmsHook, count: int = 64, **policy: Any) -> list[Any]:
    async def session(client: DysmsClient) -> list[Any]:
        asked = (client.query_send_details(NUMBER, TODAY) for _ in range(count))
        return await asyncio.gather(*asked, return_exceptions=True)

    return hook.run(session, **policy)


@pytest.mark.parametrize("auth_type", AUTH_TYPES)
def test_a_key_that_the_service_no_longer_takes_is_replaced_once_for_everybody(
    connect: Connect, stand_in: Any, emulator: Emulator, auth_type: str
) -> None:
    hook = connect(auth_type)
    hook.query_send_details(NUMBER, TODAY)
    cache = hook.settings.credentials.cache.credentials
    emulator.add_account(
        access_key_id=cache.access_key_id,
        access_key_secret=cache.access_key_secret,
        security_token=cache.security_token,
        expires_at=time.time() - 1,
    )
    stand_in.asked.clear()
    assert many(hook) == [[]] * 64
    assert len([each for each in stand_in.asked if each["path"] != "/latest/api/token"]) <= 2


def test_a_key_that_is_refused_however_new_it_is_ends_it_after_one_more_try(connect: Connect, stand_in: Any) -> None:
    stand_in.dead = True
    with pytest.raises(DysmsAuthError, match=r"InvalidSecurityToken\.Expired"):
        connect().query_send_details(NUMBER, TODAY)
    assert len(stand_in.asked) == 2


def test_budgets_belong_to_the_role_and_not_to_the_key_of_the_hour(
    connect: Connect, stand_in: Any, emulator: Emulator
) -> None:
    def with_a_budget() -> set[str]:
        return {identity for host, identity, _ in _limiters if host == f"{emulator.host}:{emulator.port}"}

    of_other_tests = with_a_budget() - {ROLE}
    hook = connect()
    for _ in range(3):
        hook.query_send_details(NUMBER, TODAY)
        hook.settings.credentials.cache.invalidate()
    assert len(stand_in.asked) == 3
    assert with_a_budget() - of_other_tests == {ROLE}


def test_a_key_that_cannot_be_replaced_yet_serves_to_its_end(
    connect: Connect, stand_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_dysms.api.auth.providers.REFRESH_MARGIN", 3600.0)
    stand_in.lasts = 20
    hook = connect()
    hook.query_send_details(NUMBER, TODAY)
    cache = hook.settings.credentials.cache
    cache._refresh_at = time.monotonic()
    stand_in.answers = [(503, {}, b"")] * 9
    for _ in range(3):
        assert hook.query_send_details(NUMBER, TODAY) == []
    assert len(stand_in.asked) == 2  # the next attempt comes later


NO: list[tuple[int, dict[str, str], bytes, type[Exception]]] = [
    (403, {}, b'{"Code": "NoPermission", "Message": "m", "RequestId": "A-1"}', DysmsCredentialsError),
    (404, {}, b'{"Code": "EntityNotExist.Role", "Message": "m"}', DysmsCredentialsError),
    (302, {"location": "http://127.0.0.1:9/"}, b"", DysmsCredentialsError),
    (503, {}, b"<html>", DysmsTransportError),
    (400, {}, b'{"Code": "Throttling.User", "Message": "m"}', DysmsTransportError),
    (200, {}, b"<html>", DysmsTransportError),
    (200, {}, b"{}", DysmsTransportError),
    (200, {}, b"[]", DysmsTransportError),
    (200, {"content-encoding": "gzip"}, b"{}", DysmsTransportError),
    (
        200,
        {},
        b'{"Code": "Success", "AccessKeyId": "a", "AccessKeySecret": "wrong\\r\\nsecret", "SecurityToken": "t", '
        b'"Expiration": "2030-01-01T00:00:00Z", "Credentials": {"AccessKeyId": "a", "AccessKeySecret": "wrong secret", '
        b'"SecurityToken": "t", "Expiration": "2030-01-01T00:00:00Z"}}',
        DysmsTransportError,
    ),
]


@pytest.mark.parametrize(("status", "headers", "body", "error"), NO)
@pytest.mark.parametrize("auth_type", AUTH_TYPES)
def test_whatever_is_answered_instead_of_a_key_is_an_error_that_leaves_no_message_in_doubt(
    connect: Connect,
    stand_in: Any,
    emulator: Emulator,
    auth_type: str,
    status: int,
    headers: dict[str, str],
    body: bytes,
    error: type[Exception],
) -> None:
    stand_in.answers = [(status, headers, body)] * 9
    hook = connect(auth_type)
    with pytest.raises(error, match=f"no credentials from {auth_type}") as caught:
        hook.run(lambda client: client.send_sms([NUMBER], "示例", "SMS_1"), retry=ONE_ATTEMPT)
    assert not getattr(caught.value, "request_sent", False)
    assert emulator.requests() == {}
    shown, at = "", caught.value
    while at is not None:
        assert type(at).__module__.startswith(("airflow_provider_dysms", "builtins", "asyncio"))
        shown, at = shown + f"{at!r} {at}", at.__cause__ or at.__context__
    assert "wrong secret" not in shown


@pytest.mark.parametrize(
    ("expiration", "told"),
    [
        ("2020-01-01T00:00:00Z", "expired at 2020-01-01T00:00:00Z, and this machine's clock says"),
        ("tomorrow", "an Expiration that is not like 2030-01-01T00:00:00Z"),
        ("2030-01-01T00:00:00+08:00", "an Expiration that is not like"),
        (1893456000, "an Expiration that is not like"),
        (None, "an Expiration that is not like"),
    ],
)
@pytest.mark.parametrize("auth_type", AUTH_TYPES)
def test_a_key_that_has_expired_or_says_no_time_is_refused_at_once(
    connect: Connect, stand_in: Any, emulator: Emulator, auth_type: str, expiration: Any, told: str
) -> None:
    make = stand_in.key
    stand_in.key = lambda: {**make(), "Expiration": expiration}
    with pytest.raises(DysmsCredentialsError, match=f"no credentials from {auth_type}: .*{told}"):
        connect(auth_type).query_send_details(NUMBER, TODAY)
    assert len(stand_in.asked) <= 5  # of one attempt: of the metadata service, a token, a name and a key in two ways
    assert emulator.requests() == {}


def test_one_question_that_failed_has_failed_for_all_who_waited_for_its_answer(connect: Connect, stand_in: Any) -> None:
    stand_in.before_answer = lambda: time.sleep(1)  # by then all stand in line
    stand_in.answers = [(503, {}, b"")] * 99
    found = many(connect(), retry=ONE_ATTEMPT)
    assert {type(each) for each in found} == {DysmsTransportError}
    assert not any(each.request_sent for each in found)
    assert len(stand_in.asked) <= 3


def test_a_token_file_that_is_not_there_is_named(connect: Connect, tmp_path: Path) -> None:
    with pytest.raises(DysmsInputError, match="oidc_token_file cannot be read"):
        connect("oidc_role_arn", oidc_token_file=str(tmp_path / "none")).query_send_details(NUMBER, TODAY)


def test_an_outage_that_passes_costs_time_and_nothing_else(connect: Connect, stand_in: Any) -> None:
    stand_in.answers = [(503, {}, b"")] * 2
    assert connect().query_send_details(NUMBER, TODAY) == []


def test_the_event_loop_runs_on_while_a_key_is_asked_for(connect: Connect, stand_in: Any) -> None:
    """The answer comes when the loop has done something after the question had come in."""
    came, done = threading.Event(), threading.Event()

    def hold() -> None:
        came.set()
        assert done.wait(20)

    stand_in.before_answer = hold

    async def session(client: DysmsClient) -> None:
        asking = asyncio.ensure_future(client.query_send_details(NUMBER, TODAY))
        while not came.is_set():  # noqa: ASYNC110 - it is set by a thread
            await asyncio.sleep(0.01)
        done.set()
        assert await asking == []

    connect(timeout=30).run(session)


def test_no_secret_is_logged_at_any_level(
    connect: Connect, stand_in: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    secrets = [
        "half-a-secret",
        "base-secret-of-the-login",
        "eyJhbGciOi",
        "the-secret-in-the-uri",
        "metadata-token",
        "Signature=",
    ]
    with caplog.at_level(logging.DEBUG):
        for auth_type in AUTH_TYPES:
            half = {"Code": "Success", "AccessKeyId": "STS.half", "AccessKeySecret": "half-a-secret"}
            stand_in.answers = [(503, {}, b""), (200, {}, json.dumps({**half, "Credentials": half}).encode())]
            stand_in.lasts = 1
            hook = connect(auth_type)
            hook.query_send_details(NUMBER, TODAY)
            shown = repr(hook.settings)
            assert not any(secret in shown for secret in [*secrets[:4], *stand_in.secrets])
    out = capfd.readouterr()
    told = caplog.text + out.out + out.err
    assert not [secret for secret in [*secrets, *stand_in.secrets] if secret in told]


def test_the_package_is_as_it_was_for_everybody_else(connect: Connect, stand_in: Any, caplog: Any) -> None:
    connect().query_send_details(NUMBER, TODAY)
    from alibabacloud_credentials.provider import URLCredentialsProvider

    provider = URLCredentialsProvider(uri=f"{stand_in.url}/keys?secret=the-secret-in-the-uri")
    assert asyncio.run(provider.get_credentials_async()).get_access_key_id().startswith("STS.")
    with caplog.at_level(logging.WARNING, "credentials"):
        logging.getLogger("credentials").warning("theirs")
    assert "theirs" in caplog.text


PARSE = """
import signal, sys, threading
before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
from airflow.sdk import DAG
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.operators.dysms import DysmsQuerySendDetailsOperator
from airflow_provider_dysms.triggers.dysms import DysmsMessageTrigger
threads = threading.active_count()
with DAG("parsed", schedule=None):
    operator = DysmsQuerySendDetailsOperator(task_id="ask", phone_numbers=["139" + "00001111"], send_date="{send_date}")
assert DysmsHook().settings.credentials.auth_type == "ecs_ram_role"
assert not [name for name in sys.modules if name.startswith(("alibabacloud", "Tea.", "apscheduler"))]
assert operator.execute({{}}) == []
assert "alibabacloud_credentials" in sys.modules
assert threading.active_count() == threads, threading.enumerate()
assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
"""


def test_no_thread_and_no_signal_handler_at_parsing_nor_after_execute(connect: Connect, stand_in: Any) -> None:
    connect("ecs_ram_role")
    ran_alone(PARSE.format(send_date=TODAY.isoformat()), dict(os.environ))
    assert stand_in.asked


ASK = """
import asyncio, signal, threading
from airflow_provider_dysms.api.http.endpoints import endpoint_of
from airflow_provider_dysms.api.auth.providers import CredentialsProvider
from airflow_provider_dysms.api.auth.alibabacloud import issue_credentials
before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
provider = CredentialsProvider(auth_type="default", metadata_endpoint=endpoint_of("metadata_endpoint", "{url}"))
issued = asyncio.run(issue_credentials(provider, None))
assert issued.credentials.access_key_id.startswith("{begins}"), issued
assert threading.active_count() == 1, threading.enumerate()
assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
"""


@pytest.mark.parametrize("place", ["environment", "cli", "ini", "instance"])
def test_what_the_machine_keeps_by_default_is_found_without_a_thread(stand_in: Any, tmp_path: Path, place: str) -> None:
    """In a process of its own: the package reads the machine's configuration when it is imported."""
    environment = {**os.environ, "HOME": str(tmp_path)}
    if place == "environment":
        environment |= {"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAImine", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "mine"}
    elif place == "cli":
        (tmp_path / ".aliyun").mkdir()
        profile = {"name": "p", "mode": "EcsRamRole", "ram_role_name": "sms-role"}
        (tmp_path / ".aliyun/config.json").write_text(json.dumps({"current": "p", "profiles": [profile]}))
    elif place == "ini":
        (tmp_path / ".alibabacloud").mkdir()
        (tmp_path / ".alibabacloud/credentials.ini").write_text("[default]\ntype=ecs_ram_role\nrole_name=sms-role\n")
    begins = "LTAImine" if place == "environment" else "STS."
    ran_alone(ASK.format(url=stand_in.url, begins=begins), environment)
    asked_for_the_name = [each for each in stand_in.asked if each["path"].endswith("security-credentials/")]
    assert bool(stand_in.asked) is (place != "environment")
    assert bool(asked_for_the_name) is (place == "instance")


def ran_alone(code: str, environment: dict[str, str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]


def test_a_machine_that_keeps_no_key_says_where_it_looked(connect: Connect, stand_in: Any) -> None:
    stand_in.answers = [(404, {}, b"")] * 9
    with pytest.raises(DysmsCredentialsError, match="no credentials from default"):
        connect("default").query_send_details(NUMBER, TODAY)


def test_the_connection_test_says_so_too(connect: Connect, stand_in: Any) -> None:
    assert connect().test_connection()[0]
    stand_in.answers = [(403, {}, b'{"Code": "NoPermission"}')] * 9
    working, sentence = connect().test_connection()
    assert not working
    assert "NoPermission" in sentence
