"""Texts with the placeholder of the day are checked while a DAG is parsed."""

from __future__ import annotations

import pytest

from airflow_provider_dysms.arguments.text_with_day import PARTITION, text_with_day
from airflow_provider_dysms.model.errors import DysmsInputError


@pytest.mark.parametrize("text", [PARTITION, "daily", "{send_date:%Y%m%d}.csv", "a/{send_date:%Y}/{send_date:%m}"])
def test_texts_with_the_day_are_accepted(text: str) -> None:
    text_with_day("sent_uri", text)


@pytest.mark.parametrize("value", ["{day}", "{send_date", 7, None])
def test_other_placeholders_and_values_are_refused(value: object) -> None:
    with pytest.raises(DysmsInputError) as caught:
        text_with_day("sent_uri", value)
    assert caught.value.argument == "sent_uri"
