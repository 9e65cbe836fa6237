"""How many messages must arrive."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.waits.goal import Goal


@pytest.mark.parametrize(
    ("wait_for", "count", "needed"),
    [
        ("all", 7, 7),
        ("any", 7, 1),
        (3, 7, 3),
        ("3", 7, 3),
        (" 3 ", 7, 3),
        ("95%", 20, 19),
        ("95 %", 100, 95),
        ("95%", 1000, 950),
        ("95%", 1, 1),
        ("99.9%", 1000, 999),
        ("33.333%", 3, 1),
        ("33.334%", 3, 2),
        ("100%", 7, 7),
        ("1%", 7, 1),
        ("0.001%", 1000, 1),
    ],
)
def test_it_is_read_in_each_of_its_forms(wait_for: Any, count: int, needed: int) -> None:
    assert Goal.parse(wait_for, count) == Goal(needed, count)


@pytest.mark.parametrize(
    "wait_for",
    [0, -1, 8, True, False, None, 2.5, "0%", "101%", "100.1%", "-5%", "some", "", "%", "nan%", "8", "0", [3], "١"],
)
def test_anything_else_is_an_error_that_names_the_argument(wait_for: Any) -> None:
    with pytest.raises(DysmsInputError, match="wait_for"):
        Goal.parse(wait_for, 7)


@given(st.integers(1, 100_000), st.integers(1, 1000))
def test_a_share_is_never_rounded_below_itself(thousandths: int, count: int) -> None:
    needed = Goal.parse(f"{thousandths / 1000:.3f}%", count).needed
    assert needed * 100_000 >= count * thousandths > (needed - 1) * 100_000
