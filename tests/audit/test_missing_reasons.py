"""The reasons for missing records follow from the evidence; the account is blamed only if no record was found."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_dysms.audit.matching.detail_queries import AuditScope
from airflow_provider_dysms.audit.missing_reasons import MissingReasons
from airflow_provider_dysms.audit.run import audit

ACCOUNT = "a wrong site, account, region or send_date looks like this"


def phone(place: int) -> str:
    return f"139{place:08}"


def causes(world: Any, columns: dict[str, str] | None = None, match: str = "auto") -> str:
    """Run the audit; return what it says of its missing lines."""

    async def run() -> str:
        log = world.log()
        absences = MissingReasons(AuditScope(world.day, world.as_of, match, log.has_match_keys), columns)
        async for result in audit(log, world, send_date=world.day, as_of=world.as_of, match=match, tally=world.tally):
            absences.add(result)
        found = bool(world.tally.recorded or world.tally.unlogged or world.tally.edge)
        return absences.causes(log.lines, has_found=found)

    said = asyncio.run(run())
    assert "139" not in said.replace("900619746936498440", "")
    return said


def test_nothing_at_all_looks_like_a_wrong_account(world: Any) -> None:
    for place in range(5):
        world.line("12:00:00", phone=phone(place), biz_id=f"{place}^0")
    assert causes(world).endswith(ACCOUNT)


@pytest.mark.parametrize(("age", "is_told"), [(timedelta(days=30, minutes=-1), False), (timedelta(days=30), True)])
def test_message_ids_that_the_service_may_have_forgotten_are_named_first(
    world: Any, age: timedelta, is_told: bool
) -> None:
    for place in range(3):
        world.line("12:00:00", message_id=f"{place}")
    world.as_of = world.lines[0].sent_at + age + timedelta(seconds=1)
    said = causes(world)
    assert said.startswith("3 of them have a message id and were sent more than 30 days before the audit") is is_told


@pytest.mark.parametrize("others", [0, 3])
def test_an_order_id_in_the_place_of_the_biz_id_is_named_first(world: Any, others: int) -> None:
    for place in range(5):
        world.line("12:00:00", phone=phone(place), biz_id=f"order-{place}")
    for place in range(others):
        world.line("12:00:00", phone=phone(100 + place), out_id=f"order-{place}")
        world.record("12:00:00", phone=phone(100 + place), out_id=f"order-{place}")
    said = causes(world, {"biz_id": "order"})
    assert said.startswith("5 of the 5 BizIds of lines without a record do not look like BizIds of the service")
    assert "the column 'order'" in said
    assert (ACCOUNT in said) is (others == 0)
    assert ("none of the 5 lines that are matched by BizId, column 'order' has a record" in said) is (others > 0)


def test_a_biz_id_in_the_place_of_the_out_id_is_named(world: Any) -> None:
    for place in range(3):
        world.line("12:00:00", phone=phone(place), out_id=f"90061974693649844{place}^0")
        world.record("12:00:00", phone=phone(place))
    said = causes(world, {"out_id": "receipt"})
    assert said.startswith(
        "3 of the 3 OutIds of lines without a record look like BizIds; map biz_id to the column 'receipt'"
    )
    assert "for the numbers of 3 of them the service has other messages" in said
    assert ACCOUNT not in said


@pytest.mark.parametrize(("clock", "when"), [("20:00:03", "8 h later"), ("04:00:00", "8 h earlier")])
def test_another_time_zone_is_reported_from_the_records_of_the_same_numbers(world: Any, clock: str, when: str) -> None:
    for place in range(4):
        world.line("12:00:00", phone=phone(place)).record(clock, phone=phone(place))
    said = causes(world)
    assert said.startswith(f"4 of them have a record {when} than the log says")
    assert ACCOUNT not in said


def test_one_file_is_named(world: Any) -> None:
    from msgspec.structs import replace

    for place in range(8):
        world.line("12:00:00", phone=phone(place), out_id=f"o-{place}")
        if place < 5:
            world.record("12:00:00", phone=phone(place), out_id=f"o-{place}")
        else:
            world.lines[-1] = replace(world.lines[-1], file="other.csv")
    assert causes(world).startswith("no line of 'other.csv' (3) has a record, but lines of other files have")


def test_one_hour_is_named(world: Any) -> None:
    for place in range(10):
        world.line(f"{place + 8:02}:30:00", phone=phone(place), out_id=f"o-{place}")
        world.record(f"{place + 8:02}:30:00", phone=phone(place), out_id=f"o-{place}")
    for place in range(20, 24):
        world.line("14:10:00", phone=phone(place), out_id=f"o-{place}")
    said = causes(world)
    assert "4 of the 4 were sent between 14:00 and 15:00 in Beijing, but only 1 of the 10 lines with a record" in said
    assert ACCOUNT not in said


def test_scattered_lines_have_nothing_in_common_and_the_account_is_right(world: Any) -> None:
    for place in range(20):
        clock = f"{place:02}:30:00"
        world.line(clock, phone=phone(place), out_id=f"o-{place}")
        if place % 5:
            world.record(clock, phone=phone(place), out_id=f"o-{place}")
    said = causes(world)
    assert said.startswith("others were found (16 of 20), so account and region are right")


def test_messages_that_no_line_stands_for_are_something_found(world: Any) -> None:
    world.line("12:00:00").record("15:30:00")
    assert ACCOUNT not in causes(world)


def test_copies_do_not_count_as_found(world: Any) -> None:
    for place in range(4):
        world.line("12:00:00", phone=phone(place)).line("12:00:00", phone=phone(place))
    assert causes(world) == f"no record at all was found: {ACCOUNT}"
