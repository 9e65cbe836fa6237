"""A check that makes no sense is refused before anything is read."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_dysms.delivery_check.limits import CheckLimits
from airflow_provider_dysms.model.errors import DysmsInputError


@pytest.mark.parametrize(
    ("argument", "arguments"),
    [
        ("min_delivery_rate", {}),
        ("min_delivery_rate", {"by": ["country"]}),
        ("min_delivery_rate", {"min_delivery_rate": 95}),
        ("min_delivery_rate", {"min_delivery_rate": "0.95"}),
        ("max_drop", {"max_drop": 0}),
        ("max_drop", {"max_drop": float("nan")}),
        ("max_drop", {"max_drop": True}),
        ("max_latency_p95", {"max_latency_p95": -1}),
        ("by", {"max_drop": 0.03, "by": "country"}),
        ("by", {"max_drop": 0.03, "by": ["carrier"]}),
        ("by", {"max_drop": 0.03, "by": ["country", "country"]}),
        ("min_messages", {"max_drop": 0.03, "min_messages": 0}),
        ("weeks", {"max_drop": 0.03, "weeks": 1}),
        ("false_alarm_rate", {"max_drop": 0.03, "false_alarm_rate": 0}),
        ("false_alarm_rate", {"max_drop": 0.03, "false_alarm_rate": None}),
    ],
)
def test_a_wrong_limit_names_its_argument(argument: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(DysmsInputError, match=f"^{argument} "):
        CheckLimits(**arguments)


def test_a_dimension_that_is_misspelt_gets_a_hint() -> None:
    with pytest.raises(DysmsInputError, match="did you mean 'template_code'"):
        CheckLimits(max_drop=0.03, by=["template_cod"])


def test_only_limits_that_are_set_are_judged() -> None:
    assert CheckLimits(max_drop=0.03, max_waiting_rate=0.1).set_limits == {"max_drop": 0.03, "max_waiting_rate": 0.1}
