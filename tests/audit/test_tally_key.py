"""The counts of an audit know only some fields of a verdict."""

from airflow_provider_dysms.audit.tally_key import tally_key_of


def test_equal_verdicts_have_one_key_and_their_texts_do_not_matter(world):
    for place in range(3):
        phone = f"1390000000{place}"
        world.line("12:00:00", phone=phone).record("12:00:00", phone=phone, out_id=f"o{place}")
    assert len({tally_key_of(verdict) for verdict in world.run()}) == 1


def test_an_unlogged_message_has_the_state_of_its_delivery(world):
    world.line("12:00:00").record("15:00:00", status=2, code="MOBILE_IN_BLACK")
    missing, unlogged = map(tally_key_of, world.run())
    assert (missing.state, missing.delivery_state) == ("missing", "missing")
    assert (unlogged.state, unlogged.delivery_state) == ("unlogged", "failed")


def test_a_message_belongs_to_the_beijing_day_and_the_market_of_its_number(world):
    world.line("00:00:01").record("00:00:01")
    world.line("12:00:00", phone="85261234567").record("12:00:00", phone="85261234567")
    mainland, abroad = map(tally_key_of, world.run())
    assert (mainland.day, mainland.market, abroad.market) == (world.day, "mainland", "international")
