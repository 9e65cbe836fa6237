"""The catch-up as a task: which day is its run's own, and a transfer that is mapped over what it returns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from airflow.utils.types import DagRunType
from support.manifests import put_manifest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.operators.dysms import DysmsUnsettledDatesOperator
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

TODAY = dates.beijing_day(datetime.now(UTC))
YESTERDAY = TODAY - dates.DAY


def ago(days: int) -> date:
    return TODAY - days * dates.DAY


def unsettled(folder: Path, *, run_type: Any = "scheduled", **arguments: Any) -> list[str]:
    context: Any = {"dag_run": SimpleNamespace(run_type=run_type)}
    arguments = {"output_uri": f"file://{folder}/out", "through": YESTERDAY, **arguments}
    return DysmsUnsettledDatesOperator(task_id="days", **arguments).execute(context)


def test_days_are_texts_that_the_transfer_takes(tmp_path: Path) -> None:
    put_manifest(tmp_path / "out", ago(2))
    assert unsettled(tmp_path, lookback_days=3) == [str(YESTERDAY), str(ago(3))]
    assert unsettled(tmp_path, through=f"{ago(4):%Y%m%d}", lookback_days=1) == [str(ago(4))]
    assert len(unsettled(tmp_path)) == 29


@pytest.mark.parametrize("run_type", ["backfill", DagRunType.BACKFILL_JOB])
def test_a_run_of_a_backfill_has_its_own_day_alone(tmp_path: Path, run_type: Any) -> None:
    assert unsettled(tmp_path, run_type=run_type, through=ago(5)) == [str(ago(5))]
    put_manifest(tmp_path / "out", ago(5))
    assert unsettled(tmp_path, run_type=run_type, through=ago(5)) == []
    with pytest.raises(AirflowSkipException, match=f"does not remember {ago(31)}"):
        unsettled(tmp_path, run_type=run_type, through=ago(31))


@pytest.mark.parametrize(
    "run_type", [*(each for each in DagRunType if each != DagRunType.BACKFILL_JOB), "manual", None]
)
def test_every_other_run_has_the_window(tmp_path: Path, run_type: Any) -> None:
    assert len(unsettled(tmp_path, run_type=run_type)) == 30


def test_a_day_to_come_fails_for_good_and_a_store_that_is_away_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AirflowFailException, match=r"through .* is in the future"):
        unsettled(tmp_path, through=TODAY + dates.DAY)

    def gone(*_: Any, **__: Any) -> Any:
        raise TimeoutError

    monkeypatch.setattr("airflow_provider_dysms.storage.object_store.local_folder.os.walk", gone)
    with pytest.raises(AirflowException, match="output_uri cannot be listed") as caught:
        unsettled(tmp_path)
    assert not isinstance(caught.value, AirflowFailException)


@pytest.fixture
def catch_up(
    run_dag: Callable[..., Any], emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Run a catch-up DAG, as the documentation shows it, through the day before yesterday; return its run."""
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1))
    output_uri, sent_uri = f"file://{tmp_path}/out", f"file://{tmp_path}/{{send_date:%Y%m%d}}.csv"

    def run(dag_id: str) -> Any:
        with DAG(dag_id, schedule=None) as dag:
            days = DysmsUnsettledDatesOperator(
                task_id="days",
                output_uri=output_uri,
                through=str(ago(2)),  # yesterday is not settled in the first two hours of today
                sent_uri=sent_uri,
                lookback_days=5,
            )
            DysmsToObjectStorageOperator.partial(
                task_id="audit",
                output_uri=output_uri,
                sent_uri=sent_uri,
                outside_window="skip",
                max_active_tis_per_dag=1,
                map_index_template="{{ task.send_date }}",
            ).expand(send_date=days.output)
        return run_dag(dag)

    return run


def seed(emulator: Emulator, folder: Path, day: date) -> None:
    noon = dates.day_start(day) + timedelta(hours=12)
    numbers = [f"1390000{place:04}" for place in range(3)]
    for place, number in enumerate(numbers):
        emulator.add_message(phone_number=number, out_id=f"{day}-{place}", sent_at=noon.isoformat(), state="delivered")
    lines = [f"{number},{day}-{place}" for place, number in enumerate(numbers)]
    (folder / f"{day:%Y%m%d}.csv").write_text("\n".join(["phone_number,out_id", *lines, ""]), "utf-8")


def mapped(run: Any) -> list[tuple[str | None, str | None]]:
    """Return the label and the state of each mapped audit."""
    audits = sorted((ti for ti in run.get_task_instances() if ti.task_id == "audit"), key=lambda ti: ti.map_index)
    return [(ti.rendered_map_index, ti.state) for ti in audits]


def test_a_first_run_is_the_backfill_and_the_second_asks_for_nothing(
    catch_up: Callable[..., Any], emulator: Emulator, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for age in (2, 3, 5, 6):  # one day has no log yet
        seed(emulator, tmp_path, ago(age))
    run = catch_up("catch_up")
    assert run.state == "success"
    assert mapped(run) == [(str(ago(age)), "success") for age in (2, 6, 5, 3)]
    written = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert len(written) == 8
    emulator.reset("requests")
    again = catch_up("catch_up_again")
    assert again.state == "success"
    assert mapped(again) == [(None, "skipped")]
    assert emulator.requests() == {}
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == written
    assert f"1 day without a send log must wait for the next run: {ago(4)}" in capfd.readouterr().out
    seed(emulator, tmp_path, ago(4))
    assert mapped(catch_up("catch_up_healed")) == [(str(ago(4)), "success")]
