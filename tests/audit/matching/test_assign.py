"""Which record becomes the verdict of which line, rule by rule."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.verdicts import states_and_texts

from airflow_provider_dysms.audit.matching import assign
from airflow_provider_dysms.model.errors import DysmsInputError


def test_a_biz_id_decides_whatever_the_clocks_say(world):
    world.line("12:00:00", biz_id="1^0").line("12:00:00", biz_id="2^0")
    world.record("09:00:00", biz_id="2^0", content="two").record("20:00:00", biz_id="1^0", content="one")
    assert states_and_texts(world.run()) == [("delivered", "one"), ("delivered", "two")]
    assert set(world.queries) == {(world.phone, world.day, "1^0"), (world.phone, world.day, "2^0")}
    assert world.tally.ambiguous == 0


def test_within_a_biz_id_an_equal_out_id_goes_first(world):
    world.line("12:00:00", biz_id="1^0", out_id="a").line("12:00:00", biz_id="1^0", out_id="b")
    world.record("12:00:00", biz_id="1^0", out_id="b", content="b")
    world.record("12:00:00", biz_id="1^0", out_id="a", content="a")
    assert states_and_texts(world.run()) == [("delivered", "a"), ("delivered", "b")]
    assert world.tally.ambiguous == 0


def test_within_a_biz_id_time_goes_second_and_twins_are_counted(world):
    world.line("12:00:00", biz_id="1^0").line("12:00:30", biz_id="1^0").line("12:00:31", biz_id="1^0")
    for second, content in [(1, "first"), (31, "second"), (32, "third")]:
        world.record(f"12:00:{second:02}", biz_id="1^0", content=content)
    assert states_and_texts(world.run()) == [("delivered", "first"), ("delivered", "second"), ("delivered", "third")]
    assert world.tally.ambiguous == 2


def test_a_biz_id_without_a_record_is_missing_even_if_the_number_has_others(world):
    world.line("12:00:00", biz_id="1^0").line("15:00:00")
    world.record("12:00:00", biz_id="9^9", content="not ours").record("15:00:00", content="by time")
    assert states_and_texts(world.run()) == [("missing", None), ("delivered", "by time"), ("unlogged", "not ours")]


def test_an_out_id_decides_whatever_the_clocks_say(world):
    world.line("12:00:00", out_id="a").line("12:00:00", out_id="b").line("12:00:00", out_id="c")
    world.record("20:00:00", out_id="a", content="a").record("09:00:00", out_id="b ", content="b")
    world.record("12:00:00", out_id="x", content="x")
    assert states_and_texts(world.run()) == [
        ("delivered", "a"),
        ("delivered", "b"),
        ("missing", None),
        ("unlogged", "x"),
    ]
    assert world.tally.asked == 1


def test_an_out_id_that_covers_several_messages_goes_by_time(world):
    world.line("12:00:00", out_id="summer").line("18:00:00", out_id="summer")
    world.record("18:30:00", out_id="summer", content="late")
    assert states_and_texts(world.run()) == [("missing", None), ("delivered", "late")]


def test_an_out_id_of_the_day_after_is_not_taken_for_ours(world):
    world.line("23:55:00", out_id="daily").record("+1 09:00:00", out_id="daily", content="tomorrow's")
    assert states_and_texts(world.run()) == [("missing", None)]
    assert (world.phone, world.day + timedelta(days=1), None) in world.queries


def test_only_time_is_taken_in_order_and_not_the_nearest_first(world):
    # The nearest first: 12:08 would take 12:09, and 12:00 would be left with 12:17, which is too far off.
    world.line("12:00:00").line("12:08:00")
    world.record("12:09:00", content="first").record("12:17:00", content="second")
    assert states_and_texts(world.run()) == [("delivered", "first"), ("delivered", "second")]
    assert world.tally.ambiguous == 0


@pytest.mark.parametrize(
    ("dated", "states"),
    [
        ("12:10:00", ["delivered"]),
        ("11:50:00", ["delivered"]),
        ("12:10:01", ["missing", "unlogged"]),
        ("11:49:59", ["missing", "unlogged"]),
    ],
)
def test_ten_minutes_are_the_most_that_clocks_may_differ(world, dated, states):
    world.line("12:00:00").record(dated)
    assert [verdict.state for verdict in world.run()] == states


def test_keys_go_before_time(world):
    world.line("12:00:00").line("12:00:00", out_id="a").line("12:00:00", biz_id="1^0")
    world.record("12:00:00", biz_id="1^0", content="biz").record("12:00:00", out_id="a", content="out")
    world.record("12:00:00", content="time")
    assert states_and_texts(world.run()) == [("delivered", "time"), ("delivered", "out"), ("delivered", "biz")]
    assert world.tally.ambiguous == 0


def test_a_line_with_nothing_to_go_by_takes_what_remains(world):
    world.line().line("12:00:00").record("09:00:00", content="left").record("12:00:00", content="timed")
    assert states_and_texts(world.run()) == [("delivered", "left"), ("delivered", "timed")]
    assert world.tally.ambiguous == 0


def test_several_candidates_for_a_line_with_nothing_to_go_by_are_counted(world):
    world.line("12:00:00").line()
    world.record("12:00:00").record("00:05:00", content="edge").record("09:00:00", content="a").record(
        "10:00:00", content="b"
    )
    assert states_and_texts(world.run())[1:] == [("delivered", "a"), ("unlogged", "b")]
    assert world.tally.ambiguous == 1
    assert world.tally.edge == 1


def test_resends_within_a_second_are_taken_in_order_and_counted(world):
    world.line("12:00:00").line("12:00:01").line("12:05:00")
    world.record("12:00:02", content="b").record("12:00:01", content="a").record("12:05:01", content="c")
    assert states_and_texts(world.run()) == [("delivered", "a"), ("delivered", "b"), ("delivered", "c")]
    assert world.tally.ambiguous == 2


@pytest.mark.parametrize("seconds", [(0, 1, 0, 20), (0, 20, 0, 1)])
def test_either_two_lines_or_two_records_within_a_second_are_ambiguous(world, seconds):
    first, second, one, other = seconds
    world.line(f"12:00:{first:02}").line(f"12:00:{second:02}")
    world.record(f"12:00:{one:02}", content="one").record(f"12:00:{other:02}", content="other")
    assert states_and_texts(world.run()) == [("delivered", "one"), ("delivered", "other")]
    assert world.tally.ambiguous == 2


def test_records_without_a_date_go_to_the_earliest_lines(world):
    world.line("18:00:00", out_id="a").line("09:00:00", out_id="a").record(None, out_id="a", found=[world.day])
    assert [verdict.state for verdict in world.run()] == ["missing", "delivered"]
    assert world.tally.ambiguous == 1


def test_lines_out_of_order_are_matched_in_order_of_time_and_come_out_in_order_of_the_log(world):
    world.line("18:00:00").line("09:00:00").record("09:00:01", content="am").record("18:00:01", content="pm")
    assert states_and_texts(world.run()) == [("delivered", "pm"), ("delivered", "am")]


class TestDays:
    def test_a_record_one_day_off_is_kept_and_counted(self, world):
        world.line(out_id="a").record("+1 09:00:00", out_id="a", found=[world.day])
        assert [verdict.state for verdict in world.run()] == ["delivered"]
        assert world.tally.off_day == 1

    def test_a_record_without_a_date_is_kept(self, world):
        world.line(out_id="a").record(None, out_id="a", found=[world.day])
        (verdict,) = world.run()
        assert (verdict.state, verdict.sent_at, verdict.delivery_seconds) == ("delivered", None, None)


TIMES = ("-1 23:59:00", "00:00:00", "00:05:00", "12:00:00", "12:09:59", "12:10:01", "23:55:00", "+1 00:00:00")


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ids=st.fixed_dictionaries({}, optional={"biz_id": st.just("1^0"), "out_id": st.sampled_from(["a", "b"])}),
    sent_at=st.none() | st.sampled_from(TIMES),
    dated=st.none() | st.sampled_from(TIMES),
    out_id=st.sampled_from([None, "", " a ", "a", "b"]),
    way=st.sampled_from(["auto", "biz_id", "out_id", "sent_at"]),
)
def test_a_simple_assignment_is_what_the_rules_assign(new_world, ids, sent_at, dated, out_id, way):
    def result():
        world = new_world()
        world.line(sent_at, **ids).record(dated, found=[world.day], out_id=out_id, biz_id=ids.get("biz_id"))
        world.has_match_keys = True
        try:
            return world.run(match=way), world.tally.as_dict()
        except DysmsInputError as error:
            return str(error)

    simple = result()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assign, "assign_simple", lambda *_: None)
        assert result() == simple


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pairs=st.lists(
        st.tuples(
            st.none() | st.sampled_from(TIMES),
            st.sampled_from([None, "a", "b", "c"]),
            st.sampled_from(TIMES[1:6]),
            st.sampled_from([None, "", " a ", "a", "b", "c"]),
        ),
        max_size=3,
    ),
    more=st.booleans(),
)
def test_a_simple_assignment_of_several_lines_is_what_the_rules_assign(new_world, pairs, more):
    def result():
        world = new_world()
        world.has_match_keys = True
        for number, (sent_at, out_id, dated, answered) in enumerate((("12:00:00", "d", "12:00:00", "d"), *pairs)):
            world.line(sent_at, out_id=out_id)
            world.record(dated, found=[world.day], out_id=answered, content=str(number))
        if more:
            world.record("13:00:00", out_id="e")
        return world.run(), world.tally.as_dict()

    simple = result()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assign, "assign_simple", lambda *_: None)
        assert result() == simple


class TestMidnight:
    @pytest.mark.parametrize("key", [{"out_id": "a"}, {"biz_id": "1^0"}])
    def test_of_the_day_after_it_takes_only_the_first_ten_minutes(self, world, key):
        world.line(**key).record("+1 00:10:01", **key)
        assert [verdict.state for verdict in world.run()] == ["missing"]

    def test_a_line_with_nothing_to_go_by_finds_its_record_there_too(self, world):
        world.line().line("12:00:00", phone="13900000001").record("+1 00:00:05").record("+1 00:10:00")
        assert [verdict.state for verdict in world.run()] == ["delivered", "missing"]

    def test_a_biz_id_finds_its_record_across_midnight_however_late_it_is(self, world):
        world.line("23:55:00", biz_id="1^0").record("+1 00:12:00", biz_id="1^0")
        assert [verdict.state for verdict in world.run()] == ["delivered"]

    def test_a_line_with_nothing_to_go_by_leaves_the_rest_of_the_day_after_alone(self, world):
        world.line().line("12:00:00", phone="13900000001").record("+1 00:10:00")
        assert [verdict.state for verdict in world.run()] == ["missing", "missing"]

    def test_a_line_dated_shortly_before_the_day_belongs_to_it(self, world):
        world.line("-1 23:55:00").record("00:00:01", content="ours").record("-1 23:30:00", content="yesterday's")
        assert states_and_texts(world.run()) == [("delivered", "ours")]

    def test_rows_of_the_first_ten_minutes_without_a_line_are_the_day_befores(self, world):
        world.line("12:00:00").record("12:00:00").record("00:09:59").record("00:10:00", content="ours")
        assert states_and_texts(world.run()) == [("delivered", "【Sign】hello"), ("unlogged", "ours")]
        assert world.tally.edge == 1


class TestMatch:
    def test_out_id_does_not_look_at_biz_ids(self, world):
        world.line("12:00:00", biz_id="1^0", out_id="a").line("15:00:00", biz_id="2^0")
        world.record("09:00:00", out_id="a", content="a").record("15:00:00", content="time")
        assert states_and_texts(world.run("out_id")) == [("delivered", "a"), ("delivered", "time")]
        assert set(world.queries) == {(world.phone, world.day, None)}

    def test_sent_at_looks_at_time_alone(self, world):
        world.line("12:00:00", biz_id="1^0", out_id="a").record("12:00:01", out_id="z", content="z")
        assert states_and_texts(world.run("sent_at")) == [("delivered", "z")]
