"""The asset of settled days has an event for a settled day, and for no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, Asset
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.sdk.execution_time.context import OutletEventAccessors
from support.features import has_partitioned_events
from support.manifests import put_manifest

from airflow_provider_dysms.model import dates
from airflow_provider_dysms.operators.dysms import DysmsSettledDateOperator

DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
ASSET = Asset("settled_days")
FIGURES = {"send_date": str(DAY), "settled": True, "rows": 3, "missing": None, "unlogged": None, "statistics_gap": None}


def settled(folder: Path, **arguments: Any) -> tuple[dict[str, Any], Any]:
    """Run the task; return its result and the event of its asset."""
    events = OutletEventAccessors()
    arguments = {"output_uri": f"file://{folder}", "send_date": DAY, "outlets": [ASSET], **arguments}
    result = DysmsSettledDateOperator(task_id="settled", **arguments).execute({"outlet_events": events})
    return result, events[ASSET]


def test_a_settled_day_returns_its_figures_and_gives_them_to_the_event(tmp_path: Path) -> None:
    put_manifest(tmp_path, DAY)
    result, event = settled(tmp_path)
    assert result == event.extra == FIGURES
    if has_partitioned_events():
        assert event.partition_keys == {str(DAY)}
        assert settled(tmp_path, asset_partitions=False)[1].partition_keys == set()


@pytest.mark.parametrize("state", [{"settled": False}, {"settled": False, "provisional": True}])
def test_a_day_that_may_still_change_is_skipped(tmp_path: Path, state: dict[str, Any]) -> None:
    put_manifest(tmp_path, DAY, **state)
    with pytest.raises(AirflowSkipException, match=f"{DAY} is not settled yet"):
        settled(tmp_path)


def test_a_day_that_was_never_audited_is_skipped(tmp_path: Path) -> None:
    with pytest.raises(AirflowSkipException, match=rf"{DAY} has not been audited: file://.*{DAY}\.json does not exist"):
        settled(tmp_path)


@pytest.mark.parametrize(("content", "problem"), [(b"{", "no readable manifest"), (None, "holds no audit of")])
def test_a_manifest_that_cannot_be_used_fails_the_task(tmp_path: Path, content: bytes | None, problem: str) -> None:
    put_manifest(tmp_path, DAY, content, send_date="2020-01-01")
    with pytest.raises(AirflowFailException, match=problem):
        settled(tmp_path)


def test_another_layout_is_read(tmp_path: Path) -> None:
    layout = "year={send_date:%Y}/{send_date:%m%d}"
    put_manifest(tmp_path, DAY, layout=layout)
    assert settled(tmp_path, partition=layout)[0] == FIGURES


def test_airflow_keeps_an_event_for_a_settled_day_alone(run_dag: Callable[..., Any], tmp_path: Path) -> None:
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session

    put_manifest(tmp_path, DAY)
    put_manifest(tmp_path, DAY - dates.DAY, settled=False)
    with DAG("settled_days", schedule=None) as dag:
        DysmsSettledDateOperator.partial(
            task_id="settled",
            output_uri=f"file://{tmp_path}",
            outlets=[ASSET],
            map_index_template="{{ task.send_date }}",
        ).expand(send_date=[str(DAY), str(DAY - dates.DAY)])
    run = run_dag(dag)
    states = {ti.rendered_map_index: ti.state for ti in run.get_task_instances()}
    assert states == {str(DAY): "success", str(DAY - dates.DAY): "skipped"}
    with create_session() as session:
        events = session.query(AssetEvent).filter(AssetEvent.source_dag_id == "settled_days").all()
        assert [event.extra for event in events] == [FIGURES]
        if has_partitioned_events():
            assert [event.partition_key for event in events] == [str(DAY)]
