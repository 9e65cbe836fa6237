"""The console's address depends on the region alone, and a connection that cannot be read breaks no task."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_dysms.links.console import INTERNATIONAL_CONSOLE, MAINLAND_CONSOLE, DysmsConsoleLink
from airflow_provider_dysms.operators.dysms import DysmsQueryMessageOperator

REGIONS: list[tuple[dict[str, Any], str]] = [
    ({}, MAINLAND_CONSOLE),
    ({"region_id": "cn-hangzhou"}, MAINLAND_CONSOLE),
    ({"region_id": "cn-hongkong"}, MAINLAND_CONSOLE),
    ({"region_id": "ap-southeast-1"}, INTERNATIONAL_CONSOLE),
    ({"region": "eu-central-1"}, INTERNATIONAL_CONSOLE),
    ({"region_id": 5}, MAINLAND_CONSOLE),
]


def link(**arguments: Any) -> str:
    operator = DysmsQueryMessageOperator(task_id="ask", message_ids=["1"], **arguments)
    return DysmsConsoleLink().get_link(operator, ti_key=None)


@pytest.mark.parametrize(("extra", "address"), REGIONS)
def test_the_site_is_the_one_of_the_region(
    monkeypatch: pytest.MonkeyPatch, extra: dict[str, Any], address: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps({"conn_type": "dysms", "extra": extra}))
    assert link() == address


def test_without_a_connection_it_is_the_mainlands() -> None:
    assert link(dysms_conn_id="nowhere") == MAINLAND_CONSOLE
