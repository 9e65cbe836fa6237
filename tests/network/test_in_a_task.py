"""Certificates, proxies and redirects, set in the connection of a task that Airflow's own task runner runs."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pendulum
import pytest
from airflow.sdk import DAG

from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.api.settings import Settings
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.errors import DysmsTransportError

TODAY = dates.beijing_day(datetime.now(UTC))
NUMBER = "139" + "00001111"
ONCE = RetryPolicy(max_attempts=1, total_time=0)
PROXY = f"http://somebody:{quote('p@ss/word', safe='')}@127.0.0.1"

Connect = Callable[..., None]


@pytest.fixture
def task_ends(run_dag: Callable[[Any], Any], emulator: Emulator) -> Callable[[], str]:
    """Run a task that asks for one number's day; return the state it ends in."""

    def run() -> str:
        from airflow_provider_dysms.operators.dysms import DysmsQuerySendDetailsOperator

        emulator.add_message(phone_number=NUMBER)
        with DAG("asking", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC")) as dag:
            DysmsQuerySendDetailsOperator(
                task_id="ask", phone_numbers=["139" + "00001111"], send_date=TODAY.isoformat(), retries=0
            )
        (instance,) = run_dag(dag).get_task_instances()
        return str(instance.state)

    return run


def test_a_private_ca_and_a_proxy_with_a_password_are_taken_from_the_connection(
    connect: Connect, front: Any, proxy: Any, certificates: Path, task_ends: Callable[[], str]
) -> None:
    served = front("good")
    tls = {"ca_bundle": str(certificates / "ca.pem")}
    connect(tls, schema="https", port=served.port)
    assert task_ends() == "success"
    asked = len(served.seen)
    assert asked
    connect({**tls, "proxy": f"{PROXY}:{proxy.port}"}, schema="https", port=served.port)
    assert task_ends() == "success"
    assert len(served.seen) > asked
    assert {head.split(b" ")[0] for head in proxy.seen} == {b"CONNECT"}
    assert NUMBER.encode() not in b"".join(proxy.seen)


def test_a_certificate_of_somebody_else_fails_the_task_before_anything_leaves(
    connect: Connect,
    front: Any,
    certificates: Path,
    task_ends: Callable[[], str],
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served = front("another_host")
    switches = {"verify": False, "verify_ssl": False, "ssl_verify": "false", "insecure": True, "check_hostname": False}
    connect({"ca_bundle": str(certificates / "ca.pem"), **switches}, schema="https", port=served.port)
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")
    monkeypatch.setattr("airflow_provider_dysms.api.client.RetryPolicy", lambda: ONCE)
    assert task_ends() == "failed"
    assert served.seen == []
    assert emulator.requests() == {}


@pytest.mark.parametrize(
    ("shown", "bundle", "verdict"),
    [
        ("another_host", "ca", "IP address mismatch"),
        ("expired", "ca", "certificate has expired"),
        ("self_signed", "ca", "self-signed certificate"),
        ("good", "other_ca", "unable to get local issuer certificate"),
        ("good", None, "unable to get local issuer certificate"),
    ],
)
@pytest.mark.parametrize("proxied", [False, True])
def test_a_certificate_that_does_not_hold_is_named_and_nothing_is_asked(
    connect: Connect,
    front: Any,
    proxy: Any,
    certificates: Path,
    shown: str,
    bundle: str | None,
    verdict: str,
    proxied: bool,
) -> None:
    served = front(shown)
    extra = {"ca_bundle": str(certificates / f"{bundle}.pem")} if bundle else {}
    if proxied:
        extra["proxy"] = f"{PROXY}:{proxy.port}"
    connect(extra, schema="https", port=served.port)
    worked, sentence = DysmsHook().test_connection()
    assert not worked
    assert "the certificate was not accepted" in sentence
    assert verdict in sentence
    assert served.seen == []


@pytest.mark.parametrize("proxied", [False, True])
def test_a_common_name_alone_is_no_name(
    connect: Connect, front: Any, proxy: Any, certificates: Path, proxied: bool
) -> None:
    served = front("common_name")
    extra = {"ca_bundle": str(certificates / "ca.pem")}
    if proxied:
        extra["proxy"] = f"{PROXY}:{proxy.port}"
    connect(extra, schema="https", port=served.port, host="localhost")
    worked, sentence = DysmsHook().test_connection()
    assert not worked
    assert "Hostname mismatch" in sentence
    assert served.seen == []


def test_a_host_is_checked_by_the_name_that_was_asked_for(connect: Connect, front: Any, certificates: Path) -> None:
    """The certificate is good for ``localhost`` and 127.0.0.1, and for no other name of this machine."""
    served = front("good")
    extra = {"ca_bundle": str(certificates / "ca.pem")}
    connect(extra, schema="https", port=served.port, host="localhost")
    assert DysmsHook().test_connection()[0]
    connect(extra, schema="https", port=served.port, host="127.0.0.2")
    assert not DysmsHook().test_connection()[0]


def test_a_plain_proxy_carries_plain_requests(connect: Connect, proxy: Any, emulator: Emulator) -> None:
    connect({"proxy": f"{PROXY}:{proxy.port}"})
    assert DysmsHook().test_connection()[0]
    assert all(head.startswith(b"POST http://127.0.0.1:") for head in proxy.seen)


@pytest.mark.parametrize("schema", ["http", "https"])
def test_a_proxy_that_does_not_know_us_is_an_error_without_the_password(
    connect: Connect, front: Any, proxy: Any, certificates: Path, caplog: pytest.LogCaptureFixture, schema: str
) -> None:
    served = front("good")
    extra = {"ca_bundle": str(certificates / "ca.pem"), "proxy": f"http://somebody:wr0ng@127.0.0.1:{proxy.port}"}
    connect(extra, **({"schema": "https", "port": served.port} if schema == "https" else {}))
    with caplog.at_level(logging.DEBUG):
        worked, sentence = DysmsHook().test_connection()
    assert not worked
    assert "407" in sentence
    assert "wr0ng" not in sentence + caplog.text + repr(DysmsHook().settings)
    assert served.seen == []


def test_a_send_that_no_proxy_carried_has_certainly_not_happened(connect: Connect, front: Any, proxy: Any) -> None:
    connect({"proxy": f"http://somebody:wr0ng@127.0.0.1:{proxy.port}"}, schema="https", port=front("good").port)
    with pytest.raises(DysmsTransportError) as caught:
        DysmsHook().run(lambda client: client.send_sms([NUMBER], "示例", "SMS_1"), retry=ONCE)
    assert not caught.value.request_sent


def test_nothing_that_a_task_or_a_connection_may_say_switches_the_checks_off() -> None:
    from airflow_provider_dysms.operators import dysms as operators
    from airflow_provider_dysms.sensors import dysms as sensors
    from airflow_provider_dysms.transfers import dysms_to_object_storage as transfers

    classes = [
        each
        for module in (operators, sensors, transfers)
        for _, each in inspect.getmembers(module, inspect.isclass)
        if each.__module__ == module.__name__
    ]
    names = {name for each in classes for name in inspect.signature(each.__init__).parameters}
    names |= {field.name for field in fields(Settings)}
    words = ("verify", "insecure", "ssl", "tls", "cert", "transport")
    assert not [name for name in names if any(word in name for word in words)]
