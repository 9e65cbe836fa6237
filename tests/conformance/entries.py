"""The ways into the package: each asks for all there is of one action, and returns the rows of a book, or raises."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout
from book import ABROAD, DAY, FIRST_DAY, MESSAGE_IDS, NUMBER, WATCHED, Row
from striking import DETAILS, GLOBE, MESSAGE, SMS, STATISTICS

from airflow_provider_dysms.api import errors
from airflow_provider_dysms.api.client import DysmsClient
from airflow_provider_dysms.api.credentials import Credentials
from airflow_provider_dysms.api.delivery import judge_message, judge_send_detail
from airflow_provider_dysms.api.records import MessageReport, SendDetail, SendStatistics
from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.api.settings import Settings
from airflow_provider_dysms.hooks.dysms import DysmsHook, DysmsSendUncertain
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
from airflow_provider_dysms.waits.stored import Ending, Plan
from airflow_provider_dysms.waits.watched import WatchedSendDetail, dump

SECRET, PRIVACY_KEY = "a-secret-of-nothing", "k" * 32

#: In earnest but for its pauses, and for how long it bears to be throttled.
HASTY = RetryPolicy(first_pause=0.02, limit_pause=0.02, throttle_patience=2.5)

TEXT = {"sign_name": "签名", "template_code": "SMS_100"}


class Refused(Exception):
    """An entry refused to give rows.

    :param error: the class of error, by name; ``timeout`` where a wait went on to its end
    :param again: whether Airflow tries the task again; ``None`` where there is no task
    :param uncertain: whether a message may have been sent
    """

    def __init__(self, error: str, again: bool | None = None, *, uncertain: bool = False) -> None:
        super().__init__(f"{error}{'' if again is None else ', tried again' if again else ', for good'}")
        self.error = error
        self.again = again
        self.uncertain = uncertain


@dataclass(frozen=True)
class Place:
    """Where one case happens.

    :param login: nobody else's, and with it the budget
    :param folder: for what it writes; it exists
    :param timeout: of the connection, seconds
    """

    port: int
    login: str
    folder: Path
    timeout: float

    @property
    def settings(self) -> Settings:
        credentials = Credentials(self.login, SECRET)
        return Settings(credentials=credentials, host="127.0.0.1", port=self.port, timeout=self.timeout, quota_share=1)

    @contextmanager
    def connection(self) -> Iterator[str]:
        """Define the connection and return its id."""
        extra = {"timeout": self.timeout, "quota_share": 1, "privacy_key": PRIVACY_KEY}
        fields = {"conn_type": "dysms", "login": self.login, "password": SECRET, "host": "127.0.0.1"}
        name = f"AIRFLOW_CONN_{self.login.upper()}"
        os.environ[name] = json.dumps({**fields, "schema": "http", "port": self.port, "extra": extra})
        try:
            yield self.login.lower()
        finally:
            del os.environ[name]


Ask = Callable[[Place], list[Row]]


@dataclass(frozen=True)
class Entry:
    """One way in.

    :param kind: ``client``, ``hook``, ``operator``, ``transfer``, ``sensor`` or ``trigger``
    :param watches: it asks for one message of many
    """

    name: str
    kind: str
    action: str
    ask: Ask
    watches: bool = False


ENTRIES: dict[str, Entry] = {}


def entry(name: str, action: str, *, watches: bool = False) -> Callable[[Ask], Ask]:
    def put(ask: Ask) -> Ask:
        ENTRIES[f"{name}, {action}"] = Entry(name, name.split()[0], action, ask, watches)
        return ask

    return put


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


class Instance(SimpleNamespace):
    """As much of a task instance as a poking sensor looks at."""

    def xcom_push(self, key: str, value: Any) -> None:
        pass


def context() -> Any:
    return {
        "ti": Instance(start_date=datetime.now(UTC), try_number=1, dag_id="d", run_id="r", task_id="t", map_index=-1)
    }


@entry("sensor", DETAILS, watches=True)
def _(place: Place) -> list[Row]:
    watched = {"phone_numbers": NUMBER, "out_id": f"out-{WATCHED}", "send_date": DAY}
    return run(place, DysmsSendDetailsSensor, fail_on_failed=False, **watched, **SOON)


@entry("sensor", MESSAGE, watches=True)
def _(place: Place) -> list[Row]:
    return run(place, DysmsMessageSensor, fail_on_failed=False, message_ids=MESSAGE_IDS[0], **SOON)


def trigger(place: Place, kind: Callable[..., Any], **watched: Any) -> list[Row]:
    now = time.time()
    plan = Plan(
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
        return Ending.restore(json.loads(json.dumps(events[0])))

    with place.connection() as conn_id:
        ending = asyncio.run(wait(conn_id))
    if ending.ended == "refused":
        raise Refused("refused", again=not ending.is_lasting)
    if ending.ended == "timeout":
        raise Refused("timeout")
    return [report.as_dict() for report in ending.reports.values()]


@entry("trigger", DETAILS, watches=True)
def _(place: Place) -> list[Row]:
    from airflow_provider_dysms.api.privacy import PrivacyKey

    watched = [WatchedSendDetail(NUMBER, DAY, None, f"out-{WATCHED}")]
    return trigger(place, DysmsSendDetailsTrigger, sealed=PrivacyKey(PRIVACY_KEY).seal(dump(watched)))


@entry("trigger", MESSAGE, watches=True)
def _(place: Place) -> list[Row]:
    return trigger(place, DysmsMessageTrigger, message_ids=MESSAGE_IDS[:1])


# How they end.


def run(place: Place, operator: Callable[..., Any], **arguments: Any) -> Any:
    """Run a task; say of its error what it is about and whether Airflow tries again."""
    with place.connection() as conn_id:
        task = operator(task_id="t", dysms_conn_id=conn_id, **arguments)
        try:
            return task.execute(context())
        except AirflowSensorTimeout:
            raise Refused("timeout") from None
        except Exception as error:
            again, uncertain = not isinstance(error, AirflowFailException), isinstance(error, DysmsSendUncertain)
            if isinstance(error.__cause__, errors.DysmsError):
                raise Refused(type(error.__cause__).__name__, again, uncertain=uncertain) from error
            raise


@contextmanager
def errors_of_the_api() -> Iterator[None]:
    try:
        yield
    except errors.DysmsError as error:
        raise Refused(type(error).__name__) from error


def told(found: Any) -> list[Row]:
    """Return records as a book tells them."""
    if not isinstance(found, list):
        return [{"id": getattr(found, "biz_id", None) or getattr(found, "message_id", None)}]
    return [_told(record) for record in found]


def _told(record: SendDetail | SendStatistics | MessageReport) -> Row:
    if isinstance(record, SendStatistics):
        names = ("total", "delivered", "failed", "waiting")
        return {"send_date": str(record.send_date), **{name: getattr(record, name) for name in names}}
    judge: Any = judge_send_detail if isinstance(record, SendDetail) else judge_message
    names = ("phone_number", "error_code", "content")
    names += ("template_code", "out_id") if isinstance(record, SendDetail) else ("message_id",)
    return {
        **{name: getattr(record, name) for name in names},
        "state": judge(record, datetime.now(UTC)).state.value,
        "sent_at": _iso(record.sent_at),
        "received_at": _iso(record.received_at),
    }


def _iso(instant: datetime | None) -> str | None:
    return instant and instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
