"""Two shapes of SMS pumping, and what looks like them and is innocent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.known_archives import Archive, failed, put_day, verdict
from suppression.conftest import LAST

from airflow_provider_dysms.audit.verdict import Verdict

Listed = Callable[..., list[dict[str, Any]]]
CODE, NOTICE, PROMO = "SMS_CODE", "SMS_NOTICE", "SMS_PROMO"
NUMBER, PREFIX = "139" + "00001111", "447" + "70090"


def burst(count: int, template: str = CODE, *, every: int = 60, number: str = NUMBER, **fields: Any) -> list[Verdict]:
    """Return messages to one number at regular times."""
    return [verdict(LAST, number, second=each * every, template_code=template, **fields) for each in range(count)]


def block(
    count: int, template: str = CODE, category: str | None = "unreachable", *, numbers: int = 100, **fields: Any
) -> list[Verdict]:
    """Return messages to the numbers of a prefix, one minute apart."""
    made = []
    for each in range(count):
        number = f"{PREFIX}{each % numbers:04}"
        how = {"second": each * 60, "template_code": template, **fields}
        made.append(failed(LAST, number, category, **how) if category else verdict(LAST, number, **how))
    return made


#: A day's usual codes: they arrive.
USUAL = [verdict(LAST, f"138{number:08}", second=number, template_code=CODE) for number in range(0, 4_000_000, 9_973)]

INNOCENT = {
    "an alert phone that gets sixty notices in an hour": burst(60, NOTICE),
    "a forgetful user with ten codes in an hour": burst(10),
    "thirty codes over a day": burst(30, every=2_880),
    "eleven codes, the last one an hour after the first": burst(11, every=360),
    "a burst of promotions to one number": burst(20, PROMO),
    "the numbers of a company, whose codes arrive": block(300, category=None),
    "fewer codes to a prefix than are judged": block(49),
    "a prefix whose codes have no receipt yet": block(
        100, category=None, state="waiting", is_final=False, received_at=None, delivery_seconds=None
    ),
    "a campaign of promotions that a prefix does not take": block(100, PROMO, "blacklist"),
    "codes that the sender's text kept from a prefix": block(100, category="content_rejected"),
    "a prefix behind a network that is down": block(100, category="network"),
    "one number that is switched off, asked to confirm all day": block(100, numbers=1, second=0)[:1]
    + burst(8, number=f"{PREFIX}0000"),
    "two hundred codes to a prefix, a third of them delivered": block(134) + block(66, category=None),
    "lines that the service does not have": block(
        100, category=None, state="missing", received_at=None, delivery_seconds=None
    ),
}

PUMPING = {
    "one number": (burst(40), ("number", NUMBER, "many_in_an_hour", 40)),
    "neighbours": (block(90) + block(10, category=None), ("prefix", PREFIX, "prefix_undelivered", 100)),
}


def found(rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    pumping = [row for row in rows if row["reason"] in ("many_in_an_hour", "prefix_undelivered")]
    return {(row["match"], row["phone_number"], row["reason"], row["count"]) for row in pumping}


@pytest.mark.parametrize("shape", PUMPING)
def test_each_shape_is_found(archive: Archive, listed: Listed, shape: str) -> None:
    messages, expected = PUMPING[shape]
    put_day(archive.uri, LAST, [*USUAL, *messages])
    rows = listed(days=1, pumping="suppress")
    assert found(rows) == {expected}
    (row,) = (row for row in rows if row["reason"] == expected[2])
    assert (row["template_type"], row["is_applied"]) == ("code", True)
    assert (row["expires_at"] - row["last_seen"]).days == 7


@pytest.mark.parametrize("what", INNOCENT)
def test_the_innocent_are_not(archive: Archive, listed: Listed, what: str) -> None:
    put_day(archive.uri, LAST, [*USUAL, *INNOCENT[what]])
    assert found(listed(days=1, pumping="suppress")) == set()


def test_both_among_all_innocent_at_once(archive: Archive, listed: Listed) -> None:
    innocent = [each for what in INNOCENT for each in moved(INNOCENT[what], list(INNOCENT).index(what))]
    put_day(archive.uri, LAST, [*USUAL, *innocent, *(each for messages, _ in PUMPING.values() for each in messages)])
    assert found(listed(days=1, pumping="suppress")) == {expected for _, expected in PUMPING.values()}


def moved(messages: list[Verdict], by: int) -> list[Verdict]:
    """Return messages to numbers of their own."""
    import msgspec

    return [
        msgspec.structs.replace(each, phone_number=f"{int(each.phone_number[:-4]) + 1 + by}{each.phone_number[-4:]}")
        for each in messages
    ]


def test_if_hardly_any_code_arrives_no_prefix_is_named(archive: Archive, listed: Listed) -> None:
    put_day(archive.uri, LAST, block(300))
    assert found(listed(days=1, pumping="suppress")) == set()


def test_a_report_is_listed_and_not_applied(archive: Archive, listed: Listed) -> None:
    put_day(archive.uri, LAST, [*USUAL, *PUMPING["one number"][0]])
    assert {row["is_applied"] for row in listed(days=1, pumping="report")} == {False}
    assert {row["is_applied"] for row in listed(days=1, pumping="suppress")} == {True}
    assert listed(days=1) == []


def test_the_thresholds_are_arguments(archive: Archive, listed: Listed) -> None:
    put_day(archive.uri, LAST, [*USUAL, *burst(10), *block(49)])
    rows = listed(
        days=1, pumping="suppress", thresholds={"max_codes_per_hour": 9, "prefix_min_messages": 49, "pumping_days": 1}
    )
    assert {row[:3] for row in found(rows)} == {
        ("number", NUMBER, "many_in_an_hour"),
        ("prefix", PREFIX, "prefix_undelivered"),
    }
