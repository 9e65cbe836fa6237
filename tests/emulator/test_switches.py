"""The switches: their values are checked, and README.md describes each of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import airflow_provider_dysms.emulator
from airflow_provider_dysms.emulator.admin import ROUTES
from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.faults import KINDS
from airflow_provider_dysms.emulator.quotas import QUOTAS
from airflow_provider_dysms.emulator.switches import Switches

PAGE = (Path(airflow_provider_dysms.emulator.__file__).parent / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"total_count": "roman"}, "number, string"),
        ({"day_minus_30": "yes"}, "True, False"),
        ({"throttle_status": 503}, "400, 429"),
        ({"latency_ms": -1}, "number from 0 to"),
        ({"latency_ms": "fast"}, "number"),
        ({"send_error_code": ""}, "text"),
        ({"no_such": 1}, "no_such; the switches are sites"),
    ],
)
def test_an_invalid_value_is_refused_with_the_valid_ones(emulator: Any, changes: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        emulator.configure(**changes)
    assert emulator.switches() == Switches().as_dict()


def test_every_choice_of_every_switch_is_accepted() -> None:
    for name, field in Switches.__dataclass_fields__.items():
        for value in field.metadata.get("choices", ()):
            assert getattr(Switches().with_changes({name: value}), name) == value


def test_the_page_has_every_switch_fault_quota_and_admin_path() -> None:
    for name, values, description in Switches.documentation():
        assert f"| `{name}` | {values} | {description} |" in PAGE
    for kind, (description, _) in KINDS.items():
        assert f"| `{kind}` | {description} |" in PAGE
    for action, limit in QUOTAS.items():
        assert f"| {action} | {limit:,} |" in PAGE
    for (method, name), handler in ROUTES.items():
        assert f"| {method} `{name}` | {handler.__doc__} |" in PAGE


def test_the_page_begins_with_the_limits_of_the_emulator() -> None:
    assert PAGE.index("## What it does not do") < PAGE.index("## ", PAGE.index("## What it does not do") + 5)
    assert PAGE.split("\n## ")[1].startswith("What it does not do")


def test_the_example_of_the_page_runs() -> None:
    example = PAGE.split("```python\n")[1].split("```")[0]
    exec(compile(example, "README.md", "exec"), {})
