"""The waits of one event loop share a client and a budget, and the last one closes every connection."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.bases.hook import BaseHook

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.triggers.dysms import DysmsMessageTrigger, _read_connection
from airflow_provider_dysms.waits.polling import poller
from airflow_provider_dysms.waits.polling.queue import MAX_CONCURRENT


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    real, seen = BaseHook.get_connection, []

    def look_up(conn_id: str) -> Any:
        seen.append(conn_id)
        return real(conn_id)

    monkeypatch.setattr(BaseHook, "get_connection", staticmethod(look_up))
    return seen


def test_two_hundred_waits_share_a_look_up_a_budget_and_few_connections(
    emulator: Emulator, another_login: Any, lookups: list[str], run: Any, spec: Any, international: Any
) -> None:
    emulator.quotas(QueryMessage=200)
    another_login(quota_share=0.5, quota={"QueryMessage": 200})
    triggers = [
        DysmsMessageTrigger(message_ids=[each], dysms_conn_id="dysms_default", **spec()) for each in international(200)
    ]
    assert {result.ended for result in run(*triggers)} == {"decided"}
    assert len(lookups) == 1
    assert emulator.connections() <= MAX_CONCURRENT
    asked = emulator.requests()["QueryMessage"]
    assert asked["requests"] == 200
    assert asked["throttled"] == 0
    # A hundred a second leave; what is on its way while the server is busy may arrive on top.
    assert asked["worst_second"] <= 100 + MAX_CONCURRENT


def test_two_loops_in_two_threads_share_nothing(
    connect: Any, lookups: list[str], spec: Any, international: Any, emulator: Emulator, still_open: Any
) -> None:
    ids = international(2, settles_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    both = threading.Barrier(2, timeout=30)

    def one(message_id: str) -> None:
        async def story() -> None:
            trigger = DysmsMessageTrigger(message_ids=[message_id], dysms_conn_id="dysms_default", **spec())
            running = asyncio.create_task(anext(trigger.run()))
            await asyncio.sleep(0.3)
            await asyncio.to_thread(both.wait)
            assert len(poller._pollers) == 2
            if await asyncio.to_thread(both.wait) == 0:
                emulator.tick()  # settles them all
            assert (await running).payload["ended"] == "decided"

        asyncio.run(story())

    threads = [threading.Thread(target=one, args=(message_id,)) for message_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(lookups) == 2
    assert not still_open()


def test_a_loop_that_ended_with_waits_in_it_is_forgotten_with_the_next(connect: Any, still_open: Any) -> None:
    async def abandon() -> None:
        poller.acquire("dysms_default", _read_connection)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(abandon())
    loop.close()
    assert list(poller._pollers) == [loop]

    async def begin() -> None:
        await poller.acquire("dysms_default", _read_connection).release()

    asyncio.run(begin())
    assert loop not in poller._pollers
    assert not still_open()


def test_two_connections_share_nothing(
    connect: Any, lookups: list[str], run: Any, spec: Any, international: Any
) -> None:
    connect("another")
    ids = international(2)
    results = run(
        DysmsMessageTrigger(message_ids=ids[:1], dysms_conn_id="dysms_default", **spec()),
        DysmsMessageTrigger(message_ids=ids[1:], dysms_conn_id="another", **spec()),
    )
    assert [result.ended for result in results] == ["decided", "decided"]
    assert sorted(lookups) == ["another", "dysms_default"]


def test_with_the_last_wait_every_connection_is_closed(
    connect: Any, wire: Any, spec: Any, international: Any, still_open: Any
) -> None:
    (pending,), (delivered,) = international(state="waiting"), international()

    async def story() -> None:
        async with wire:
            connect(port=wire.port)
            waiting = DysmsMessageTrigger(message_ids=[pending], dysms_conn_id="dysms_default", **spec())
            running = asyncio.create_task(anext(waiting.run()))
            short = DysmsMessageTrigger(message_ids=[delivered], dysms_conn_id="dysms_default", **spec())
            ran = short.run()
            await anext(ran)  # nobody calls cleanup, and the generator is not over
            await asyncio.sleep(0.2)
            assert wire.open_now >= 1
            running.cancel()
            await asyncio.wait([running])
            await closed(wire)
            assert not still_open()
            await waiting.cleanup()
            await waiting.cleanup()
            await short.cleanup()
            await ran.aclose()
            assert not still_open()

    asyncio.run(story())


@pytest.mark.parametrize("after", [0.0, 0.001, 0.005, 0.02, 0.1, 0.15, 0.25, 0.4])
@pytest.mark.parametrize("count", [1, 20])
def test_whenever_a_wait_is_cancelled_nothing_is_left(
    connect: Any,
    wire: Any,
    spec: Any,
    international: Any,
    emulator: Emulator,
    still_open: Any,
    after: float,
    count: int,
) -> None:
    emulator.configure(latency_ms=30)
    ids = international(count, state="waiting")

    async def story() -> None:
        async with wire:
            connect(port=wire.port)
            trigger = DysmsMessageTrigger(message_ids=ids, dysms_conn_id="dysms_default", **spec(count))
            running = asyncio.create_task(anext(trigger.run()))
            await asyncio.sleep(after)
            running.cancel()
            await asyncio.wait([running])
            assert running.cancelled()
            await trigger.cleanup()
            assert not still_open()
            await closed(wire)

    asyncio.run(story())


def test_the_longest_overdue_message_is_polled_first_although_another_wait_has_many(
    emulator: Emulator, another_login: Any, run: Any, spec: Any, international: Any
) -> None:
    emulator.quotas(QueryMessage=400)
    another_login(quota_share=0.5, quota={"QueryMessage": 400})
    many, (one,) = international(1000), international()
    now = spec()["started_at"]
    run(
        DysmsMessageTrigger(message_ids=many, **spec(1000, started_at=now - 50, asked_at=now - 50, poke_interval=10)),
        DysmsMessageTrigger(message_ids=[one], **spec(started_at=now - 60, asked_at=now - 60, poke_interval=10)),
    )
    asked = [call["parameters"]["MessageId"] for call in emulator.calls()]
    assert len(asked) == 1001
    # Requests that are sent together may overtake each other on their connections.
    assert asked.index(one) < 2 * MAX_CONCURRENT


def test_no_wait_starves_if_there_are_more_messages_than_the_budget_allows(
    emulator: Emulator, another_login: Any, run: Any, spec: Any, international: Any
) -> None:
    emulator.quotas(QueryMessage=400)
    another_login(quota_share=0.5, quota={"QueryMessage": 400})
    many, (one,) = international(300, state="waiting"), international(state="waiting")
    run(
        DysmsMessageTrigger(message_ids=many, **spec(300, lasts=5.0)),
        DysmsMessageTrigger(message_ids=[one], **spec(lasts=5.0)),
    )
    asked = Counter(call["parameters"]["MessageId"] for call in emulator.calls())
    of_many = sum(asked[each] for each in many) / len(many)
    assert asked[one] >= of_many - 1
    assert min(asked.values()) >= 1


async def closed(wire: Any) -> None:
    async with asyncio.timeout(5):
        await wire.all_closed()
