"""The ways into the package: each asks for all there is of one action, and returns the rows of a book, or raises."""

from __future__ import annotations

import asyncio
import csv
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from airflow_provider_dysms.api.client import DysmsClient
from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model.records import MessageReport
from airflow_provider_dysms.operators.dysms import (
    DysmsQueryMessageOperator,
    DysmsQuerySendDetailsOperator,
    DysmsQuerySendStatisticsOperator,
    DysmsSendMessageToGlobeOperator,
    DysmsSendSmsOperator,
)
from airflow_provider_dysms.sensors.dysms import DysmsMessageSensor, DysmsSendDetailsSensor
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator
from airflow_provider_dysms.triggers.dysms import DysmsMessageTrigger, DysmsSendDetailsTrigger
from airflow_provider_dysms.waits.serialization import WaitResult, WaitSpec
from airflow_provider_dysms.waits.targets import WatchedSendDetail, dump
from support.conformance.book import ABROAD, DAY, FIRST_DAY, MESSAGE_IDS, NUMBER, WATCHED, Row
from support.conformance.entry import ENTRIES as ENTRIES
from support.conformance.entry import PRIVACY_KEY, Ask, Place, Refused, entry, errors_of_the_api, run, told
from support.conformance.striking import DETAILS, GLOBE, MESSAGE, SMS, STATISTICS

#: In earnest but for its pauses, and for how long it bears to be throttled.
HASTY = RetryPolicy(wait_initial=0.02, wait_account_limit=0.02, throttle_timeout=2.5)

TEXT = {"sign_name": "签名", "template_code": "SMS_100"}

# What is asked for, by action.

Question = Callable[[Any], Awaitable[Any]]


async def all_messages(ask: Callable[[str], Awaitable[MessageReport]]) -> list[MessageReport]:
    return [await ask(message_id) for message_id in MESSAGE_IDS]


CLIENT: dict[str, Question] = {
    DETAILS: lambda client: client.query_send_details(NUMBER, DAY),
    STATISTICS: lambda client: client.query_send_statistics(FIRST_DAY, DAY),
    MESSAGE: lambda client: all_messages(client.query_message),
    SMS: lambda client: client.send_sms([NUMBER], "签名", "SMS_100"),
    GLOBE: lambda client: client.send_message_to_globe(ABROAD, "hello"),
}
HOOK: dict[str, Callable[[DysmsHook], Any]] = {
    DETAILS: lambda hook: hook.query_send_details(NUMBER, DAY),
    STATISTICS: lambda hook: hook.query_send_statistics(FIRST_DAY, DAY),
    MESSAGE: lambda hook: [hook.query_message(message_id) for message_id in MESSAGE_IDS],
    SMS: lambda hook: hook.send_sms(NUMBER, **TEXT),
    GLOBE: lambda hook: hook.send_message_to_globe(ABROAD, "hello"),
}
TWIN: dict[str, Question] = {
    DETAILS: lambda hook: hook.aquery_send_details(NUMBER, DAY),
    STATISTICS: lambda hook: hook.aquery_send_statistics(FIRST_DAY, DAY),
    MESSAGE: lambda hook: all_messages(hook.aquery_message),
    SMS: lambda hook: hook.asend_sms(NUMBER, **TEXT),
    GLOBE: lambda hook: hook.asend_message_to_globe(ABROAD, "hello"),
}


def client(question: Question, transport: Callable[[float], httpx.AsyncBaseTransport] | None) -> Ask:
    def ask(place: Place) -> list[Row]:
        async def session() -> Any:
            engine = transport(place.timeout) if transport else None
            async with DysmsClient(place.settings, retry=HASTY, transport=engine) as asker:
                return await question(asker)

        with errors_of_the_api():
            return told(asyncio.run(session()))

    return ask


def hook(question: Callable[[DysmsHook], Any]) -> Ask:
    def ask(place: Place) -> list[Row]:
        with place.connection() as conn_id, errors_of_the_api():
            return told(question(DysmsHook(conn_id)))

    return ask


def twin(question: Question) -> Ask:
    def ask(place: Place) -> list[Row]:
        with place.connection() as conn_id, errors_of_the_api():
            return told(asyncio.run(question(DysmsHook(conn_id))))  # type: ignore[arg-type]

    return ask


ENGINES: dict[str, Callable[[float], httpx.AsyncBaseTransport] | None] = {
    "own": None,
    "httpx": lambda timeout: httpx.AsyncHTTPTransport(),
}
for action in CLIENT:
    for engine, transport in ENGINES.items():
        entry(f"client ({engine})", action)(client(CLIENT[action], transport))
    entry("hook", action)(hook(HOOK[action]))
    entry("hook (async)", action)(twin(TWIN[action]))


# Tasks.


@entry("operator", DETAILS)
def _(place: Place) -> list[Row]:
    return run(place, DysmsQuerySendDetailsOperator, phone_numbers=NUMBER, send_date=DAY)


@entry("operator", STATISTICS)
def _(place: Place) -> list[Row]:
    return run(place, DysmsQuerySendStatisticsOperator, first_date=FIRST_DAY, last_date=DAY)


@entry("operator", MESSAGE)
def _(place: Place) -> list[Row]:
    return run(place, DysmsQueryMessageOperator, message_ids=MESSAGE_IDS)


@entry("operator", SMS)
def _(place: Place) -> list[Row]:
    sent: Any = run(place, DysmsSendSmsOperator, phone_numbers=NUMBER, **TEXT)
    return [{"id": sent["biz_id"]}]


@entry("operator", GLOBE)
def _(place: Place) -> list[Row]:
    sent: Any = run(place, DysmsSendMessageToGlobeOperator, to=ABROAD, message="hello")
    return [{"id": sent["message_id"]}]


def log_of(place: Place, *lines: dict[str, str]) -> str:
    with (place.folder / "sent.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows(lines)
    return f"file://{place.folder}/sent.csv"


def transfer(place: Place, **arguments: Any) -> list[Row]:
    out = place.folder / "out"
    arguments = {"statistics": "skip", "content": "keep", **arguments}
    try:
        run(place, DysmsToObjectStorageOperator, send_date=DAY, output_uri=f"file://{out}", **arguments)
    except Refused:
        left = [path for path in out.rglob("*") if path.is_file()]
        assert not left, f"a refused transfer left {left}"
        raise
    text = (out / f"send_date={DAY}/part-0.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@entry("transfer (numbers)", DETAILS)
def _(place: Place) -> list[Row]:
    return transfer(place, phone_numbers=[NUMBER])


@entry("transfer (log)", DETAILS)
def _(place: Place) -> list[Row]:
    lines = [{"phone_number": NUMBER, "out_id": f"out-{count}"} for count in range(137)]
    return transfer(place, sent_uri=log_of(place, *lines))


@entry("transfer (log)", MESSAGE)
def _(place: Place) -> list[Row]:
    lines = [{"message_id": message_id} for message_id in MESSAGE_IDS]
    return transfer(place, sent_uri=log_of(place, *lines))


# Waits.

SOON = {"poke_interval": 0.5, "max_poke_interval": 1.0, "timeout": 4.0}


@entry("sensor", DETAILS, watches=True)
def _(place: Place) -> list[Row]:
    watched = {"phone_numbers": NUMBER, "out_id": f"out-{WATCHED}", "send_date": DAY}
    return run(place, DysmsSendDetailsSensor, fail_on_failed=False, **watched, **SOON)


@entry("sensor", MESSAGE, watches=True)
def _(place: Place) -> list[Row]:
    return run(place, DysmsMessageSensor, fail_on_failed=False, message_ids=MESSAGE_IDS[0], **SOON)


def trigger(place: Place, kind: Callable[..., Any], **watched: Any) -> list[Row]:
    now = time.time()
    plan = WaitSpec(
        digest="0123456789abcdef",
        count=1,
        needed=1,
        started_at=now,
        asked_at=now - 10,
        deadline=now + SOON["timeout"],
        poke_interval=SOON["poke_interval"],
        max_poke_interval=SOON["max_poke_interval"],
        grace_period=60.0,
    )

    async def wait(conn_id: str) -> Any:
        awaited = kind(dysms_conn_id=conn_id, **watched, **plan.stored())
        events = [event.payload async for event in awaited.run()]
        assert len(events) == 1
        return WaitResult.restore(json.loads(json.dumps(events[0])))

    with place.connection() as conn_id:
        ending = asyncio.run(wait(conn_id))
    if ending.ended == "refused":
        raise Refused("refused", again=not ending.is_lasting)
    if ending.ended == "timeout":
        raise Refused("timeout")
    return [report.as_dict() for report in ending.reports.values()]


@entry("trigger", DETAILS, watches=True)
def _(place: Place) -> list[Row]:
    from airflow_provider_dysms.model.privacy import PrivacyKey

    watched = [WatchedSendDetail(NUMBER, DAY, None, f"out-{WATCHED}")]
    return trigger(place, DysmsSendDetailsTrigger, sealed=PrivacyKey(PRIVACY_KEY).seal(dump(watched)))


@entry("trigger", MESSAGE, watches=True)
def _(place: Place) -> list[Row]:
    return trigger(place, DysmsMessageTrigger, message_ids=MESSAGE_IDS[:1])
