"""A phone number is recognised in any spelling, and an identifier is not taken for one."""

from __future__ import annotations

import pytest
from support.number_spellings import SPELLINGS

from airflow_provider_dysms.model.phone_numbers.recognition import may_be_number


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_number_is_recognised_in_any_spelling(spelling: str) -> None:
    assert may_be_number(spelling)


@pytest.mark.parametrize("text", ["", "SMS_100000001", "8ff55eac1d0b478ab3c06c3c", "1234567", "阿里云", "MK:0012"])
def test_an_identifier_is_not_a_number(text: str) -> None:
    assert not may_be_number(text)
