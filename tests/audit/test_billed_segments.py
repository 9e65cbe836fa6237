"""Segments are counted per market and state, as the day's statistics count them."""


def test_segments_are_counted_by_state_and_day_as_the_statistics_do(world):
    world.line("12:00:00").record("12:00:00", content="x" * 71)
    world.line("13:00:00").record("13:00:00", status=2, code="MOBILE_IN_BLACK")
    world.line("14:00:00").record("14:00:00", content=None)
    world.line("15:00:00").record("18:00:00", status=1, code=None, took=None)
    world.rejected()
    world.run()
    billed = world.tally.billed["mainland"]
    assert billed.by_state == {"delivered": 2, "waiting": 1}
    assert billed.by_day == {"2025-06-01": 3}
    assert (billed.total, billed.unlogged, billed.blacklist, billed.no_text, billed.missing) == (3, 1, 1, 1, 1)
    assert world.tally.billed["international"].total == 0
