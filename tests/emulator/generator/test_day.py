"""The plan of a day: times, batches, resends, and messages that only one side knows."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def test_no_two_messages_to_a_number_are_close_and_none_is_near_midnight(
    make: Callable[..., Any], emulator: Any
) -> None:
    day = make(messages=3_000, days_back=1)
    midnight = datetime(day.date.year, day.date.month, day.date.day, tzinfo=UTC) - timedelta(hours=8)
    of_number = defaultdict(list)
    for message in emulator.messages():
        sent_at = datetime.fromisoformat(message["sent_at"])
        assert timedelta(minutes=15) <= sent_at - midnight <= timedelta(days=1, minutes=-15, seconds=5)
        of_number[message["phone_number"]].append(sent_at)
    gaps = [b - a for times in of_number.values() for a, b in itertools.pairwise(times)]
    assert timedelta(seconds=5) <= min(gaps) < timedelta(minutes=1)


def test_one_biz_id_and_one_out_id_cover_many_numbers(make: Callable[..., Any]) -> None:
    day = make(messages=3_000)
    for name in ("biz_id", "out_id"):
        sizes = Counter(each[name] for each in day.truth if each[name])
        assert max(sizes.values()) > 10
    pairs = Counter((each["phone_number"], each["out_id"]) for each in day.truth if each["out_id"])
    assert max(pairs.values()) > 1, "some resends have their OutId in common"


def test_ambiguous_messages_and_messages_at_midnight_can_be_requested(make: Callable[..., Any]) -> None:
    day = make(messages=500, ambiguous=7, midnight=4)
    pairs = Counter((each["phone_number"], each["sent_at"]) for each in day.truth if each["sent_at"])
    assert sum(count == 2 for count in pairs.values()) == 7
    midnight = datetime(day.date.year, day.date.month, day.date.day, 16, tzinfo=UTC)
    late = [each for each in day.truth if each["sent_at"] and datetime.fromisoformat(each["sent_at"]) >= midnight]
    assert len(late) == 4
    for each in late:
        line = day.lines[each["line"] - 1]
        assert "T23:59:5" in line["sent_at"]
        assert datetime.fromisoformat(each["sent_at"]) - midnight < timedelta(seconds=10)


@pytest.mark.parametrize("kind", ["biz_id", "out_id", "sent_at", "international"])
def test_every_kind_has_lines_without_a_record(make: Callable[..., Any], kind: str) -> None:
    day = make(messages=1_000, kinds={kind: 1}, missing=0.1, unlogged=0.1)
    states = day.by_state()
    assert 50 < states["missing"] < 150
    assert (states["unlogged"] > 30) == (kind in ("out_id", "sent_at")), (
        "only messages that are queried by number can be unlogged"
    )
    assert len(day.truth) == 1_000
