"""The days and numbers that are queried: each once, near midnight two days, and none that the service has forgotten."""

import pytest
from support.verdicts import states_and_texts

from airflow_provider_dysms.model.errors import DysmsInputError


def test_both_days_are_queried_and_a_message_dated_the_day_after_is_found(world):
    world.line("23:59:59").record("+1 00:00:01", content="late").record("+1 00:00:30", content="tomorrow's")
    assert states_and_texts(world.run()) == [("delivered", "late")]
    assert world.tally.unlogged == 0
    assert world.tally.off_day == 0


def test_a_line_without_a_time_queries_the_day_after_only_when_it_found_nothing(world):
    world.line(out_id="a").line(out_id="b")
    world.record("12:00:00", out_id="a").record("+1 00:09:59", out_id="b")
    assert [verdict.state for verdict in world.run()] == ["delivered", "delivered"]
    assert world.tally.asked == 2


def test_a_line_dated_just_after_midnight_looks_at_the_day_before_when_it_found_nothing(world):
    world.line("00:00:00.5").record("-1 23:59:59")
    assert [verdict.state for verdict in world.run()] == ["delivered"]
    assert world.tally.asked == 2


def test_days_in_the_future_are_not_queried(world):
    world.as_of = world.at("23:59:59")
    world.line("23:59:00").line(out_id="a").record("23:59:00")
    assert [verdict.state for verdict in world.run()] == ["delivered", "missing"]
    assert {day for _, day, _ in world.queries} == {world.day}


def test_a_line_from_the_future_queries_the_day_of_the_log(world):
    world.as_of = world.at("23:59:59")
    world.line("+1 00:05:00").record("23:59:00")
    assert [verdict.state for verdict in world.run()] == ["delivered"]


def test_a_forgotten_day_is_not_passed_over_in_silence(world):
    world.as_of = world.at("+40 12:00:00")
    world.line("12:00:00").run()
    assert (world.phone, world.day, None) in world.queries


def test_days_that_are_forgotten_are_not_queried(world):
    world.as_of = world.at("+30 12:00:00")
    world.line("-1 23:55:00").line("00:01:00", phone="13900000001")
    assert [verdict.state for verdict in world.run()] == ["missing", "missing"]
    assert {day for _, day, _ in world.queries} == {world.day}


@pytest.mark.parametrize("match", ["biz_id", "out_id", "sent_at"])
def test_a_key_that_no_line_has_is_refused_before_anything_is_queried(world, match):
    world.line(message_id="1", biz_id="1^0", out_id="a", sent_at="12:00:00").line()
    with pytest.raises(DysmsInputError, match=f"^match is '{match}', but no line of the log has one"):
        world.run(match)
    assert not world.queries


def test_an_unknown_key_is_refused(world):
    with pytest.raises(DysmsInputError, match=r"^match must be one of auto, biz_id, out_id, sent_at, not 'nearest'"):
        world.run("nearest")


def test_a_log_of_message_ids_or_of_nothing_has_nothing_to_match(world, new_world):
    world.line(message_id="1").rejected()
    assert [verdict.state for verdict in world.run("biz_id")] == ["missing", "rejected"]
    assert new_world().run("biz_id") == []
