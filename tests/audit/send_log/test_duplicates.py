"""A log is written at least once: copies of a line are one message, and real resends are as many as have records."""

from __future__ import annotations

from collections import Counter
from itertools import chain, groupby
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_dysms.audit.matching.detail_queries import AuditScope
from airflow_provider_dysms.audit.send_log.duplicates import repeated_lines
from airflow_provider_dysms.model.records import MessageReport

#: Ways in which a line may find its record; two lines of one way differ in nothing but what is carried.
WAYS: dict[str, dict[str, Any]] = {
    "biz_id": {"biz_id": "1^0"},
    "biz_id and out_id": {"biz_id": "2^0", "out_id": "a"},
    "out_id": {"out_id": "b"},
    "out_id and time": {"out_id": "c", "sent_at": "09:00:00"},
    "time": {"sent_at": "12:00:00"},
    "another time": {"sent_at": "18:00:00"},
}


def is_found_by(way: str, world: Any, count: int) -> None:
    """Add the records that the lines of a way find."""
    key = WAYS[way]
    for place in range(count):
        clock = key.get("sent_at", "15:00:00")[:-2] + f"{place:02}"
        world.record(clock, biz_id=key.get("biz_id"), out_id=key.get("out_id"), content=f"{way} {place}")


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    counts=st.fixed_dictionaries({}, optional={way: st.tuples(st.integers(1, 4), st.integers(0, 4)) for way in WAYS}),
    order=st.randoms(use_true_random=False),
)
def test_lines_of_one_message_are_counted_as_the_rule_says(new_world: Any, counts: Any, order: Any) -> None:
    world = new_world()
    world.carry = ("place",)
    ways = [way for way, (lines, _) in counts.items() for _ in range(lines)]
    order.shuffle(ways)
    for place, way in enumerate(ways):
        world.line(carried=(str(place),), **WAYS[way])
    for way, (_, records) in counts.items():
        is_found_by(way, world, records)
    verdicts = world.run()

    expected: Counter[str] = Counter()
    said_twice = 0
    for way, (lines, records) in counts.items():
        messages = min(1 if "biz_id" in WAYS[way] else lines, max(records, 1))
        expected["delivered"] += min(messages, records)
        expected["missing"] += not records
        expected["unlogged"] += records - min(messages, records)
        said_twice += lines - messages
    assert Counter(verdict.state for verdict in verdicts) == +expected
    assert world.tally.repeated == said_twice
    assert world.tally.rows == world.tally.lines - said_twice + expected["unlogged"]
    # The first lines of each message keep their values, and rows come in the order of the log.
    firsts = {way: [str(place) for place, other in enumerate(ways) if other == way] for way in counts}
    kept = [
        firsts[way][: min(1 if "biz_id" in WAYS[way] else lines, max(records, 1))]
        for way, (lines, records) in counts.items()
    ]
    assert [verdict.carried[0] for verdict in verdicts if verdict.state != "unlogged"] == sorted(chain(*kept), key=int)


KEYS = st.tuples(st.sampled_from([None, "1^0"]), st.sampled_from([None, "a", "b"]), st.integers(0, 3))


@settings(max_examples=200, deadline=None)
@given(
    lines=st.lists(KEYS, min_size=1, max_size=6),
    records=st.lists(KEYS, max_size=5),
    way=st.sampled_from(["auto", "out_id", "sent_at"]),
)
def test_repeated_lines_change_nothing_but_their_count(new_world: Any, lines: Any, records: Any, way: str) -> None:
    def build(places: Any) -> Any:
        world = new_world()
        for place in places:
            biz_id, out_id, minute = lines[place]
            world.line(f"12:0{minute}:00", biz_id=biz_id, out_id=out_id, carried=(str(place),))
        for place, (biz_id, out_id, minute) in enumerate(records):
            world.record(f"12:0{minute}:01", biz_id=biz_id, out_id=out_id, content=f"【S】{place}")
        world.has_match_keys = True
        world.carry = ("place",)
        return world

    if way == "out_id" and not any(out_id for _, out_id, _ in lines):
        return
    whole = build(range(len(lines)))
    verdicts = whole.run(way)
    kept = [int(verdict.carried[0]) for verdict in verdicts if verdict.state != "unlogged"]
    if way == "out_id" and not any(lines[place][1] for place in kept):
        return
    without = build(kept)
    assert without.run(way) == verdicts
    assert without.tally.as_dict() == whole.tally.as_dict() | {
        "lines": len(kept),
        "repeated": 0,
        "asked": without.tally.asked,
    }


@pytest.mark.parametrize("records", [1, 2, 3])
def test_resends_with_one_out_id_are_as_many_as_have_records(world: Any, records: int) -> None:
    world.line(out_id="a").line(out_id="a")
    for second in range(records):
        world.record(f"12:00:0{second}", out_id="a")
    world.run()
    states = {"delivered": min(records, 2)} | ({"unlogged": 1} if records == 3 else {})
    assert (world.tally.by_state, world.tally.repeated) == (states, 1 if records == 1 else 0)


def test_copies_query_no_further_query_and_make_nothing_ambiguous(world: Any) -> None:
    world.line(out_id="a").line(out_id="a").record("12:00:00", out_id="a")
    world.run()
    assert (world.tally.asked, world.tally.ambiguous, world.tally.missing, world.tally.missing_rate) == (1, 0, 0, 0)


def test_a_biz_id_is_one_message_even_if_a_copy_was_written_at_another_time(world: Any) -> None:
    world.line("12:00:00", biz_id="1^0").line("12:05:00", biz_id="1^0").record("12:00:00", biz_id="1^0")
    world.line("15:00:00", biz_id="2^0").line("15:05:00", biz_id="2^0")
    assert [verdict.state for verdict in world.run()] == ["delivered", "missing"]
    assert world.tally.repeated == 2


def test_lines_that_differ_in_time_alone_are_not_copies(world: Any) -> None:
    world.line("12:00:00", out_id="a").line("18:00:00", out_id="a").record("12:00:00", out_id="a")
    assert [verdict.state for verdict in world.run()] == ["delivered", "missing"]
    assert world.tally.repeated == 0


def test_a_biz_id_that_is_not_looked_at_still_tells_lines_apart(world: Any) -> None:
    for biz_id in ("1^0", "2^0"):
        world.line("12:00:00", biz_id=biz_id)
    world.record("12:00:00")
    assert [verdict.state for verdict in world.run("sent_at")] == ["delivered", "missing"]


def test_the_number_in_another_spelling_is_a_copy_too(world: Any) -> None:
    world.line("12:00:00").line("12:00:00", phone="+86 139-0000-0000").record("12:00:00")
    assert [verdict.state for verdict in world.run()] == ["delivered"]
    assert world.tally.repeated == 1


def test_an_unknown_message_id_is_missing_once(world: Any) -> None:
    world.line(phone=None, message_id="1").line(phone=None, message_id="1")
    assert [verdict.state for verdict in world.run()] == ["missing"]
    assert (world.tally.missing, world.tally.repeated, world.tally.missing_rate) == (1, 1, 1.0)


def test_a_list_of_queries_and_rejected_lines_have_no_copies(world: Any) -> None:
    world.line().line().rejected().rejected().record("12:00:00").record("13:00:00")
    states = [verdict.state for verdict in world.run()]
    assert (sorted(states), world.tally.repeated) == (["delivered", "delivered", "rejected", "rejected"], 0)


def test_the_first_line_of_a_message_that_has_the_record_keeps_its_values(world: Any) -> None:
    world.carry = ("user",)
    world.line("12:05:00", biz_id="1^0", carried=("late",)).line("12:00:00", biz_id="1^0", carried=("exact",))
    world.line("12:00:00", biz_id="1^0", carried=("again",)).record("12:00:00", biz_id="1^0")
    (verdict,) = world.run()
    assert verdict.carried == ("exact",)


def test_none_is_repeated_where_each_has_a_record(world: Any) -> None:
    world.line(out_id="a").line(out_id="a")
    scope = AuditScope(world.day, world.as_of)
    assert repeated_lines(world.lines, [object(), object()], scope) == ()
    assert repeated_lines(world.lines, [None, object()], scope) == (0,)
    assert repeated_lines(world.lines, [None, None], scope) == (1,)


def test_a_message_id_and_its_copies_are_queried_once(world: Any) -> None:
    for _ in range(3):
        world.line(phone=None, message_id="1")
    world.reports["1"] = MessageReport(message_id="1", status="1", error_code="DELIVERED")
    assert [verdict.state for verdict in world.run()] == ["delivered"]
    assert [len(list(group)) for _, group in groupby(world.queries.elements())] == [1]
