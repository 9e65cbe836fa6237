"""The same log and the same records give the same rows, at any speed; and nothing is left running."""

import asyncio
import gc
from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.verdicts import states_and_texts

from airflow_provider_dysms.audit.run import audit
from airflow_provider_dysms.audit.tally import Tally
from airflow_provider_dysms.audit.worker_pool import OrderedPool
from airflow_provider_dysms.model.errors import DysmsIncomplete, DysmsServerError
from airflow_provider_dysms.model.records import MessageReport

PHONES = ["13900000000", "13900000001", "85261234567"]
KEYS = st.sampled_from([None, "a", "b"])


@st.composite
def plots(draw):
    """A log of a few numbers, and records that may or may not be theirs."""
    seconds = st.one_of(st.none(), st.integers(-300, 86_700), st.integers(43_200, 43_205))
    lines = draw(
        st.lists(
            st.tuples(st.sampled_from(PHONES), seconds, KEYS, KEYS, st.sampled_from([None, None, None, "1", "2", "!"])),
            max_size=8,
        )
    )
    records = draw(
        st.lists(
            st.tuples(
                st.sampled_from(PHONES),
                st.one_of(st.integers(-600, 87_000), st.integers(43_200, 43_205)),
                KEYS,
                KEYS,
                st.sampled_from([1, 2, 3]),
            ),
            max_size=8,
        )
    )
    return lines, records


def build(world, plot):
    lines, records = plot
    start = world.at("00:00:00")
    for phone, second, biz_id, out_id, message_id in lines:
        if message_id == "!":
            world.rejected()
            continue
        world.line(phone=phone, biz_id=biz_id, out_id=out_id, **({"message_id": message_id} if message_id else {}))
        if second is not None:
            line = world.lines.pop()
            world.lines.append(_dated(line, start + timedelta(seconds=second)))
    for phone, second, biz_id, out_id, status in records:
        instant = start + timedelta(seconds=second)
        world.record(
            "12:00:00", phone=phone, biz_id=biz_id, out_id=out_id, status=status, content=f"【S】{len(world.records)}"
        )
        record, of, _ = world.records.pop()
        world.records.append((_dated(record, instant), of, instant.astimezone(start.tzinfo).date()))
    world.reports["1"] = MessageReport(message_id="1", status="1", error_code="DELIVERED")
    return world


def _dated(thing, instant):
    import dataclasses

    import msgspec

    replace = msgspec.structs.replace if isinstance(thing, msgspec.Struct) else dataclasses.replace
    return replace(thing, sent_at=instant)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(plots(), st.integers(0, 999))
def test_no_order_of_responses_changes_the_rows(new_world, plot, seed):
    quiet = build(new_world(), plot)
    expected = quiet.run(in_flight=1)
    hurried = build(new_world(), plot)
    random = Random(seed)

    async def pause():
        for _ in range(random.randrange(4)):
            await asyncio.sleep(0)

    hurried.pause = pause
    random.shuffle(hurried.records)
    assert hurried.run(in_flight=random.randrange(1, 9)) == expected
    assert hurried.tally.as_dict() == quiet.tally.as_dict()


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(plots(), st.sampled_from(["auto", "sent_at"]))
def test_every_line_gets_one_verdict_or_is_repeated_and_every_record_goes_to_one_line(new_world, plot, match):
    world = build(new_world(), plot)
    log = world.log()
    if match == "sent_at" and not any(line.sent_at and not line.message_id for line in log.lines):
        return
    verdicts = world.run(match)
    used = Counter(verdict.content for verdict in verdicts if verdict.content)
    assert set(used.values()) <= {1}
    assert set(world.queries.values()) <= {1}
    assert world.tally.lines == len(log.lines)
    assert world.tally.rows == len(verdicts) == sum(world.tally.by_state.values())
    assert world.tally.asked == len(world.queries)
    if log.has_match_keys:
        assert sum(verdict.state != "unlogged" for verdict in verdicts) == len(log.lines) - world.tally.repeated
    queried = {question for question in world.queries if isinstance(question, tuple)}
    seen = {
        record.content
        for record, of, day in world.records
        if day == world.day and queried & {(record.phone_number, day, None), (record.phone_number, day, of)}
    }
    assert len(seen - used.keys()) == world.tally.edge


def test_a_log_of_which_a_line_does_not_come_out_is_refused(world, monkeypatch):
    for number in range(20):
        world.line("12:00:00", phone=f"139000000{number:02}")
    whole = OrderedPool.next_results

    async def short(pool):
        return [result for result in await whole(pool) if result.index < 15]

    monkeypatch.setattr(OrderedPool, "next_results", short)
    with pytest.raises(DysmsIncomplete, match="5 lines of the log were not processed"):
        world.run()


def test_the_first_error_ends_everything_as_it_is_and_leaves_nothing_behind(world, recwarn):
    gc.collect()  # what other tests have left is not its own
    recwarn.clear()
    for number in range(50):
        world.line("12:00:00", phone=f"139000000{number:02}", biz_id="1^0")
        world.line("12:00:00", phone=f"139000000{number:02}", biz_id="2^0")
    error = DysmsServerError("QuerySendDetails: no")
    complaints = []

    async def ask(phone_number, send_date, biz_id=None):
        if phone_number.endswith("05") and biz_id == "1^0":
            await asyncio.sleep(0)
            raise error
        await asyncio.sleep(3600)

    async def run():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        with pytest.raises(DysmsServerError) as raised:
            async with asyncio.timeout(5):
                await world.results(in_flight=50)
        return raised.value, asyncio.all_tasks()

    world.query_send_details = ask
    raised, tasks = asyncio.run(run())
    gc.collect()
    assert raised is error
    assert len(tasks) == 1
    assert not complaints
    assert not recwarn.list


def test_cancelling_ends_everything_too(world):
    world.line("12:00:00").line("12:00:00", phone="13900000001", biz_id="1^0")

    async def forever():
        await asyncio.sleep(3600)

    async def run():
        task = asyncio.create_task(world.results())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return asyncio.all_tasks()

    world.pause = forever
    assert len(asyncio.run(run())) == 1


def test_a_query_that_is_given_up_is_not_the_end_of_the_log(world):
    world.line("12:00:00").line("12:00:00", phone="13900000001")

    async def give_up():
        raise asyncio.CancelledError

    world.pause = give_up
    with pytest.raises(asyncio.CancelledError):
        world.run()


def test_the_tally_is_up_to_date_with_what_was_handed_out(world):
    for number in range(3):
        world.line("12:00:00", phone=f"1390000000{number}")

    async def run():
        seen = []
        async for _ in audit(world.log(), world, send_date=world.day, as_of=world.as_of, tally=world.tally):
            seen.append(world.tally.lines)
        return seen

    assert asyncio.run(run()) == [1, 2, 3]


def test_an_empty_log_queries_nothing(world):
    world.day = date(2025, 6, 1)
    assert world.run() == []
    assert world.tally.as_dict() == Tally().as_dict()


class TestListOfNumbers:
    def test_every_number_is_queried_once_and_every_record_comes_out_once(self, world):
        world.carry = ("user",)
        world.line(carried=("1",)).line(phone="13900000001", carried=("2",)).line(carried=("3",)).rejected(
            carried=("4",)
        )
        world.record("00:00:05", content="edge").record("12:00:00", status=1, code=None, took=None, content="open")
        verdicts = world.run()
        assert states_and_texts(verdicts) == [("delivered", "edge"), ("waiting", "open"), ("rejected", None)]
        assert [verdict.carried for verdict in verdicts] == [("1",), ("1",), ("4",)]
        assert world.queries == {(world.phone, world.day, None): 1, ("13900000001", world.day, None): 1}
        assert (world.tally.lines, world.tally.missing, world.tally.edge) == (4, 0, 0)
