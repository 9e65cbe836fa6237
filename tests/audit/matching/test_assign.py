"""Which record becomes the verdict of which line, rule by rule."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from airflow_provider_dysms.audit.matching import assign
from airflow_provider_dysms.model.errors import DysmsIncomplete, DysmsInputError
from airflow_provider_dysms.model.records import MessageReport


def told(verdicts):
    """State and the record's text: the texts below name the records."""
    return [(verdict.state, verdict.content) for verdict in verdicts]


def test_a_biz_id_decides_whatever_the_clocks_say(world):
    world.line("12:00:00", biz_id="1^0").line("12:00:00", biz_id="2^0")
    world.record("09:00:00", biz_id="2^0", content="two").record("20:00:00", biz_id="1^0", content="one")
    assert told(world.run()) == [("delivered", "one"), ("delivered", "two")]
    assert set(world.questions) == {(world.phone, world.day, "1^0"), (world.phone, world.day, "2^0")}
    assert world.tally.ambiguous == 0


def test_within_a_biz_id_an_equal_out_id_goes_first(world):
    world.line("12:00:00", biz_id="1^0", out_id="a").line("12:00:00", biz_id="1^0", out_id="b")
    world.record("12:00:00", biz_id="1^0", out_id="b", content="b")
    world.record("12:00:00", biz_id="1^0", out_id="a", content="a")
    assert told(world.run()) == [("delivered", "a"), ("delivered", "b")]
    assert world.tally.ambiguous == 0


def test_within_a_biz_id_time_goes_second_and_twins_are_counted(world):
    world.line("12:00:00", biz_id="1^0").line("12:00:30", biz_id="1^0").line("12:00:31", biz_id="1^0")
    for second, content in [(1, "first"), (31, "second"), (32, "third")]:
        world.record(f"12:00:{second:02}", biz_id="1^0", content=content)
    assert told(world.run()) == [("delivered", "first"), ("delivered", "second"), ("delivered", "third")]
    assert world.tally.ambiguous == 2


def test_a_biz_id_without_a_record_is_missing_even_if_the_number_has_others(world):
    world.line("12:00:00", biz_id="1^0").line("15:00:00")
    world.record("12:00:00", biz_id="9^9", content="not ours").record("15:00:00", content="by time")
    assert told(world.run()) == [("missing", None), ("delivered", "by time"), ("unlogged", "not ours")]


def test_two_requests_that_seem_to_have_the_same_messages_are_refused(world):
    world.line("12:00:00", biz_id="1^0").line("15:00:00", biz_id="2^0")
    for biz_id in ("1^0", "2^0"):
        world.record("12:00:00", biz_id=biz_id, content="one").record("15:00:00", biz_id=biz_id, content="two")
    with pytest.raises(DysmsIncomplete, match="different BizIds of one number hold the same messages") as error:
        world.run()
    assert world.phone not in str(error.value)


def test_twins_of_one_second_in_two_requests_are_no_sign_of_that(world):
    for place, biz_id in enumerate(("1^0", "2^0", "3^0", "4^0")):
        at = f"12:00:0{place // 2}"
        world.line(at, biz_id=biz_id).record(at, biz_id=biz_id)
    assert told(world.run()) == [("delivered", "【Sign】hello")] * 4


def test_an_out_id_decides_whatever_the_clocks_say(world):
    world.line("12:00:00", out_id="a").line("12:00:00", out_id="b").line("12:00:00", out_id="c")
    world.record("20:00:00", out_id="a", content="a").record("09:00:00", out_id="b ", content="b")
    world.record("12:00:00", out_id="x", content="x")
    assert told(world.run()) == [("delivered", "a"), ("delivered", "b"), ("missing", None), ("unlogged", "x")]
    assert world.tally.asked == 1


def test_an_out_id_that_covers_several_messages_goes_by_time(world):
    world.line("12:00:00", out_id="summer").line("18:00:00", out_id="summer")
    world.record("18:30:00", out_id="summer", content="late")
    assert told(world.run()) == [("missing", None), ("delivered", "late")]


def test_an_out_id_of_the_day_after_is_not_taken_for_ours(world):
    world.line("23:55:00", out_id="daily").record("+1 09:00:00", out_id="daily", content="tomorrow's")
    assert told(world.run()) == [("missing", None)]
    assert (world.phone, world.day + timedelta(days=1), None) in world.questions


def test_only_time_is_taken_in_order_and_not_the_nearest_first(world):
    # The nearest first: 12:08 would take 12:09, and 12:00 would be left with 12:17, which is too far off.
    world.line("12:00:00").line("12:08:00")
    world.record("12:09:00", content="first").record("12:17:00", content="second")
    assert told(world.run()) == [("delivered", "first"), ("delivered", "second")]
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
    assert told(world.run()) == [("delivered", "time"), ("delivered", "out"), ("delivered", "biz")]
    assert world.tally.ambiguous == 0


def test_what_a_biz_id_gave_is_taken_out_of_what_the_number_gave(world):
    world.line("12:00:00", biz_id="1^0").line("12:00:01")
    world.record("12:00:00", biz_id="1^0", status=2, code="MK:0001").record("12:00:00")
    assert [verdict.state for verdict in world.run()] == ["failed", "delivered"]
    assert world.tally.unlogged == 0


def test_a_record_whose_state_changed_between_two_answers_is_the_same_message(world):
    world.line("12:00:00", biz_id="1^0").line("15:00:00")
    world.record("12:00:00", biz_id="1^0", status=1, code=None, took=None).record("15:00:00")
    ask = world.query_send_details

    async def later(phone_number, send_date, biz_id=None):
        rows = await ask(phone_number, send_date, biz_id)
        return rows if biz_id else [replace(row, send_status=3, error_code="DELIVERED") for row in rows]

    world.query_send_details = later
    assert [verdict.state for verdict in world.run()] == ["waiting", "delivered"]


def test_a_line_with_nothing_to_go_by_takes_what_is_left(world):
    world.line().line("12:00:00").record("09:00:00", content="left").record("12:00:00", content="timed")
    assert told(world.run()) == [("delivered", "left"), ("delivered", "timed")]
    assert world.tally.ambiguous == 0


def test_several_candidates_for_a_line_with_nothing_to_go_by_are_counted(world):
    world.line("12:00:00").line()
    world.record("12:00:00").record("00:05:00", content="edge").record("09:00:00", content="a").record(
        "10:00:00", content="b"
    )
    assert told(world.run())[1:] == [("delivered", "a"), ("unlogged", "b")]
    assert world.tally.ambiguous == 1
    assert world.tally.edge == 1


def test_resends_within_a_second_are_taken_in_order_and_counted(world):
    world.line("12:00:00").line("12:00:01").line("12:05:00")
    world.record("12:00:02", content="b").record("12:00:01", content="a").record("12:05:01", content="c")
    assert told(world.run()) == [("delivered", "a"), ("delivered", "b"), ("delivered", "c")]
    assert world.tally.ambiguous == 2


@pytest.mark.parametrize("seconds", [(0, 1, 0, 20), (0, 20, 0, 1)])
def test_either_two_lines_or_two_records_within_a_second_are_ambiguous(world, seconds):
    first, second, one, other = seconds
    world.line(f"12:00:{first:02}").line(f"12:00:{second:02}")
    world.record(f"12:00:{one:02}", content="one").record(f"12:00:{other:02}", content="other")
    assert told(world.run()) == [("delivered", "one"), ("delivered", "other")]
    assert world.tally.ambiguous == 2


def test_records_without_a_date_go_to_the_earliest_lines(world):
    world.line("18:00:00", out_id="a").line("09:00:00", out_id="a").record(None, out_id="a", found=[world.day])
    assert [verdict.state for verdict in world.run()] == ["missing", "delivered"]
    assert world.tally.ambiguous == 1


def test_lines_out_of_order_are_matched_in_order_of_time_and_come_out_in_order_of_the_log(world):
    world.line("18:00:00").line("09:00:00").record("09:00:01", content="am").record("18:00:01", content="pm")
    assert told(world.run()) == [("delivered", "pm"), ("delivered", "am")]


class TestMidnight:
    def test_both_days_are_asked_and_a_message_dated_the_day_after_is_found(self, world):
        world.line("23:59:59").record("+1 00:00:01", content="late").record("+1 00:00:30", content="tomorrow's")
        assert told(world.run()) == [("delivered", "late")]
        assert world.tally.unlogged == 0
        assert world.tally.off_day == 0

    def test_a_line_without_a_time_asks_the_day_after_only_when_it_found_nothing(self, world):
        world.line(out_id="a").line(out_id="b")
        world.record("12:00:00", out_id="a").record("+1 00:09:59", out_id="b")
        assert [verdict.state for verdict in world.run()] == ["delivered", "delivered"]
        assert world.tally.asked == 2

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

    def test_a_line_dated_just_after_midnight_looks_at_the_day_before_when_it_found_nothing(self, world):
        world.line("00:00:00.5").record("-1 23:59:59")
        assert [verdict.state for verdict in world.run()] == ["delivered"]
        assert world.tally.asked == 2

    def test_a_line_dated_shortly_before_the_day_belongs_to_it(self, world):
        world.line("-1 23:55:00").record("00:00:01", content="ours").record("-1 23:30:00", content="yesterday's")
        assert told(world.run()) == [("delivered", "ours")]

    def test_days_in_the_future_are_not_asked(self, world):
        world.as_of = world.at("23:59:59")
        world.line("23:59:00").line(out_id="a").record("23:59:00")
        assert [verdict.state for verdict in world.run()] == ["delivered", "missing"]
        assert {day for _, day, _ in world.questions} == {world.day}

    def test_a_line_from_the_future_asks_the_day_of_the_log(self, world):
        world.as_of = world.at("23:59:59")
        world.line("+1 00:05:00").record("23:59:00")
        assert [verdict.state for verdict in world.run()] == ["delivered"]

    def test_a_forgotten_day_is_not_passed_over_in_silence(self, world):
        world.as_of = world.at("+40 12:00:00")
        world.line("12:00:00").run()
        assert (world.phone, world.day, None) in world.questions

    def test_days_that_are_forgotten_are_not_asked(self, world):
        world.as_of = world.at("+30 12:00:00")
        world.line("-1 23:55:00").line("00:01:00", phone="13900000001")
        assert [verdict.state for verdict in world.run()] == ["missing", "missing"]
        assert {day for _, day, _ in world.questions} == {world.day}

    def test_a_message_that_both_days_answer_is_one_message(self, world):
        days = [world.day, world.day + timedelta(days=1)]
        world.line("23:55:00").record("23:55:00", found=days)
        assert [verdict.state for verdict in world.run()] == ["delivered"]
        assert world.tally.unlogged == 0

    def test_two_equal_messages_stay_two(self, world):
        days = [world.day, world.day + timedelta(days=1)]
        world.line("23:55:00").line("23:55:00")
        world.record("23:55:00", found=days).record("23:55:00", found=days)
        assert [verdict.state for verdict in world.run()] == ["delivered", "delivered"]
        assert world.tally.ambiguous == 2

    def test_rows_of_the_first_ten_minutes_without_a_line_are_the_day_befores(self, world):
        world.line("12:00:00").record("12:00:00").record("00:09:59").record("00:10:00", content="ours")
        assert told(world.run()) == [("delivered", "【Sign】hello"), ("unlogged", "ours")]
        assert world.tally.edge == 1


class TestDays:
    def test_a_record_one_day_off_is_kept_and_counted(self, world):
        world.line(out_id="a").record("+1 09:00:00", out_id="a", found=[world.day])
        assert [verdict.state for verdict in world.run()] == ["delivered"]
        assert world.tally.off_day == 1

    def test_a_record_without_a_date_is_kept(self, world):
        world.line(out_id="a").record(None, out_id="a", found=[world.day])
        (verdict,) = world.run()
        assert (verdict.state, verdict.sent_at, verdict.delivery_seconds) == ("delivered", None, None)


class TestMatch:
    def test_out_id_does_not_look_at_biz_ids(self, world):
        world.line("12:00:00", biz_id="1^0", out_id="a").line("15:00:00", biz_id="2^0")
        world.record("09:00:00", out_id="a", content="a").record("15:00:00", content="time")
        assert told(world.run("out_id")) == [("delivered", "a"), ("delivered", "time")]
        assert set(world.questions) == {(world.phone, world.day, None)}

    def test_sent_at_looks_at_time_alone(self, world):
        world.line("12:00:00", biz_id="1^0", out_id="a").record("12:00:01", out_id="z", content="z")
        assert told(world.run("sent_at")) == [("delivered", "z")]

    @pytest.mark.parametrize("match", ["biz_id", "out_id", "sent_at"])
    def test_a_key_that_no_line_has_is_refused_before_anything_is_asked(self, world, match):
        world.line(message_id="1", biz_id="1^0", out_id="a", sent_at="12:00:00").line()
        with pytest.raises(DysmsInputError, match=f"^match is '{match}', and no line of the log has one"):
            world.run(match)
        assert not world.questions

    def test_an_unknown_key_is_refused(self, world):
        with pytest.raises(DysmsInputError, match=r"^match is none of auto, biz_id, out_id, sent_at: 'nearest'"):
            world.run("nearest")

    def test_a_log_of_message_ids_or_of_nothing_has_nothing_to_match(self, world, new_world):
        world.line(message_id="1").rejected()
        assert [verdict.state for verdict in world.run("biz_id")] == ["missing", "rejected"]
        assert new_world().run("biz_id") == []


class TestQuestions:
    def test_every_number_is_asked_once_and_every_record_comes_out_once(self, world):
        world.carry = ("user",)
        world.line(carried=("1",)).line(phone="13900000001", carried=("2",)).line(carried=("3",)).rejected(
            carried=("4",)
        )
        world.record("00:00:05", content="edge").record("12:00:00", status=1, code=None, took=None, content="open")
        verdicts = world.run()
        assert told(verdicts) == [("delivered", "edge"), ("waiting", "open"), ("rejected", None)]
        assert [verdict.carried for verdict in verdicts] == [("1",), ("1",), ("4",)]
        assert world.questions == {(world.phone, world.day, None): 1, ("13900000001", world.day, None): 1}
        assert (world.tally.lines, world.tally.missing, world.tally.edge) == (4, 0, 0)


class TestMessageIds:
    def report(self, **fields):
        return MessageReport(**{"message_id": "1", "status": "1", "error_code": "DELIVERED"} | fields)

    def test_an_id_is_asked_once_and_is_one_message_with_the_values_of_its_first_line(self, world):
        world.carry = ("user",)
        world.line(phone=None, message_id="1", carried=("a",)).line("12:00:00", phone="13900000001")
        world.line(phone="+1 312 555 0123", message_id="1", carried=("b",))
        world.reports["1"] = self.report(
            phone_number="13125550123",
            content="x" * 100,
            sent_at=world.at("12:00:00"),
            received_at=world.at("12:00:07"),
            error_description="success",
            country="USA",
            region="Illinois",
            carrier="Any",
            extra={"Secret": "139"},
        )
        first, missing = world.run()
        assert (first.carried, missing.state) == (("a",), "missing")
        assert (first.phone_number, first.country, first.segments, first.delivery_seconds) == (
            "13125550123",
            "US",
            1,
            7,
        )
        assert first.vendor_extra == (
            '{"carrier": "Any", "country": "USA", "description": "success", "region": "Illinois", "status": "1"}'
        )
        assert world.questions["1"] == 1
        assert world.tally.repeated == 1

    @pytest.mark.parametrize(("at", "off_day"), [("12:00:00", 0), ("+1 00:00:01", 1), ("-1 23:59:59", 1)])
    def test_a_message_dated_one_day_off_is_kept_and_counted(self, world, at, off_day):
        world.line(phone=None, message_id="1")
        world.reports["1"] = self.report(sent_at=world.at(at))
        assert [verdict.state for verdict in world.run()] == ["delivered"]
        assert world.tally.off_day == off_day

    @pytest.mark.parametrize("at", ["+2 00:00:00", "-5 12:00:00"])
    def test_a_message_of_another_day_is_refused_by_line(self, world, at):
        world.line(phone=None, message_id="1")
        world.reports["1"] = self.report(sent_at=world.at(at))
        with pytest.raises(DysmsIncomplete, match=r"log\.csv:2 was sent on .* check send_date and the log"):
            world.run()

    def test_an_unknown_id_is_missing(self, world):
        world.line("12:00:00", phone=None, message_id="9")
        (verdict,) = world.run()
        assert (verdict.state, verdict.message_id, verdict.sent_at) == ("missing", "9", world.at("12:00:00"))

    def test_a_message_to_another_number_is_refused_by_line_and_without_the_number(self, world):
        world.line(phone=None, message_id="1").line(phone="+852 6123 4567", message_id="1")
        world.reports["1"] = self.report(phone_number="85261234568")
        with pytest.raises(DysmsIncomplete, match="another number") as error:
            world.run()
        assert "log.csv:3" in str(error.value)
        assert "6123" not in str(error.value)


class TestVerdicts:
    def test_a_delivered_message_in_full(self, world):
        world.line("12:00:00", biz_id="1^0", carried=("7",))
        world.record("12:00:01", biz_id="1^0", out_id="a", took=9, content="【Shop】" + "x" * 70, extra={"New": "139"})
        (verdict,) = world.run()
        assert msgspec.structs.asdict(verdict) == {
            "state": "delivered",
            "is_final": True,
            "phone_number": "13900000000",
            "country": "CN",
            "biz_id": "1^0",
            "message_id": None,
            "out_id": "a",
            "template_code": "SMS_1",
            "sign_name": "Shop",
            "category": "delivered",
            "fault": None,
            "error_code": "DELIVERED",
            "sent_at": world.at("12:00:01"),
            "received_at": world.at("12:00:10"),
            "delivery_seconds": 9,
            "segments": 2,
            "content": "【Shop】" + "x" * 70,
            "vendor": "aliyun",
            "vendor_extra": None,
            "carried": ("7",),
        }

    def test_an_unlogged_message_keeps_what_became_of_it(self, world):
        world.carry = ("user",)
        world.line("12:00:00", carried=("7",)).record("15:00:00", status=2, code="MOBILE_IN_BLACK")
        missing, unlogged = world.run()
        assert (missing.state, missing.sent_at, missing.is_final) == ("missing", world.at("12:00:00"), False)
        assert (unlogged.state, unlogged.category, unlogged.fault) == ("unlogged", "blacklist", "recipient")
        assert (unlogged.vendor_extra, unlogged.carried) == ('{"delivery": "failed"}', (None,))

    def test_missing_is_final_when_all_receipts_must_be_there(self, world):
        world.as_of = world.at("+4 00:00:00")
        assert world.line("12:00:00").run()[0].is_final
        world.as_of -= timedelta(seconds=1)
        assert not world.run()[0].is_final

    def test_a_rejected_line_says_why_and_where(self, world):
        (verdict,) = world.rejected(raw="1.39E+10").run()
        assert (verdict.state, verdict.category, verdict.fault, verdict.is_final) == (
            "rejected",
            "invalid_number",
            "sender",
            True,
        )
        assert verdict.phone_number == "1.39E+10"
        assert verdict.vendor_extra == '{"line": "log.csv:2", "reason": "phone_number is no number"}'

    def test_a_message_abroad_is_billed_by_the_rules_abroad(self, world):
        phone = "85261234567"
        world.line("12:00:00", phone=phone).record("12:00:00", phone=phone, content="x" * 100)
        (verdict,) = world.run()
        assert (verdict.country, verdict.segments) == ("HK", 1)

    def test_no_number_and_no_text_is_in_a_repr(self, world):
        world.line("12:00:00").record("12:00:00")
        assert "139" not in repr(world.run()[0])
        assert "hello" not in repr(world.run()[0])


TIMES = ("-1 23:59:00", "00:00:00", "00:05:00", "12:00:00", "12:09:59", "12:10:01", "23:55:00", "+1 00:00:00")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ids=st.fixed_dictionaries({}, optional={"biz_id": st.just("1^0"), "out_id": st.sampled_from(["a", "b"])}),
    sent_at=st.none() | st.sampled_from(TIMES),
    dated=st.none() | st.sampled_from(TIMES),
    out_id=st.sampled_from([None, "", " a ", "a", "b"]),
    way=st.sampled_from(["auto", "biz_id", "out_id", "sent_at"]),
)
def test_a_simple_assignment_is_what_the_rules_assign(new_world, ids, sent_at, dated, out_id, way):
    def outcome():
        world = new_world()
        world.line(sent_at, **ids).record(dated, found=[world.day], out_id=out_id, biz_id=ids.get("biz_id"))
        world.has_match_keys = True
        try:
            return world.run(match=way), world.tally.as_dict()
        except DysmsInputError as error:
            return str(error)

    simple = outcome()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assign, "assign_simple", lambda *_: None)
        assert outcome() == simple


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
    def outcome():
        world = new_world()
        world.has_match_keys = True
        for number, (sent_at, out_id, dated, answered) in enumerate((("12:00:00", "d", "12:00:00", "d"), *pairs)):
            world.line(sent_at, out_id=out_id)
            world.record(dated, found=[world.day], out_id=answered, content=str(number))
        if more:
            world.record("13:00:00", out_id="e")
        return world.run(), world.tally.as_dict()

    simple = outcome()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assign, "assign_simple", lambda *_: None)
        assert outcome() == simple
