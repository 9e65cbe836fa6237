"""The service's rules for phone numbers, signatures and billed segments."""

from __future__ import annotations

import pytest

from airflow_provider_dysms.emulator.sms_rules import (
    count_segments,
    extract_sign_name,
    is_ambiguous_number,
    normalize_number,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13900000000", ("13900000000", False)),
        ("+86 139-0000-0000", ("13900000000", False)),
        ("008613900000000", ("13900000000", False)),
        ("8613900000000", ("13900000000", False)),
        ("+852 6123 4567", ("85261234567", True)),
        ("0085261234567", ("85261234567", True)),
        ("+1 (312) 555-0123", ("13125550123", True)),
        ("13125550123", ("13125550123", False)),
        ("1234", None),
        ("+0123456", None),
        ("not a number", None),
        ("", None),
    ],
)
def test_a_number_is_normalized_or_refused(text: str, expected: tuple[str, bool] | None) -> None:
    assert normalize_number(text) == expected


def test_only_some_mainland_numbers_are_north_american_numbers_too() -> None:
    numbers = ["13125550123", "13900000000", "13121550123", "85261234567"]
    assert [is_ambiguous_number(number) for number in numbers] == [True, False, False, False]


def test_the_signature_is_in_brackets_at_the_start() -> None:
    texts = ["【示例】您好", " 【示例】您好", "您好【示例】", "您好"]
    assert [extract_sign_name(text) for text in texts] == ["示例", "示例", None, None]


@pytest.mark.parametrize(
    ("content", "international", "segments"),
    [
        ("", False, 1),
        ("字" * 70, False, 1),
        ("字" * 71, False, 2),
        ("x" * 134, False, 2),
        ("x" * 135, False, 3),
        ("x" * 160, True, 1),
        ("x" * 161, True, 2),
        ("x" * 307, True, 3),
        ("€" * 80, True, 1),
        ("€" * 81, True, 2),
        ("字" * 70, True, 1),
        ("字" * 71, True, 2),
        ("😀" * 35, True, 1),
        ("😀" * 36, True, 2),
    ],
)
def test_billed_segments_are_counted(content: str, international: bool, segments: int) -> None:
    assert count_segments(content, international=international) == segments
