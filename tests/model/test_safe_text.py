"""Text from outside is repeated only without line ends, escape codes and what may be a phone number."""

from __future__ import annotations

import pytest

from airflow_provider_dysms.model.safe_text import is_visible_ascii, may_hold_phone, one_line, safe_repr, safe_text


@pytest.mark.parametrize(
    ("value", "repeated"),
    [
        (None, "None"),
        ("csv", "'csv'"),
        (7, "7"),
        (0.5, "0.5"),
        (123456, "123456"),
        (1234567, "this int"),
        ("139 0000 1234", "this str"),
        ("x" * 40, repr("x" * 40)),
        ("x" * 41, "this str"),
        (["csv"], "this list"),
        ({"a": 1}, "this dict"),
    ],
)
def test_an_argument_is_repeated_if_it_is_short_and_has_no_room_for_a_number(value: object, repeated: str) -> None:
    assert safe_repr(value) == repeated


def test_a_line_is_cut_and_has_no_line_end() -> None:
    assert one_line("day.csv") == "day.csv"
    assert one_line("a\nERROR \x1b[31m") == r"a\nERROR \x1b[31m"
    assert one_line("x" * 501) == "x" * 500 + "..."
    assert one_line("\u2028日", 1) == r"\u2028..."


def test_a_forged_text_keeps_no_long_number() -> None:
    assert safe_text("139 is not 13900001111\n") == r"139 is not ***\n"


@pytest.mark.parametrize(("text", "may"), [("MK:0001", False), ("123456", False), ("1 2 3 4 5 6 7", True)])
def test_seven_digits_may_be_a_phone_number(text: str, may: bool) -> None:
    assert may_hold_phone(text) is may


@pytest.mark.parametrize(
    ("text", "is_visible"), [("!~", True), ("", False), ("a b", False), ("a\n", False), ("é", False), ("abcd", False)]
)
def test_visible_ascii_has_neither_blanks_nor_line_ends(text: str, is_visible: bool) -> None:
    assert is_visible_ascii(text, 3) is is_visible
    assert is_visible_ascii("x" * 10_000)
