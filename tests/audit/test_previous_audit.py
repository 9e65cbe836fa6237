"""Verdicts of the previous audit are reused if they are final and the lines are the same; lost records are noticed."""

from typing import Any

import pytest
from msgspec.structs import replace

from airflow_provider_dysms.audit.matching.detail_queries import AuditScope
from airflow_provider_dysms.audit.previous_audit import PreviousAudit, key_of_verdict
from airflow_provider_dysms.audit.results import GroupResult
from airflow_provider_dysms.model.records import MessageReport


def previous_audit(world: Any, **options: Any) -> PreviousAudit:
    return PreviousAudit(AuditScope(world.day, world.as_of), str, **options)


def test_final_verdicts_of_the_same_lines_are_reused_and_others_are_not(world: Any) -> None:
    world.as_of = world.at("+4 00:00:00")
    world.line("12:00:00", out_id="a").line("15:00:00", out_id="b")
    world.record("12:00:00", out_id="a").record("15:00:00", out_id="b")
    verdicts = world.run()
    previous = previous_audit(world)
    assert previous.matches(world.lines, verdicts, ())
    assert not previous.matches(world.lines, [], ())
    for changed in ({"is_final": False}, {"state": "missing"}, {"out_id": "c"}, {"country": "HK"}, {"carried": ("x",)}):
        assert not previous.matches(world.lines, [replace(verdicts[0], **changed), verdicts[1]], ()), changed
    assert not previous.matches(world.lines[:1], verdicts, ())
    assert not previous.matches(world.lines[::-1], verdicts, ())


def test_empty_text_equals_null_if_it_was_written_as_null(world: Any) -> None:
    world.as_of = world.at("+4 00:00:00")
    world.carry = ("user",)
    world.line("12:00:00", carried=("",)).record("12:00:00")
    verdicts = [replace(verdict, carried=(None,)) for verdict in world.run()]
    assert previous_audit(world, empty_is_null=True).matches(world.lines, verdicts, ())
    assert not previous_audit(world).matches(world.lines, verdicts, ())


def test_a_line_that_lost_its_record_is_found_even_if_other_lines_were_added(world: Any, new_world: Any) -> None:
    world.line("12:00:00", out_id="a").record("12:00:00", out_id="a")
    before = world.run()
    now = new_world()
    now.line("12:00:00", out_id="a").line("15:00:00", out_id="b").record("15:00:00", out_id="b")
    result = GroupResult(0, now.lines, now.run())
    assert previous_audit(now).lost_lines(result, before, ()) == [now.lines[0]]
    assert previous_audit(now).lost_lines(GroupResult(0, world.lines, before), before, ()) == []


def test_a_list_of_numbers_loses_a_number_that_had_records(world: Any) -> None:
    world.line().record("12:00:00")
    verdicts = world.run()
    previous = PreviousAudit(AuditScope(world.day, world.as_of, has_match_keys=False), str)
    assert previous.lost_lines(GroupResult(0, world.lines, []), verdicts, ()) == world.lines
    assert previous.lost_lines(GroupResult(0, world.lines, verdicts), verdicts, ()) == []


def test_a_group_has_the_same_key_as_its_verdicts(world: Any) -> None:
    world.line("12:00:00").line(phone=None, message_id="1").rejected().record("12:00:00")
    number, message, rejected = world.run()
    previous = previous_audit(world)
    assert key_of_verdict(number) == previous.key(world.lines[:1])
    assert key_of_verdict(message) == previous.key(world.lines[1:2])
    assert key_of_verdict(rejected) is None


@pytest.mark.parametrize("ids", [{"message_id": "1"}, {"biz_id": "1^0"}])
def test_rows_of_an_earlier_release_that_had_one_for_each_copy_are_not_taken_over(
    world: Any, ids: dict[str, str]
) -> None:
    world.as_of = world.at("+4 00:00:00")
    world.reports["1"] = MessageReport(message_id="1", status="1", error_code="DELIVERED")
    world.line("12:00:00", **ids).line("12:00:00", **ids).record("12:00:00", biz_id=ids.get("biz_id"))
    (verdict,) = world.run()
    previous = PreviousAudit(AuditScope(world.day, world.as_of), str)
    for check in (previous.matches, previous.fits_rules):
        assert check(world.lines, [verdict], (1,))
        assert not check(world.lines, [verdict, verdict], ())
        assert not check(world.lines, [verdict], ())


def test_among_copies_only_the_number_of_records_counts(world: Any) -> None:
    for _ in range(3):
        world.line(out_id="a")
    world.record("12:00:00", out_id="a")
    (delivered,) = world.run()
    missing = replace(delivered, state="missing", sent_at=None)
    previous = previous_audit(world)
    moved = GroupResult(0, world.lines, [missing, missing, delivered])
    assert previous.lost_lines(moved, [delivered, missing, missing], ()) == []
    assert len(previous.lost_lines(moved, [delivered, delivered, missing], ())) == 1
