"""A record that several queries return is one candidate, and responses that ignored the BizId are refused."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from support.verdicts import states_and_texts

from airflow_provider_dysms.model.errors import DysmsIncomplete


def test_two_requests_that_seem_to_have_the_same_messages_are_refused(world):
    world.line("12:00:00", biz_id="1^0").line("15:00:00", biz_id="2^0")
    for biz_id in ("1^0", "2^0"):
        world.record("12:00:00", biz_id=biz_id, content="one").record("15:00:00", biz_id=biz_id, content="two")
    with pytest.raises(DysmsIncomplete, match="different BizIds of one number have the same messages") as error:
        world.run()
    assert world.phone not in str(error.value)


def test_twins_of_one_second_in_two_requests_are_not_refused(world):
    for place, biz_id in enumerate(("1^0", "2^0", "3^0", "4^0")):
        at = f"12:00:0{place // 2}"
        world.line(at, biz_id=biz_id).record(at, biz_id=biz_id)
    assert states_and_texts(world.run()) == [("delivered", "【Sign】hello")] * 4


def test_what_a_biz_id_gave_is_taken_out_of_what_the_number_gave(world):
    world.line("12:00:00", biz_id="1^0").line("12:00:01")
    world.record("12:00:00", biz_id="1^0", status=2, code="MK:0001").record("12:00:00")
    assert [verdict.state for verdict in world.run()] == ["failed", "delivered"]
    assert world.tally.unlogged == 0


def test_a_record_whose_state_changed_between_two_responses_is_the_same_message(world):
    world.line("12:00:00", biz_id="1^0").line("15:00:00")
    world.record("12:00:00", biz_id="1^0", status=1, code=None, took=None).record("15:00:00")
    ask = world.query_send_details

    async def later(phone_number, send_date, biz_id=None):
        rows = await ask(phone_number, send_date, biz_id)
        return rows if biz_id else [replace(row, send_status=3, error_code="DELIVERED") for row in rows]

    world.query_send_details = later
    assert [verdict.state for verdict in world.run()] == ["waiting", "delivered"]


def test_a_message_that_both_days_answer_is_one_message(world):
    days = [world.day, world.day + timedelta(days=1)]
    world.line("23:55:00").record("23:55:00", found=days)
    assert [verdict.state for verdict in world.run()] == ["delivered"]
    assert world.tally.unlogged == 0


def test_two_equal_messages_stay_two(world):
    days = [world.day, world.day + timedelta(days=1)]
    world.line("23:55:00").line("23:55:00")
    world.record("23:55:00", found=days).record("23:55:00", found=days)
    assert [verdict.state for verdict in world.run()] == ["delivered", "delivered"]
    assert world.tally.ambiguous == 2
