"""YESTERDAY is the Beijing day before a run, whatever made the run, and with whichever pendulum."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pendulum
import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronDataIntervalTimetable, CronPartitionTimetable, CronTriggerTimetable
from airflow.sdk.definitions._internal.templater import SandboxedEnvironment
from airflow.sdk.execution_time import macros
from airflow.serialization.serialized_objects import DagSerialization
from support.features import has_local_partition_keys

from airflow_provider_dysms import YESTERDAY
from airflow_provider_dysms.model.dates import parse_day
from airflow_provider_dysms.model.errors import DysmsInputError

pytestmark = pytest.mark.slow

#: Each timetable's own run on the morning of 2026-11-21 in Beijing; the right answer is always 2026-11-20.
TIMETABLES = {
    "cron trigger, 07:30 Shanghai": "CronTriggerTimetable('30 7 * * *', timezone='Asia/Shanghai')",
    "cron trigger, 00:05 Shanghai": "CronTriggerTimetable('5 0 * * *', timezone='Asia/Shanghai')",
    "cron trigger, 07:59 Shanghai": "CronTriggerTimetable('59 7 * * *', timezone='Asia/Shanghai')",
    "cron trigger, 23:30 UTC": "CronTriggerTimetable('30 23 * * *', timezone='UTC')",
    "cron trigger, daily UTC": "CronTriggerTimetable('@daily', timezone='UTC')",
    "data interval, 00:00 Shanghai": "CronDataIntervalTimetable('0 0 * * *', timezone='Asia/Shanghai')",
    "data interval, 07:30 Shanghai": "CronDataIntervalTimetable('30 7 * * *', timezone='Asia/Shanghai')",
    "data interval, daily UTC": "CronDataIntervalTimetable('@daily', timezone='UTC')",
}

#: The same for timetables whose runs have a partition key.
PARTITIONS = {
    "partitions, 01:00 UTC": (
        "CronPartitionTimetable('0 1 * * *', timezone='UTC', run_offset=-1, key_format='%Y-%m-%d')"
    ),
    # From 16:00 on, the day in UTC is the day that has just ended in Beijing.
    "partitions, 23:30 UTC": "CronPartitionTimetable('30 23 * * *', timezone='UTC', key_format='%Y-%m-%d')",
}
LOCAL_PARTITIONS = {
    "partitions, 07:30 Shanghai": (
        "CronPartitionTimetable('30 7 * * *', timezone='Asia/Shanghai', run_offset=-1, key_format='%Y-%m-%d')"
    ),
    "partitions, 00:05 Shanghai": (
        "CronPartitionTimetable('5 0 * * *', timezone='Asia/Shanghai', run_offset=-1, key_format='%Y%m%d')"
    ),
}
if has_local_partition_keys():
    PARTITIONS |= LOCAL_PARTITIONS

PROGRAM = """
import json, sys
from types import SimpleNamespace
import pendulum
from airflow.sdk.definitions._internal.templater import SandboxedEnvironment
from airflow.sdk.execution_time import macros
from airflow.timetables.base import TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronPartitionTimetable, CronTriggerTimetable
from airflow_provider_dysms import YESTERDAY

def render(**context):
    return SandboxedEnvironment().from_string(YESTERDAY).render(macros=macros, **context)

answers = {"pendulum": pendulum.__version__}
earliest = pendulum.datetime(2026, 11, 20, 16, tz="UTC")
for name, source in json.loads(sys.argv[1]).items():
    timetable = eval(source)
    last, restriction = None, TimeRestriction(earliest.subtract(days=2), None, True)
    while True:
        run = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        last = run.data_interval
        if run.run_after >= earliest:
            break
    context = {"data_interval_end": last.end, "dag_run": SimpleNamespace(run_after=run.run_after)}
    answers[name] = render(**context)
    in_zone = {**context, "data_interval_end": last.end.in_timezone("Asia/Shanghai")}
    answers[name + ", in another zone"] = render(**in_zone)
    manual = timetable.infer_manual_data_interval(run_after=pendulum.datetime(2026, 11, 21, 2, tz="UTC"))
    answers[name + ", by hand"] = render(data_interval_end=manual.end, dag_run=SimpleNamespace(run_after=manual.end))
for name, source in json.loads(sys.argv[2]).items():
    timetable = eval(source)
    last, restriction = None, TimeRestriction(earliest.subtract(days=2), None, True)
    while True:
        last = timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=restriction)
        if last.run_after >= earliest:
            break
    dag_run = SimpleNamespace(run_after=last.run_after, partition_key=last.partition_key)
    answers[name] = render(dag_run=dag_run)
    dag_run.run_after = last.run_after.add(days=3)  # a key is the day, whenever its run is made
    answers[name + ", later"] = render(dag_run=dag_run, data_interval_end=dag_run.run_after)
for hour in (0, 3, 7, 8, 23):
    run_after = pendulum.datetime(2026, 11, 21, hour, 30, tz="Asia/Shanghai")
    for zone in ("UTC", "Asia/Shanghai"):
        dag_run = SimpleNamespace(run_after=run_after.in_timezone(zone), partition_key=None)
        answers[f"no interval, {hour}:30 Beijing, {zone}"] = render(dag_run=dag_run)
        answers[f"an empty interval, {hour}:30 Beijing, {zone}"] = render(dag_run=dag_run, data_interval_end=None)
print("ANSWERS " + json.dumps(answers))
"""


def answers(*first_on_path: Path) -> dict[str, str]:
    path = os.pathsep.join(map(str, first_on_path))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(TIMETABLES), json.dumps(PARTITIONS)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("ANSWERS ")]
    return dict(json.loads(line.removeprefix("ANSWERS ")))


@pytest.mark.parametrize("version", ["installed", "3.1.0"])
def test_yesterday_is_right_in_every_timetable_zone_and_version(version: str) -> None:
    older = Path(sys.prefix) / "pendulum-3.1.0"
    found = answers(*([older] if version == "3.1.0" else []))
    used = found.pop("pendulum")
    assert used == version or (version == "installed" and used != "3.1.0")
    assert {parse_day(day).isoformat() for day in found.values()} == {"2026-11-20"}, found
    assert len(found) == 3 * len(TIMETABLES) + 2 * len(PARTITIONS) + 20


#: Timetables whose backfills go from partition to partition.
PARTITIONED_BACKFILLS = [
    CronPartitionTimetable(cron, timezone=zone, run_offset=-1, key_format="%Y-%m-%d")
    for cron, zone in (("30 7 * * *", "Asia/Shanghai"), ("0 1 * * *", "UTC"))
    if has_local_partition_keys()
]


def rendered(info: Any) -> str:
    """Return YESTERDAY in the run that a backfill makes of some information."""
    dag_run = SimpleNamespace(run_after=info.run_after, partition_key=info.partition_key)
    context = {"dag_run": dag_run, "macros": macros}
    if info.data_interval:
        context["data_interval_end"] = info.data_interval.end
    return SandboxedEnvironment().from_string(YESTERDAY).render(context)


@pytest.mark.parametrize(
    ("timetable", "first_day"),
    [
        # The logical date of a run is when it is due, so a backfill from the 10th on begins with the 9th.
        (CronTriggerTimetable("30 7 * * *", timezone="Asia/Shanghai"), 9),
        (CronTriggerTimetable("0 1 * * *", timezone="UTC"), 9),
        (CronDataIntervalTimetable("0 0 * * *", timezone="Asia/Shanghai"), 10),
        (CronDataIntervalTimetable("30 7 * * *", timezone="Asia/Shanghai"), 10),
        (CronDataIntervalTimetable("0 1 * * *", timezone="UTC"), 10),
        *((timetable, 10) for timetable in PARTITIONED_BACKFILLS),
    ],
)
def test_each_run_of_a_backfill_has_a_day_of_its_own_and_none_is_left_out(timetable: Any, first_day: int) -> None:
    zone = timetable.timezone if isinstance(timetable.timezone, str) else "Asia/Shanghai"
    with DAG("backfilled", schedule=timetable, start_date=pendulum.datetime(2026, 11, 1, tz=zone)) as dag:
        EmptyOperator(task_id="nothing")
    first, last = pendulum.datetime(2026, 11, 10, tz=zone), pendulum.datetime(2026, 11, 12, 23, 59, tz=zone)
    infos = DagSerialization.from_dict(DagSerialization.to_dict(dag)).iter_dagrun_infos_between(first, last)
    assert [rendered(info) for info in infos] == [f"2026-11-{first_day + place:02}" for place in range(3)]


def test_a_key_that_is_not_a_date_is_refused_by_whatever_takes_the_day() -> None:
    dag_run = SimpleNamespace(run_after=pendulum.datetime(2026, 11, 21), partition_key="2026-11-20T07:30:00")
    key = SandboxedEnvironment().from_string(YESTERDAY).render(dag_run=dag_run, macros=macros)
    with pytest.raises(DysmsInputError, match=r"send_date is a time without a zone.* key_format='%Y-%m-%d'"):
        parse_day(key)
