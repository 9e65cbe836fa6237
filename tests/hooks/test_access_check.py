"""The Test button of the connection form says in plain sentences what is allowed, and checks every field."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from support.connections import BASE, WRONG

from airflow_provider_dysms.emulator import Emulator


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
    assert sentence == (
        "The connection does not work, because QuerySendDetails, QuerySendStatistics and QueryMessage failed: the "
        "service computed a different signature (code SignatureDoesNotMatch, HTTP 400); check the AccessKey secret "
        "(the connection's password), and that no proxy alters requests."
    )


def test_a_host_that_cannot_be_reached_is_one_sentence_too(connect: Any, emulator: Emulator) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        working, sentence = connect({**emulator.connection(), "port": port}).test_connection()
    assert not working
    assert sentence == (
        "The connection does not work, because QuerySendDetails, QuerySendStatistics and QueryMessage failed: "
        f"127.0.0.1:{port}: could not connect: ConnectionRefusedError Connect call "
        f"failed ('127.0.0.1', {port}); check host and port of the connection, its proxy, and this machine's network."
    )


def test_different_reasons_stay_apart(connect: Any, emulator: Emulator) -> None:
    emulator.fault("business", action="QuerySendDetails", code="isp.RAM_PERMISSION_DENY", times=None)
    emulator.fault("business", action="QuerySendStatistics", code="isp.RAM_PERMISSION_DENY", times=None)
    emulator.fault("reset", action="QueryMessage", times=None)
    working, sentence = connect(emulator.connection()).test_connection()
    assert not working
    assert sentence.startswith("No query is allowed. QuerySendDetails and QuerySendStatistics failed: ")
    assert sentence.count("QueryMessage failed: ") == 1


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
