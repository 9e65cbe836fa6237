"""Arguments in the form the API takes them; every wrong one is in the tests of the actions."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_dysms.api.protocol import parameters
from airflow_provider_dysms.model.errors import DysmsInputError


def test_a_query_takes_digits_and_a_send_may_have_a_plus() -> None:
    assert parameters.number("n", "8613900000000") == "8613900000000"
    assert parameters.recipient("n", "+8613900000000") == "+8613900000000"
    with pytest.raises(DysmsInputError, match="n must be digits only"):
        parameters.number("n", "+8613900000000")


def test_one_number_or_many_are_joined_with_commas() -> None:
    assert parameters.recipients("n", "13900000000") == "13900000000"
    assert parameters.recipients("n", ("13900000000", "13900000001")) == "13900000000,13900000001"
    with pytest.raises(DysmsInputError, match="has 1001 phone numbers, but one request takes 1 to 1000"):
        parameters.recipients("n", ["13900000000"] * 1001)


def test_a_day_and_a_page_are_text() -> None:
    assert parameters.wire_date("d", date(2025, 6, 1)) == "20250601"
    assert (parameters.page_number("p", 1), parameters.page_size("s", 50)) == ("1", "50")


@pytest.mark.parametrize("name", ["【示例】", "[示例]", "［示例］", "【示例"])
def test_a_signature_in_brackets_is_refused(name: str) -> None:
    with pytest.raises(DysmsInputError, match="s is written in brackets; write only the registered name"):
        parameters.sign_name("s", name)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers() | st.booleans(), min_size=1))
def test_a_mapping_becomes_the_same_json(variables: dict[str, object]) -> None:
    assert json.loads(parameters.template_param("t", variables)) == variables


def test_json_text_stays_as_written() -> None:
    assert parameters.template_param("t", '{"code":  "1"}') == '{"code":  "1"}'


def test_an_error_never_quotes_a_variable() -> None:
    with pytest.raises(DysmsInputError) as caught:
        parameters.template_param("t", {"code": {1, 987654}})
    assert "987654" not in f"{caught.value} {caught.value.__cause__} {caught.value.__context__!r:.0}"
