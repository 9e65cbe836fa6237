"""A number is never printed, and numbers in answers are compared with the one that was queried."""

from __future__ import annotations

import pytest

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.phone_numbers.number import (
    FULL_WIDTH_DIGITS,
    INVALID,
    NumberError,
    PhoneNumber,
    refuse,
    same_number,
)

MOBILE = "13900000000"


def test_a_number_is_not_in_its_repr() -> None:
    assert repr(PhoneNumber(MOBILE, "CN")) == "PhoneNumber(country='CN')"


@pytest.mark.parametrize(("country", "is_mainland"), [("CN", True), ("HK", False), ("US", False), ("", False)])
def test_only_numbers_of_cn_are_of_the_mainland(country: str, is_mainland: bool) -> None:
    assert PhoneNumber("1", country).is_mainland is is_mainland


def test_full_width_digits_become_ascii() -> None:
    assert "０１２３４５６７８９ａ".translate(FULL_WIDTH_DIGITS) == "0123456789ａ"


def test_a_refused_number_has_a_reason_and_no_cause() -> None:
    with pytest.raises(DysmsInputError, match=r"^phone_number is empty\.$") as caught:
        refuse(INVALID, "is empty")
    assert isinstance(caught.value, NumberError)
    assert (caught.value.reason, caught.value.argument) == ("invalid_number", "phone_number")
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("queried", "answered", "same"),
    [
        (MOBILE, MOBILE, True),
        (MOBILE, "8613900000000", True),
        (MOBILE, "+86 139 0000 0000", True),
        (MOBILE, "008613900000000", True),
        (MOBILE, "139****0000", True),
        (MOBILE, "86139****0000", True),
        ("85261234567", "61234567", True),
        ("6581234810", "6581xxx810", True),
        ("6581234810", "6581XXX811", False),
        ("6581234810", "xxxxxxx810", False),
        ("85261234567", "+852-61234567", True),
        ("85200001234", "8520000****", True),
        (MOBILE, "13900000001", False),
        (MOBILE, "139****0001", False),
        (MOBILE, "15298356881", False),
        (MOBILE, "0000", False),
        (MOBILE, "***", False),
        (MOBILE, "***********", False),
        (MOBILE, "139********", False),
        (MOBILE, "*******0000", True),
        (MOBILE, "", False),
    ],
)
def test_an_answered_number_is_compared_by_the_last_digits_both_have(queried: str, answered: str, same: bool) -> None:
    assert same_number(queried, answered) is same
