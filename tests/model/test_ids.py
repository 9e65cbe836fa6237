"""An id is passed on unchanged, and a word for a missing value is not taken for one."""

from __future__ import annotations

import pytest

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.ids import MAX_ID, vendor_id


@pytest.mark.parametrize("value", ["900619746936498440^0", "x" * MAX_ID, "nano"])
def test_an_id_is_returned_unchanged(value: str) -> None:
    assert vendor_id("biz_id", value) == value


@pytest.mark.parametrize("value", ["None", "null", "NaN", "\\N"])
def test_a_word_for_a_missing_value_is_named(value: str) -> None:
    with pytest.raises(DysmsInputError, match="a word for a missing value; check the task or column") as caught:
        vendor_id("biz_id", value)
    assert caught.value.argument == "biz_id"


@pytest.mark.parametrize("value", ["", " 1", "1\n", "x" * (MAX_ID + 1), "１", 1, None, b"1"])
def test_what_the_service_cannot_have_given_is_refused(value: object) -> None:
    with pytest.raises(DysmsInputError, match=r"^message_id must be an id as the service returned it"):
        vendor_id("message_id", value)
