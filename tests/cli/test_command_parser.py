"""No argument that is a phone number is taken or repeated, however it is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.command_line import NUMBER

from airflow_provider_dysms.cli.command_parser import is_phone_number

Run = Callable[..., Any]
FOREIGN = "49151" + "12345678"


@pytest.mark.parametrize(
    "arguments",
    [
        ("lookup", NUMBER),
        ("lookup", "--", NUMBER),
        ("lookup", f"+{FOREIGN}"),
        ("lookup", f"00{FOREIGN}"),
        ("lookup", f"1732838400000001,{NUMBER}"),
        ("lookup", f"{NUMBER[:3]} {NUMBER[3:7]} {NUMBER[7:]}"),
        ("lookup", NUMBER.translate({ord("0") + digit: chr(0xFF10 + digit) for digit in range(10)})),
        ("lookup", f"tel:{NUMBER}"),
        ("lookup", "--phone-number", NUMBER),
        ("lookup", f"--phone-number={NUMBER}"),
        ("lookup", "--send-date", NUMBER),
        ("lookup", "--output", NUMBER),
        ("verify", NUMBER),
        ("days", "--lookback-days", NUMBER),
        ("audit", "--max-missing-rate", f"86{NUMBER}"),
    ],
)
def test_a_number_is_refused_and_the_sentence_says_where_it_belongs(
    airflow_dysms: Run, arguments: tuple[str, ...]
) -> None:
    ended = airflow_dysms(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "reads numbers from its standard input" in ended.err
    assert not any(digits in ended.err for digits in (NUMBER, FOREIGN, NUMBER[3:], arguments[-1]))


@pytest.mark.parametrize(
    "arguments",
    [("verify", "--output-uri", "out", FOREIGN), ("days", "--lookback-days", f"{FOREIGN}x"), ("verify", "-o", FOREIGN)],
)
def test_no_wrong_argument_is_repeated_if_it_may_be_a_number(airflow_dysms: Run, arguments: tuple[str, ...]) -> None:
    ended = airflow_dysms(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "***" in ended.err
    assert FOREIGN not in ended.err


def test_a_wrong_argument_is_one_sentence_that_names_the_help(airflow_dysms: Run) -> None:
    ended = airflow_dysms("verify", "--output-uri", "out", "--day", "1")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == ("airflow dysms verify: unrecognized arguments: --day 1. See airflow dysms verify --help.\n")


@pytest.mark.parametrize("text", ["20261129", "2026-11-29", "1732838400000001", "86400", "0.05", "out", "", "5000"])
def test_other_arguments_are_no_numbers(text: str) -> None:
    assert not is_phone_number(text)
