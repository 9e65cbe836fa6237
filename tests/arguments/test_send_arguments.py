"""The arguments of the send operators are checked as templates leave them."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_dysms.arguments.send_arguments import (
    as_int,
    international_number,
    optional_text,
    refuse_repeated,
    required_text,
)
from airflow_provider_dysms.model.errors import DysmsInputError

MAINLAND = "139" + "24680135"
ABROAD = "+852" + "5124" + "6802"


def test_a_repeated_number_is_named_by_its_positions() -> None:
    refuse_repeated([MAINLAND, MAINLAND[:-1] + "6"])
    with pytest.raises(DysmsInputError, match="at positions 1 and 3") as caught:
        refuse_repeated([MAINLAND, MAINLAND[:-1] + "6", MAINLAND])
    assert MAINLAND not in str(caught.value)


def test_one_number_outside_the_mainland_is_read() -> None:
    assert international_number(ABROAD) == ABROAD[1:]


@pytest.mark.parametrize("value", [MAINLAND, [ABROAD, ABROAD], [], None])
def test_other_numbers_are_refused(value: Any) -> None:
    with pytest.raises(DysmsInputError) as caught:
        international_number(value)
    assert caught.value.argument == "to"
    assert MAINLAND not in str(caught.value)


@pytest.mark.parametrize(("value", "text"), [("SMS_1", "SMS_1"), (123, "123")])
def test_texts_and_whole_numbers_are_texts(value: Any, text: str) -> None:
    assert required_text("template_code", value) == optional_text("template_code", value) == text


@pytest.mark.parametrize("value", ["", "None", " null ", True, 1.5, ["a"], "x" * 256])
def test_words_for_nothing_and_other_values_are_refused(value: Any) -> None:
    for read in (required_text, optional_text):
        with pytest.raises(DysmsInputError):
            read("out_id", value)


def test_only_an_optional_text_may_be_left_out() -> None:
    assert optional_text("out_id", None) is None
    with pytest.raises(DysmsInputError):
        required_text("out_id", None)


@pytest.mark.parametrize(
    ("value", "number"),
    [("60", 60), (" 60 ", 60), (60, 60), ("soon", "soon"), ("٦", "٦"), ("9" * 12, "9" * 12), (None, None)],
)
def test_a_number_that_a_template_has_turned_into_text_is_a_number(value: Any, number: Any) -> None:
    assert as_int(value) == number
