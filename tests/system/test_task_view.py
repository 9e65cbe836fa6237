"""A task in a running Airflow: documentation, labels, links, lineage, metrics."""

from __future__ import annotations

import json
import re
import textwrap
import urllib.parse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.airflow.airflow_api import until
from support.airflow.running_airflow import RunningAirflow
from support.statsd import StatsdServer

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.links.console import INTERNATIONAL_CONSOLE, MAINLAND_CONSOLE
from airflow_provider_dysms.model import dates

TODAY = dates.beijing_day(datetime.now(UTC))
DAYS = [TODAY - timedelta(days=5), TODAY - timedelta(days=4)]
NUMBERS = ["139" + f"0000{place}" for place in range(8101, 8104)]
ABROAD = "1790000000" + "777777"

DAGS = """
    from datetime import timedelta

    from airflow.sdk import DAG

    from airflow_provider_dysms.operators.dysms import (
        DysmsQuerySendStatisticsOperator, DysmsQueryMessageOperator, DysmsVerifyPartitionOperator
    )
    from airflow_provider_dysms.sensors.dysms import DysmsMessageSensor
    from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

    DAYS, FOLDER, ABROAD = {days}, "file://{folder}", "{abroad}"

    # A machine under load may lose a task before it starts: Airflow then says that its executor has failed.
    again = dict(retries=3, retry_delay=timedelta(seconds=1))
    with DAG("viewed", schedule=None, render_template_as_native_obj=True, default_args=again):
        audit = DysmsToObjectStorageOperator.partial(
            task_id="audit",
            sent_uri=FOLDER + "/<day>.csv",
            output_uri=FOLDER + "/out",
            carry=["campaign"],
        ).expand(send_date=DAYS)
        audit >> DysmsVerifyPartitionOperator(task_id="verify", output_uri=FOLDER + "/out", send_date=DAYS[0])
        DysmsQuerySendStatisticsOperator(
            task_id="statistics", first_date=DAYS[0], last_date=DAYS[1], output_uri=FOLDER + "/statistics"
        )
        DysmsToObjectStorageOperator(
            task_id="fails",
            retries=0,
            sent_uri=FOLDER + "/nothing.csv",
            output_uri=FOLDER + "/fails",
            doc_md="**Mine**",
        )
        DysmsMessageSensor(
            task_id="wait", message_ids=[ABROAD], dysms_conn_id="dysms_abroad", deferrable=True, poke_interval=1
        )
"""


class Seen:
    """The results of one run of the DAG.

    :param airflow: where it ran
    :param run_id: of the run
    :param events: of OpenLineage, by task and kind
    :param metrics: name with tags, and value
    """

    def __init__(
        self, airflow: RunningAirflow, run_id: str, events: dict[tuple[str, str], Any], metrics: list[tuple[str, str]]
    ) -> None:
        self.airflow, self.run_id, self.events, self.metrics = airflow, run_id, events, metrics

    def links(self, task_id: str, map_index: int = -1) -> dict[str, str | None]:
        run = urllib.parse.quote(self.run_id)
        path = f"dags/viewed/dagRuns/{run}/taskInstances/{task_id}/links?map_index={map_index}"
        return dict(self.airflow.get(path)["extra_links"])


def events_in(folder: Path) -> dict[tuple[str, str], Any]:
    """Return the events of the tasks of the DAG."""
    found = [json.loads(line) for file in folder.iterdir() for line in file.read_text().splitlines() if line.strip()]
    return {
        (event["job"]["name"].removeprefix("viewed."), event["eventType"]): event
        for event in found
        if event["job"]["name"].startswith("viewed.")
    }


@pytest.fixture(scope="module")
def seen(
    airflow: RunningAirflow,
    dysms_process: Emulator,
    statsd: StatsdServer,
    lineage_events: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Seen:
    folder, emulator = tmp_path_factory.mktemp("viewed"), dysms_process
    emulator.reset()
    for day in DAYS:
        noon = dates.day_start(day) + timedelta(hours=12)
        for place, number in enumerate(NUMBERS[:2]):
            emulator.add_message(phone_number=number, out_id=f"o-{place}", sent_at=noon)
        lines = [f"{number},o-{place},spring" for place, number in enumerate(NUMBERS[:2])]
        (folder / f"{day:%Y%m%d}.csv").write_text("\n".join(["phone_number,out_id,campaign", *lines, ""]))
    emulator.configure(transition="tick")
    settles_at = (emulator.now() + timedelta(hours=1)).isoformat()
    emulator.add_message(message_id=ABROAD, phone_number="6581" + "234567", settles_at=settles_at)
    days = [day.isoformat() for day in DAYS]
    source = textwrap.dedent(DAGS).format(days=days, folder=folder, abroad=ABROAD)
    (airflow.dags / "viewed.py").write_text(source.replace("<day>", "{send_date:%Y%m%d}"))
    run_id = airflow.trigger("viewed")
    until(lambda: ("wait", -1) in airflow.states("viewed", run_id), 180, "the tasks are known")
    until(lambda: airflow.states("viewed", run_id)[("wait", -1)] == "deferred", 180, "the sensor waits")
    until(lambda: any(name.startswith("dysms.open_waits") for name, _ in statsd.metrics()), 60, "the wait is counted")
    emulator.tick()
    states = airflow.wait("viewed", run_id)
    assert {task for (task, _), state in states.items() if state != "success"} == {"fails"}
    until(lambda: ("wait", "COMPLETE") in events_in(lineage_events), 60, "OpenLineage has told of the last task")
    return Seen(airflow, run_id, events_in(lineage_events), statsd.metrics())


def test_each_class_documents_its_tasks_and_the_users_words_come_first(seen: Seen) -> None:
    docs = {task["task_id"]: task["doc_md"] for task in seen.airflow.get("dags/viewed/tasks")["tasks"]}
    assert docs["fails"] == "**Mine**"
    assert docs["audit"].startswith("Audit a day: ask the service about every message, and write one row per message")
    assert "The vendor's documents: <https://help.aliyun.com/document_detail/419277.html>" in docs["audit"]
    assert docs["wait"].startswith("Wait until international messages have arrived, by QueryMessage.")
    assert all(docs.values())


def test_mapped_audits_are_named_by_their_day_also_if_a_dag_renders_native_objects(seen: Seen) -> None:
    tasks = seen.airflow.tasks("viewed", seen.run_id)
    labels = {task["map_index"]: task["rendered_map_index"] for task in tasks if task["task_id"] == "audit"}
    assert labels == {place: f"send_date={day}" for place, day in enumerate(DAYS)}


def test_the_links_come_back_from_airflows_api(seen: Seen) -> None:
    run = urllib.parse.quote(seen.run_id, safe="")
    manifest = f"/dags/viewed/runs/{run}/tasks/audit/mapped/1/xcom"
    console, of_the_day, report = "Alibaba Cloud SMS console", "Manifest of the day", "SMS delivery of the day"
    assert seen.links("audit", 1) == {console: MAINLAND_CONSOLE, of_the_day: manifest, report: None}
    assert seen.links("statistics") == {
        console: MAINLAND_CONSOLE,
        of_the_day: f"/dags/viewed/runs/{run}/tasks/statistics/xcom",
    }
    assert seen.links("fails") == {console: MAINLAND_CONSOLE, of_the_day: None, report: None}  # the UI hides them
    assert seen.links("wait") == {console: INTERNATIONAL_CONSOLE}
    assert seen.airflow.xcom("viewed", seen.run_id, "audit", "_link_DysmsConsoleLink", 1) == MAINLAND_CONSOLE
    assert seen.airflow.xcom("viewed", seen.run_id, "audit", map_index=1)["result"]["send_date"] == str(DAYS[1])


def test_openlineage_is_told_of_the_log_and_of_the_written_folder(seen: Seen) -> None:
    event = seen.events[("audit", "COMPLETE")]
    (log,), (written,) = event["inputs"], event["outputs"]
    assert log["namespace"] == written["namespace"] == "file"
    assert re.search(r"/\d{8}\.csv$", log["name"])
    assert written["name"].endswith("/out")
    assert log["inputFacets"]["inputStatistics"]["rowCount"] == 2
    fields = {field["name"]: field["type"] for field in written["facets"]["schema"]["fields"]}
    assert (fields["phone_number"], fields["campaign"], fields["is_final"]) == ("string", "string", "boolean")
    assert written["outputFacets"]["outputStatistics"]["rowCount"] == 2
    assert written["outputFacets"]["outputStatistics"]["size"] > 100
    assert re.fullmatch(r"[0-9a-f]{64}", written["facets"]["version"]["datasetVersion"])
    assertions = {each["assertion"]: each for each in written["facets"]["dataQualityAssertions"]["assertions"]}
    assert {name: each["success"] for name, each in assertions.items()} == {
        "complete": True,
        "missing_rate": True,
        "rejected_rate": True,
        "settled": True,
        "statistics_gap": True,
    }
    assert (assertions["missing_rate"]["expected"], assertions["missing_rate"]["actual"]) == (
        "at most 0.05",
        "0.000000",
    )


def test_openlineage_is_told_of_reads_of_counts_and_of_failures(seen: Seen) -> None:
    (read,) = seen.events[("verify", "COMPLETE")]["inputs"]
    assert read["name"].endswith("/out")
    assert [each["assertion"] for each in read["facets"]["dataQualityAssertions"]["assertions"]] == ["matches_manifest"]
    assert seen.events[("verify", "COMPLETE")]["outputs"] == []
    (written,) = seen.events[("statistics", "COMPLETE")]["outputs"]
    assert written["name"].endswith("/statistics")
    assert written["outputFacets"]["outputStatistics"]["rowCount"] == 2
    failed = seen.events[("fails", "FAIL")]
    assert [each["name"].rpartition("/")[2] for each in failed["inputs"]] == ["nothing.csv"]
    assert [each["name"].rpartition("/")[2] for each in failed["outputs"]] == ["fails"]
    assert "outputStatistics" not in failed["outputs"][0]["outputFacets"]


def test_no_number_is_in_a_link_a_facet_or_a_metric(seen: Seen) -> None:
    told = json.dumps([list(seen.events.values()), seen.metrics, seen.links("audit", 0)])
    assert not any(number in told for number in NUMBERS)


def test_a_wait_in_the_triggerer_is_measured_until_it_ends(seen: Seen) -> None:
    waits = [value for name, value in seen.metrics if re.fullmatch(r"dysms\.open_waits,hostname=\S+", name)]
    assert (waits[0], waits[-1]) == ("1|g", "0|g")
    requests = [value for name, value in seen.metrics if name == "dysms.requests"]
    assert sum(int(value.removesuffix("|c")) for value in requests) >= 1
    lags = [value for name, value in seen.metrics if re.fullmatch(r"dysms\.poll_lag,hostname=\S+", name)]
    assert all(float(value.removesuffix("|ms")) >= 0 for value in lags)
    assert lags
