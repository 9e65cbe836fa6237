"""The switches: validated, and told on the emulator's page as they are."""

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
        ({"latency_ms": -1}, "between 0 and"),
        ({"latency_ms": "fast"}, "number"),
        ({"send_error_code": ""}, "text"),
        ({"no_such": 1}, "no_such; there are sites"),
    ],
)
def test_a_switch_that_cannot_be_set_so_is_refused_with_what_it_takes(
    emulator: Any, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(InputError, match=named):
        emulator.configure(**changes)
    assert emulator.switches() == Switches().as_dict()


def test_every_choice_of_every_switch_is_taken() -> None:
    for name, field in Switches.__dataclass_fields__.items():
        for value in field.metadata.get("choices", ()):
            assert getattr(Switches().changed({name: value}), name) == value


def test_the_page_tells_every_switch_fault_quota_and_admin_path_as_it_is() -> None:
    for name, values, why in Switches.documentation():
        assert f"| `{name}` | {values} | {why} |" in PAGE
    for kind, (what, _) in KINDS.items():
        assert f"| `{kind}` | {what} |" in PAGE
    for action, limit in QUOTAS.items():
        assert f"{action} {limit:,}" in PAGE
    for (method, name), handler in ROUTES.items():
        assert f"| {method} `{name}` | {handler.__doc__} |" in PAGE


def test_the_page_says_first_what_the_emulator_does_not_do() -> None:
    assert PAGE.index("## What it does not do") < PAGE.index("## ", PAGE.index("## What it does not do") + 5)
    assert PAGE.split("\n## ")[1].startswith("What it does not do")


def test_the_pages_example_runs() -> None:
    example = PAGE.split("```python\n")[1].split("```")[0]
    exec(compile(example, "README.md", "exec"), {})
