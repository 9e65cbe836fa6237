"""The hook: sync calls and their async twins, from an Airflow connection to the service."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from support.connections import BASE

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.hooks.dysms import DysmsHook, DysmsTaskError, airflow_errors
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.errors import DysmsError, DysmsInputError, DysmsServerError, DysmsSignatureError

TODAY = dates.beijing_day(datetime.now(UTC))


def test_a_connection_that_is_not_defined_is_named_and_may_be_tried_again() -> None:
    with pytest.raises(DysmsTaskError, match="'nobody' is not defined"):
        _ = DysmsHook("nobody").settings


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
