"""The client against the emulator: a result is complete and correct, or it is an error, under every fault."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import httpx
import pytest
import uvloop

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.client import DysmsClient
from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.api.settings import Settings
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.emulator.switches import Switches
from airflow_provider_dysms.model import dates, errors
from airflow_provider_dysms.model.delivery import State, judge_message, judge_send_detail

Result = TypeVar("Result")

NUMBER = "13900000000"
NOON = (dates.day_start(dates.beijing_day(datetime.now(UTC))) - timedelta(hours=12)).astimezone(UTC)
DAY = dates.beijing_day(NOON)

#: Shorter waits than the default policy, and the same decisions.
SHORT_WAITS = RetryPolicy(max_attempts=4, wait_initial=0.01, wait_account_limit=0.01, throttle_timeout=3.0)

#: The same for a service that throttles on and on.
IMPATIENT = replace(SHORT_WAITS, throttle_timeout=0.5)


def settings(emulator: Emulator, **changes: object) -> Settings:
    given: dict[str, object] = {
        "credentials": Credentials(emulator.access_key_id, emulator.access_key_secret),
        "host": emulator.host,
        "port": emulator.port,
        "quota_share": 1.0,
        "timeout": 10.0,
    }
    return Settings(**{**given, **changes})  # type: ignore[arg-type]


def ask(
    emulator: Emulator,
    scenario: Callable[[DysmsClient], Awaitable[Result]],
    *,
    retry: RetryPolicy = SHORT_WAITS,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    transport: httpx.AsyncBaseTransport | None = None,
    **changes: object,
) -> Result:
    async def quick(seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.05))

    async def session() -> Result:
        given = settings(emulator, **changes)
        async with DysmsClient(given, retry=retry, transport=transport, now=now, sleep=quick) as client:
            return await scenario(client)

    return asyncio.run(session())


def day_of(emulator: Emulator, **changes: Any) -> list[str | None]:
    """Query the day of NUMBER; return the OutIds in the order of the records."""
    records = ask(emulator, lambda client: client.query_send_details(NUMBER, DAY), **changes)
    return [record.out_id for record in records]


def fill(emulator: Emulator, count: int) -> list[str]:
    out_ids = [f"out-{place}" for place in range(count)]
    emulator.add_messages(
        [
            {"phone_number": NUMBER, "out_id": out_id, "sent_at": (NOON + timedelta(seconds=7 * place)).isoformat()}
            for place, out_id in enumerate(out_ids)
        ]
    )
    return out_ids


@pytest.fixture
def sent(emulator: Emulator) -> list[str]:
    """137 messages to NUMBER on DAY."""
    return fill(emulator, 137)


def test_it_runs_on_uvloop_too(emulator: Emulator, sent: list[str]) -> None:
    async def session() -> int:
        async with DysmsClient(settings(emulator)) as client:
            return len(await client.query_send_details(NUMBER, DAY))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(session()) == len(sent)


ONCE = {
    "throttled": {"kind": "throttle"},
    "throttled with 429": {"kind": "throttle", "status": 429},
    "503": {"kind": "status", "status": 503},
    "500": {"kind": "status", "status": 500, "code": "InternalError"},
    "reset": {"kind": "reset"},
    "HTML": {"kind": "html"},
    "HTML of a proxy": {"kind": "html", "status": 502},
    "nothing": {"kind": "empty_body"},
    "cut off": {"kind": "truncated"},
    "a business limit in HTTP 200": {"kind": "business"},
    "a system error in HTTP 200": {"kind": "business", "code": "isp.SYSTEM_ERROR"},
    "a nonce that was seen": {"kind": "status", "status": 400, "code": "SignatureNonceUsed"},
    "an empty last page": {"kind": "empty_page", "page": "last"},
    "an empty first page": {"kind": "empty_page", "page": 1},
    "a total without rows": {"kind": "total_without_rows"},
    "a negative total": {"kind": "total_count", "value": -1},
    "a total in words": {"kind": "total_count", "value": "many"},
    "a repeated page": {"kind": "repeated_page", "page": 2},
    "other people's rows": {"kind": "foreign_rows", "page": 2},
}


@pytest.mark.parametrize("page", [None, 1, 3])
@pytest.mark.parametrize("fault", ONCE)
def test_a_temporary_fault_costs_time_and_no_row(
    emulator: Emulator, sent: list[str], fault: str, page: int | None
) -> None:
    plan = {"page": page, **ONCE[fault]} if page else ONCE[fault]
    emulator.fault(action="QuerySendDetails", **plan)
    assert sorted(day_of(emulator)) == sorted(sent)
    assert emulator.faults()[0]["fired"] == 1


@pytest.mark.parametrize("fault", ONCE)
def test_over_a_transport_of_httpx_it_is_the_same(emulator: Emulator, sent: list[str], fault: str) -> None:
    emulator.fault(action="QuerySendDetails", **ONCE[fault])
    assert sorted(day_of(emulator, transport=httpx.AsyncHTTPTransport())) == sorted(sent)
    assert emulator.faults()[0]["fired"] == 1


def test_over_a_transport_of_httpx_only_a_send_that_never_left_is_sent_again(emulator: Emulator) -> None:
    class Failing(httpx.AsyncHTTPTransport):
        asked = 0

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            Failing.asked += 1
            if Failing.asked == 1:
                raise httpx.ConnectError("refused")
            if Failing.asked == 3:
                raise httpx.ReadError("reset")
            return await super().handle_async_request(request)

    async def send(client: DysmsClient) -> None:
        assert (await client.send_sms([NUMBER], "示例", "SMS_1")).biz_id
        with pytest.raises(errors.DysmsTransportError) as caught:
            await client.send_sms([NUMBER], "示例", "SMS_1")
        assert caught.value.request_sent

    ask(emulator, send, transport=Failing())
    assert Failing.asked == 3


LASTING = {
    "throttled": (errors.DysmsThrottled, {"kind": "throttle"}),
    "503": (errors.DysmsServerError, {"kind": "status"}),
    "reset": (errors.DysmsTransportError, {"kind": "reset"}),
    "HTML": (errors.DysmsUnreadable, {"kind": "html"}),
    "a stalled answer": (errors.DysmsTransportError, {"kind": "stall", "seconds": 60}),
    "a business limit in HTTP 200": (errors.DysmsBusinessLimit, {"kind": "business"}),
    "a system error in HTTP 200": (errors.DysmsServerError, {"kind": "business", "code": "isp.SYSTEM_ERROR"}),
    "a refused permission": (errors.DysmsPermissionError, {"kind": "business", "code": "isp.RAM_PERMISSION_DENY"}),
    "a redirect": (errors.DysmsConfigError, {"kind": "redirect"}),
    "an empty last page": (errors.DysmsIncomplete, {"kind": "empty_page", "page": "last"}),
    "a total without rows": (errors.DysmsIncomplete, {"kind": "total_without_rows"}),
    "a negative total": (errors.DysmsUnreadable, {"kind": "total_count", "value": -1}),
    "a row inserted all the while": (errors.DysmsIncomplete, {"kind": "insert_row"}),
    "a row removed all the while": (errors.DysmsIncomplete, {"kind": "remove_row"}),
    "a repeated page": (errors.DysmsIncomplete, {"kind": "repeated_page", "page": 2}),
    "other people's rows": (errors.DysmsIncomplete, {"kind": "foreign_rows", "page": 2}),
}


@pytest.mark.parametrize("fault", LASTING)
def test_a_permanent_fault_is_an_error(emulator: Emulator, sent: list[str], fault: str) -> None:
    error, plan = LASTING[fault]
    emulator.fault(action="QuerySendDetails", times=None, **plan)
    with pytest.raises(error) as caught:
        day_of(emulator, timeout=0.3 if plan["kind"] == "stall" else 10.0, retry=IMPATIENT)
    assert NUMBER not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"


def test_other_peoples_rows_on_a_single_page_are_refused_too(emulator: Emulator) -> None:
    fill(emulator, 3)
    emulator.fault("foreign_rows", action="QuerySendDetails", times=None)
    with pytest.raises(errors.DysmsIncomplete, match="another number"):
        day_of(emulator)


@pytest.mark.parametrize("skip", range(1, 6))
def test_a_row_inserted_in_front_while_paging_is_found_and_none_comes_twice(
    emulator: Emulator, sent: list[str], skip: int
) -> None:
    emulator.fault("insert_row", action="QuerySendDetails", skip=skip)
    found = day_of(emulator)
    assert (Counter(found) - Counter(sent)).total() == 1
    assert not Counter(sent) - Counter(found)


#: plus_one decides whose message a number is; if it is not the mainland's, the record cannot be compared. Separate
#: sites refuse one of the two actions to this account.
CHOICES = [
    (switch.name, choice)
    for switch in fields(Switches)
    for choice in switch.metadata.get("choices", ())
    if (switch.name, choice) not in {("plus_one", "international"), ("plus_one", "error"), ("sites", "separate")}
]


@pytest.mark.parametrize(("switch", "choice"), CHOICES, ids=lambda value: str(value))
def test_every_position_of_every_switch_gives_the_same_records(emulator: Emulator, switch: str, choice: object) -> None:
    emulator.configure(**{switch: choice})
    sent_at = NOON.replace(microsecond=0)
    states = {"delivered": State.DELIVERED, "failed": State.FAILED, "waiting": State.WAITING}
    for place, state in enumerate(states):
        emulator.add_message(phone_number=f"1390000000{place}", state=state, sent_at=sent_at.isoformat(), out_id="mine")
    messages = {
        state: emulator.add_message(phone_number=f"+8525123456{place}", state=state, sent_at=sent_at.isoformat())
        for place, state in enumerate(states)
    }

    async def read(client: DysmsClient) -> None:
        as_of = sent_at + timedelta(hours=1)
        for place, state in enumerate(states):
            (record,) = await client.query_send_details(f"1390000000{place}", DAY)
            assert judge_send_detail(record, as_of).state is states[state]
            is_without_time = state == "waiting" or (switch, choice) == ("settled_fields", "code")
            assert (record.out_id, record.sent_at, record.received_at is None) == ("mine", sent_at, is_without_time)
            report = await client.query_message(messages[state]["message_id"])
            assert judge_message(report, as_of).state is states[state]
            assert report.sent_at == sent_at
        assert await client.query_send_details("13900000009", DAY) == []
        days = [await client.query_send_statistics(DAY, is_globe=is_globe) for is_globe in (False, True)]
        counted = [(day.total, day.delivered, day.failed, day.waiting) for scope in days for day in scope if day.total]
        assert [sum(counts) for counts in zip(*counted, strict=True)] == [6, 2, 2, 2]

    ask(emulator, read)


@pytest.mark.parametrize(("days", "kept"), [(1, True), (-1, True), (2, False), (-2, False)])
def test_rows_dated_one_day_off_are_kept_and_further_ones_refused(emulator: Emulator, days: int, kept: bool) -> None:
    emulator.add_message(phone_number=NUMBER, sent_at=NOON.isoformat(), out_id="mine")
    emulator.configure(send_date_shift_days=days)
    if kept:
        assert day_of(emulator) == ["mine"]
    else:
        with pytest.raises(errors.DysmsIncomplete, match="another day"):
            day_of(emulator)


def test_pages_are_walked_to_the_end(emulator: Emulator) -> None:
    for count in (0, 1, 50, 51, 120):
        emulator.reset()
        assert sorted(filter(None, day_of(emulator))) == sorted(fill(emulator, 0))
        assert sorted(filter(None, (fill(emulator, count), day_of(emulator))[1])) == sorted(
            f"out-{place}" for place in range(count)
        )


def test_a_quota_that_is_smaller_than_ours_slows_down_and_fails_nothing(emulator: Emulator, sent: list[str]) -> None:
    emulator.quotas(QuerySendDetails=40)

    async def many(client: DysmsClient) -> int:
        answers = await asyncio.gather(*(client.query_send_details(NUMBER, DAY) for _ in range(20)))
        assert client.counters.throttled > 0
        return sum(map(len, answers))

    assert ask(emulator, many, retry=RetryPolicy()) == 20 * 137


def test_within_its_share_nothing_is_throttled(emulator: Emulator) -> None:
    emulator.quotas(QueryMessage=50)

    async def many(client: DysmsClient) -> None:
        await asyncio.gather(*(client.query_message("1") for _ in range(100)), return_exceptions=True)

    ask(emulator, many, quota={"QueryMessage": 50})
    counted = emulator.requests()["QueryMessage"]
    assert counted["requests"] == 100
    assert counted["throttled"] == 0


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"credentials": Credentials("LTAI5tEmulator", "wrong")}, errors.DysmsSignatureError),
        ({"credentials": Credentials("LTAInobody", "wrong")}, errors.DysmsAuthError),
        ({"credentials": Credentials("LTAI5tEmulator", "EmulatorSecret", "token")}, errors.DysmsAuthError),
    ],
)
def test_keys_that_are_not_accepted_end_it_at_once(
    emulator: Emulator, changes: dict[str, object], error: type[errors.DysmsError]
) -> None:
    with pytest.raises(error):
        day_of(emulator, **changes)
    assert emulator.requests().get("QuerySendDetails", {"requests": 1})["requests"] == 1


def test_an_sts_token_is_signed_and_accepted(emulator: Emulator, sent: list[str]) -> None:
    key = emulator.sts
    credentials = Credentials(key.access_key_id, key.access_key_secret, key.security_token)
    assert len(day_of(emulator, credentials=credentials)) == len(sent)


def test_a_clock_that_is_off_is_named(emulator: Emulator) -> None:
    with pytest.raises(errors.DysmsClockError, match="clock"):
        day_of(emulator, now=lambda: datetime.now(UTC) - timedelta(hours=8))


def test_a_day_outside_the_window_is_refused_before_any_request(emulator: Emulator) -> None:
    for day in (DAY - timedelta(days=31), DAY + timedelta(days=2)):
        with pytest.raises(errors.DysmsWindowError):
            ask(emulator, lambda client, day=day: client.query_send_details(NUMBER, day))
    assert "QuerySendDetails" not in emulator.requests()


def test_a_day_that_leaves_the_window_while_it_is_read_is_refused(emulator: Emulator) -> None:
    last_day = DAY - timedelta(days=30)
    midnight = dates.day_start(DAY + timedelta(days=1))
    instants = iter([midnight - timedelta(seconds=1)] * 2)
    emulator.set_clock(midnight)
    with pytest.raises(errors.DysmsWindowError):
        ask(
            emulator,
            lambda client: client.query_send_details(NUMBER, last_day),
            now=lambda: next(instants, midnight + timedelta(seconds=1)),
        )


def test_nothing_found_just_before_a_day_leaves_the_window_may_be_forgotten_already(emulator: Emulator) -> None:
    last_day = DAY - timedelta(days=30)
    midnight = dates.day_start(DAY + timedelta(days=1))

    def found(number: str, before_midnight: timedelta) -> int:
        emulator.set_clock(midnight - before_midnight, frozen=True)
        ours = midnight - before_midnight
        return len(ask(emulator, lambda client: client.query_send_details(number, last_day), now=lambda: ours))

    emulator.add_message(phone_number=NUMBER, sent_at=(dates.day_start(last_day) + timedelta(hours=1)).isoformat())
    assert found(NUMBER, timedelta(minutes=14)) == 1
    assert found("13911111111", timedelta(minutes=15, seconds=1)) == 0
    with pytest.raises(errors.DysmsWindowError, match="leaves the service's memory about now"):
        found("13911111111", timedelta(minutes=14))


def test_a_report_about_another_message_is_refused() -> None:
    """A server that gives one response to every request."""
    body = b'{"ResponseCode": "OK", "MessageId": "2", "Status": "1", "ErrorCode": "DELIVERED"}'
    wire = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(wire)
        await writer.drain()
        writer.close()

    async def session() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        given = Settings(credentials=Credentials("key", "secret"), host="127.0.0.1", port=port)
        async with server, DysmsClient(given) as client:
            await client.query_message("1")

    with pytest.raises(errors.DysmsIncomplete, match="another message"):
        asyncio.run(session())


def test_a_message_id_is_answered_or_not_found(emulator: Emulator) -> None:
    message = emulator.add_message(phone_number="+85251234567", state="failed")
    report = ask(emulator, lambda client: client.query_message(message["message_id"]))
    assert judge_message(report, datetime.now(UTC)).state is State.FAILED
    with pytest.raises(errors.DysmsNotFound):
        ask(emulator, lambda client: client.query_message("404"))


def test_what_is_sent_can_be_asked_for(emulator: Emulator) -> None:
    today = dates.beijing_day(datetime.now(UTC))
    receipt = ask(emulator, lambda client: client.send_sms([NUMBER], "示例", "SMS_1", {"code": "123456"}, "mine"))
    found = ask(emulator, lambda client: client.query_send_details(NUMBER, today, receipt.biz_id))
    assert [record.out_id for record in found] == ["mine"]
    sent = ask(emulator, lambda client: client.send_message_to_globe("85251234567", "Hello"))
    assert ask(emulator, lambda client: client.query_message(sent.message_id)).message_id == sent.message_id


def test_a_send_whose_outcome_is_uncertain_is_not_sent_again(emulator: Emulator) -> None:
    emulator.fault("status", action="SendSms", status=503, times=None)
    with pytest.raises(errors.DysmsServerError):
        ask(emulator, lambda client: client.send_sms([NUMBER], "示例", "SMS_1"))
    assert emulator.requests()["SendSms"]["requests"] == 1


def test_nothing_logs_a_number(emulator: Emulator, sent: list[str], caplog: pytest.LogCaptureFixture) -> None:
    emulator.fault("status", action="QuerySendDetails", status=503)
    with caplog.at_level(logging.DEBUG):
        day_of(emulator)
    assert "is sent again" in caplog.text
    assert NUMBER not in caplog.text


@pytest.mark.parametrize(
    ("days", "problem"),
    [
        ([DAY - timedelta(days=1)], "another day"),
        ([DAY, DAY + timedelta(days=1)], "another day"),
        ([DAY, DAY], "twice"),
    ],
)
def test_statistics_of_other_days_or_of_a_day_twice_are_refused(days: list[date], problem: str) -> None:
    counts = {"TotalCount": 1, "RespondedSuccessCount": 1, "RespondedFailCount": 0, "NoRespondedCount": 0}
    listed = [{**counts, "SendDate": dates.wire_day(day)} for day in days]
    body = json.dumps({"Code": "OK", "Data": {"TotalSize": len(listed), "TargetList": listed}}).encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + body)
        writer.close()

    async def quick(seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.01))

    async def session() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            key = Credentials("LTAIexample", "a-secret")
            async with DysmsClient(Settings(credentials=key, host="127.0.0.1", port=port), sleep=quick) as client:
                await client.query_send_statistics(DAY)

    with pytest.raises(errors.DysmsIncomplete, match=problem):
        asyncio.run(session())
