"""The arguments that describe a send log are checked while a DAG is parsed."""

from __future__ import annotations

import pytest

from airflow_provider_dysms.arguments.send_log_format import log_option
from airflow_provider_dysms.model.errors import DysmsInputError


@pytest.mark.parametrize(
    ("argument", "value"),
    [("encoding", "gb18030"), ("delimiter", ";"), ("timezone", "UTC"), ("time_format", "%m/%d/%Y %H:%M")],
)
def test_options_of_a_log_are_accepted(argument: str, value: str) -> None:
    log_option(argument, value)


@pytest.mark.parametrize(
    ("argument", "value"), [("encoding", "klingon"), ("delimiter", "ab"), ("timezone", "Mars"), ("time_format", "%Q")]
)
def test_wrong_options_of_a_log_are_named(argument: str, value: str) -> None:
    with pytest.raises(DysmsInputError) as caught:
        log_option(argument, value)
    assert caught.value.argument == argument
