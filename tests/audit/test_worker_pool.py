"""Groups are processed concurrently, and their results come out in the order of the log."""

import asyncio
from collections.abc import Iterator
from random import Random

import pytest

from airflow_provider_dysms.audit.results import GroupResult, Source
from airflow_provider_dysms.audit.run import audit
from airflow_provider_dysms.audit.send_log.lines import Line
from airflow_provider_dysms.audit.worker_pool import OrderedPool


def test_results_come_out_in_the_order_of_the_log_and_a_slow_group_holds_up_no_other(world):
    for number in range(20):
        world.line("12:00:00", phone=f"139000000{number:02}")
    done = []

    async def slow_first(phone_number, send_date, biz_id=None):
        await asyncio.sleep(0.05 if phone_number.endswith("00") else 0)
        done.append(phone_number)
        return []

    world.query_send_details = slow_first
    verdicts = world.run(in_flight=4)
    assert [verdict.phone_number for verdict in verdicts] == [f"139000000{number:02}" for number in range(20)]
    assert done[-1].endswith("00")


@pytest.mark.parametrize("in_flight", [1, 3])
def test_no_more_queries_are_open_than_allowed(world, in_flight):
    for number in range(30):
        world.line("12:00:00", phone=f"139000000{number:02}", biz_id="1^0")
        world.line("12:00:00", phone=f"139000000{number:02}", biz_id="2^0")
    most = running = 0

    async def pause():
        nonlocal most, running
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    world.pause = pause
    world.run(in_flight=in_flight)
    assert most == in_flight


@pytest.mark.parametrize("seed", range(5))
def test_every_line_comes_out_in_order_whatever_the_response_times(world, seed):
    for number in range(500):
        world.line("12:00:00", phone=f"13900000{number:03}")
    rng = Random(seed)

    async def pause():
        await asyncio.sleep(rng.choice([0, 0, 0.0001]))

    world.pause = pause
    verdicts = world.run()
    assert [verdict.phone_number for verdict in verdicts] == [f"13900000{number:03}" for number in range(500)]


def test_a_slow_consumer_slows_the_queries_down(world):
    for number in range(500):
        world.line("12:00:00", phone=f"13900000{number:03}")

    async def take_one():
        results = audit(world.log(), world, send_date=world.day, as_of=world.as_of, in_flight=2)
        await anext(results)
        await asyncio.sleep(0.05)
        queried = len(world.queries)
        await results.aclose()
        return queried, len(asyncio.all_tasks())

    queried, tasks = asyncio.run(take_one())
    assert queried < 100
    assert tasks == 1


def groups(count: int) -> Iterator[tuple[int, list[Line]]]:
    return enumerate([Line("log.csv", number)] for number in range(count))


@pytest.mark.parametrize("workers", [1, 3, 64])
def test_no_more_groups_are_processed_at_once_than_there_are_workers(workers: int) -> None:
    running = most = 0

    async def process(index: int, lines: list[Line]) -> GroupResult:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return GroupResult(index, lines, [])

    async def run() -> list[int]:
        pool = OrderedPool(groups(200), lambda index, lines: None, process, workers)
        pool.start()
        found = []
        while results := await pool.next_results():
            found += [result.index for result in results]
        await pool.close()
        return found

    assert asyncio.run(run()) == list(range(200))
    assert most == workers


def test_known_results_are_not_queried_and_keep_their_place() -> None:
    queried = []

    async def process(index: int, lines: list[Line]) -> GroupResult:
        queried.append(index)
        await asyncio.sleep(0)
        return GroupResult(index, lines, [])

    def known(index: int, lines: list[Line]) -> GroupResult | None:
        return GroupResult(index, lines, [], Source.COMMITTED) if index % 3 else None

    async def run() -> list[int]:
        pool = OrderedPool(groups(100), known, process, 4)
        pool.start()
        found = []
        while results := await pool.next_results():
            found += [result.index for result in results]
        return found

    assert asyncio.run(run()) == list(range(100))
    assert sorted(queried) == list(range(0, 100, 3))
