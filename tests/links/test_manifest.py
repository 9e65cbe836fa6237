"""The manifest's address is one of Airflow's own pages, below the path of its base URL, and only if there is one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dysms.links.manifest import DysmsManifestLink

RUN = "manual__2026-01-05T00:00:00+00:00"


def link(*, has_committed: bool = True, do_xcom_push: bool = True, map_index: int | None = -1) -> str:
    operator: Any = SimpleNamespace(has_committed=has_committed, do_xcom_push=do_xcom_push)
    ti = SimpleNamespace(dag_id="daily", run_id=RUN, task_id="group.audit", map_index=map_index)
    return DysmsManifestLink().get_link(operator, ti_key=ti)


@pytest.mark.parametrize(
    ("base_url", "prefix"),
    [("", ""), ("http://localhost:8080", ""), ("https://example.com/airflow/", "/airflow")],
)
def test_it_is_below_the_path_of_the_base_url(monkeypatch: pytest.MonkeyPatch, base_url: str, prefix: str) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base_url)
    page = f"{prefix}/dags/daily/runs/manual__2026-01-05T00%3A00%3A00%2B00%3A00/tasks/group.audit"
    assert link() == link(map_index=None) == f"{page}/xcom"
    assert link(map_index=0) == f"{page}/mapped/0/xcom"


def test_a_task_without_a_manifest_or_a_result_has_no_link() -> None:
    assert link(has_committed=False) == link(do_xcom_push=False) == ""
