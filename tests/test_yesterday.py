"""YESTERDAY is the Beijing day before a run, whatever made the run, and with whichever pendulum."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

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

PROGRAM = """
import json, sys
from types import SimpleNamespace
import pendulum
from airflow.sdk.definitions._internal.templater import SandboxedEnvironment
from airflow.sdk.execution_time import macros
from airflow.timetables.base import TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable
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
for hour in (0, 3, 7, 8, 23):
    run_after = pendulum.datetime(2026, 11, 21, hour, 30, tz="Asia/Shanghai")
    for zone in ("UTC", "Asia/Shanghai"):
        dag_run = SimpleNamespace(run_after=run_after.in_timezone(zone))
        answers[f"no interval, {hour}:30 Beijing, {zone}"] = render(dag_run=dag_run)
        answers[f"an empty interval, {hour}:30 Beijing, {zone}"] = render(dag_run=dag_run, data_interval_end=None)
print("ANSWERS " + json.dumps(answers))
"""


def answers(*first_on_path: Path) -> dict[str, str]:
    path = os.pathsep.join(map(str, first_on_path))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(TIMETABLES)],
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
    assert set(found.values()) == {"2026-11-20"}, found
    assert len(found) == 2 * len(TIMETABLES) + 20
