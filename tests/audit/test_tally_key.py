"""The counts of an audit know only some fields of a verdict."""

import pytest

from airflow_provider_dysms.audit.tally_key import MAX_NAMES, CountedNames, tally_key_of
from airflow_provider_dysms.audit.verdict import from_row, to_row
from airflow_provider_dysms.model.choices import OTHERS


def key_of(verdict):
    return tally_key_of(verdict, CountedNames(), CountedNames())


def test_equal_verdicts_have_one_key_and_their_texts_do_not_matter(world):
    for place in range(3):
        phone = f"1390000000{place}"
        world.line("12:00:00", phone=phone).record("12:00:00", phone=phone, out_id=f"o{place}")
    assert len({key_of(verdict) for verdict in world.run()}) == 1


def test_an_unlogged_message_has_the_state_of_its_delivery(world):
    world.line("12:00:00").record("15:00:00", status=2, code="MOBILE_IN_BLACK")
    missing, unlogged = map(key_of, world.run())
    assert (missing.state, missing.delivery_state) == ("missing", "missing")
    assert (unlogged.state, unlogged.delivery_state) == ("unlogged", "failed")


def test_a_message_belongs_to_the_beijing_day_and_the_market_of_its_number(world):
    world.line("00:00:01").record("00:00:01")
    world.line("12:00:00", phone="85261234567").record("12:00:00", phone="85261234567")
    mainland, abroad = map(key_of, world.run())
    assert (mainland.day, mainland.market, abroad.market) == (world.day, "mainland", "international")


def test_only_what_waits_has_an_hour_and_only_what_failed_a_code(world):
    world.line("12:00:00").record("12:00:00")
    world.line("13:30:00", phone="13900000001").record("13:30:00", phone="13900000001", status=2, code="MK:0001")
    world.line("23:59:59", phone="13900000002").record("23:59:59", phone="13900000002", status=1, code=None, took=None)
    keys = [key_of(verdict) for verdict in world.run()]
    assert [(key.error_code, key.sent_hour) for key in keys] == [
        (None, None),
        ("MK:0001", None),
        (None, f"{world.day}T23"),
    ]


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        (" MK:0001 ", "MK:0001"),
        ("甲乙", "甲乙"),
        (None, ""),
        ("", ""),
        ("to 139-0000 1111", OTHERS),
        ("１３９００００１１１１", OTHERS),
        ("from ***", OTHERS),
        ("a\nb", OTHERS),
        ("x" * 65, OTHERS),
    ],
)
def test_a_name_from_outside_is_short_and_holds_no_number(name, counted):
    assert CountedNames()[name] == counted


def test_the_number_of_names_is_bounded_and_known_names_stay():
    names = CountedNames()
    counted = [names[f"E{place}"] for place in range(MAX_NAMES + 10)]
    assert counted == [f"E{place}" for place in range(MAX_NAMES)] + [OTHERS] * 10
    assert (len(names), names["E3"], names["E1005"]) == (MAX_NAMES, "E3", OTHERS)


def test_a_row_whose_number_was_hashed_has_the_same_key(world):
    world.line("12:00:00", phone="13900000001").record(
        "12:00:00", phone="13900000001", status=2, code="X13900000001", content="【13900000001】hi"
    )
    (verdict,) = world.run()
    hashed = from_row(to_row(verdict, phone_hash=lambda number: "hash"))
    assert key_of(hashed).sign_name == key_of(verdict).sign_name == OTHERS
    assert key_of(hashed) == key_of(verdict)
