"""The send log of a generated day, and its expected verdicts."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import phonenumbers

if TYPE_CHECKING:
    from collections.abc import Callable


def test_lines_have_the_columns_of_their_kind_and_fit_the_truth(make: Callable[..., Any]) -> None:
    day = make(messages=3_000)
    assert len(day.lines) == day.result["lines"]
    formats = Counter()
    numbers_of_kind: dict[str, set[str]] = defaultdict(set)
    for expected in day.truth:
        if expected["line"] is None:
            assert expected["state"] == "unlogged"
            continue
        line = day.lines[expected["line"] - 1]
        if line["message_id"]:
            assert line["message_id"] == expected["message_id"]
            assert not any(line[name] for name in ("phone_number", "biz_id", "out_id", "sent_at"))
            continue
        parsed = phonenumbers.parse(line["phone_number"], "CN")
        assert phonenumbers.is_valid_number(parsed)
        country = "" if parsed.country_code == 86 else str(parsed.country_code)
        assert country + phonenumbers.national_significant_number(parsed) == expected["phone_number"]
        assert (line["biz_id"] or None, line["out_id"] or None) == (expected["biz_id"], expected["out_id"])
        kind = "biz_id" if line["biz_id"] else "out_id" if line["out_id"] else "sent_at"
        numbers_of_kind[kind].add(expected["phone_number"])
        formats[line["phone_number"][:3] if line["phone_number"][0] in "+0" else line["phone_number"][:2]] += 1
        if kind == "sent_at" and expected["state"] != "missing":
            late = datetime.fromisoformat(expected["sent_at"]) - datetime.fromisoformat(line["sent_at"])
            assert timedelta(0) <= late <= timedelta(seconds=2)
    assert {"+86", "008", "86", "13", "+85"} <= set(formats)
    kinds = list(numbers_of_kind.values())
    assert len(kinds) == 3
    assert sum(map(len, kinds)) == len(set().union(*kinds)), "kinds share no number"
    assert {each["segments"] for each in day.truth} == {1, 2, 3, None}
    per_number = Counter(each["phone_number"] for each in day.truth)
    assert max(per_number.values()) > 50, "some numbers have more than one page"


def test_a_log_of_questions_is_one_column_of_numbers(make: Callable[..., Any], emulator: Any) -> None:
    day = make(messages=2_000, kinds={"question": 1}, missing=0.1)
    assert set(day.lines[0]) == {"phone_number"}
    assert set(day.by_state()) == {"delivered", "failed", "waiting"}
    assert len(day.truth) == len(emulator.messages())
    assert len(day.lines) > len({each["phone_number"] for each in day.truth}), "some have no record, some ask twice"


def test_a_day_of_one_kind_has_no_line_of_another(make: Callable[..., Any]) -> None:
    day = make(messages=300, kinds={"international": 1})
    assert all(line["message_id"] for line in day.lines)
    assert "unlogged" not in day.by_state()
