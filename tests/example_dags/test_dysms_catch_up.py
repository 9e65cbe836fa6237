"""The catch-up example heals what was missed, tells other DAGs of settled days, and asks for no settled day again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from support.features import has_partitioned_events
from support.manifests import put_manifest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates

EXAMPLE = Path(__file__).resolve().parents[2] / "example_dags/dysms_catch_up.py"
TODAY = dates.beijing_day(datetime.now(UTC))


def ago(days: int) -> date:
    return TODAY - days * dates.DAY


def seed(emulator: Emulator, folder: Path, day: date, state: str = "delivered") -> None:
    """Send three messages on a day, of which the last has a state, and write their log."""
    lines = ["phone_number,out_id"]
    for place in range(3):
        number, out_id = f"1390000{place:04}", f"{day}-{place}"
        emulator.add_message(
            phone_number=number,
            out_id=out_id,
            sent_at=(dates.day_start(day) + timedelta(hours=12, seconds=place)).isoformat(),
            state=state if place == 2 else "delivered",
        )
        lines.append(f"{number},{out_id}")
    (folder / f"{day:%Y%m%d}.csv").write_text("\n".join([*lines, ""]), "utf-8")


def mapped(run: Any, task_id: str) -> dict[str | None, str | None]:
    """Return the state of a mapped task's instances, by their labels."""
    return {ti.rendered_map_index: ti.state for ti in run.get_task_instances() if ti.task_id == task_id}


def settled_events() -> list[tuple[str, str | None]]:
    """Return day and partition of the asset's events."""
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session

    with create_session() as session:
        events = session.query(AssetEvent).filter(AssetEvent.source_dag_id == "dysms_catch_up").all()
        return sorted((event.extra["send_date"], getattr(event, "partition_key", None)) for event in events)


def test_the_window_is_audited_and_a_settled_day_is_left_alone(
    run_dag: Callable[..., Any], emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1))
    monkeypatch.setenv("AIRFLOW_VAR_DYSMS_SENT_URI", f"file://{tmp_path}/{{send_date:%Y%m%d}}.csv")
    monkeypatch.setenv("AIRFLOW_VAR_DYSMS_OUTPUT_URI", f"file://{tmp_path}/out")
    put_manifest(tmp_path / "out", ago(5))  # settled; the emulator knows nothing of it
    seed(emulator, tmp_path, ago(30))  # the last chance
    seed(emulator, tmp_path, ago(5))
    seed(emulator, tmp_path, ago(1), "waiting")
    dag = DagBag(str(EXAMPLE)).dags["dysms_catch_up"]
    # Days settle two hours after their end at the earliest; yesterday waits for a receipt, so it is not settled anyway.
    morning = dates.day_start(TODAY) + timedelta(hours=7, minutes=30)
    first = run_dag(dag, logical_date=morning)
    assert first.state == "success"
    assert mapped(first, "day.audit") == {str(ago(30)): "success", str(ago(1)): "success"}
    assert mapped(first, "day.settled") == {str(ago(30)): "success", str(ago(1)): "skipped"}
    key = str(ago(30)) if has_partitioned_events() else None
    assert settled_events() == [(str(ago(30)), key)]
    assert first.get_task_instance("days").xcom_pull(task_ids="days") == [str(ago(30)), str(ago(1))]

    emulator.reset("requests")
    seed(emulator, tmp_path, ago(3))  # its log came late
    second = run_dag(dag, logical_date=morning + timedelta(minutes=1))
    assert mapped(second, "day.audit") == {str(ago(3)): "success", str(ago(1)): "success"}
    assert mapped(second, "day.settled") == {str(ago(3)): "success", str(ago(1)): "skipped"}
    assert [day for day, _ in settled_events()] == [str(ago(30)), str(ago(3))]
    # Three numbers of the new day, the one that waits, and the statistics of both days.
    assert {action: count["requests"] for action, count in emulator.requests().items()} == {
        "QuerySendDetails": 4,
        "QuerySendStatistics": 4,
    }
