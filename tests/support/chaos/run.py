"""Runs a scenario in a real Airflow under a monkey, and returns the report about what is left."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from airflow_provider_dysms.emulator import Emulator
from support import TESTS
from support.airflow.running_airflow import RunningAirflow
from support.airflow.servers import serving
from support.chaos import judge
from support.chaos.descendants import adopting
from support.chaos.monkey import TRIGGERERS, WORKERS, Monkey, plan
from support.chaos.report import Report, heartbeats
from support.chaos.scenario import (
    LIFETIME,
    PRIVACY_SECRET,
    QUOTA_SHARE,
    QUOTAS,
    SETTINGS,
    SETTLE,
    Scenario,
    add_waited,
    generate_days,
    sent_numbers,
)
from support.chaos.work import Work
from support.truth import day_result

DAG = TESTS / "chaos" / "dags" / "chaos.py"

#: Parts of which there is one.
PARTS = ("api-server", "dag-processor", "scheduler")

#: Tasks that a worker runs at once; and in all, so that few wait in the broker while nobody takes them.
CONCURRENCY, PARALLELISM = 3, 8

#: Seconds between two looks at the runs, and between two lines about them; for how long the work may go on after the
#: last disturbance.
TICK, SAY_EVERY, GRACE = 5.0, 60.0, 2_400.0


def run(scenario: Scenario, folder: Path, say: Callable[[str], None]) -> Report:
    """Run a scenario.

    :param folder: is emptied first; what is left in it explains what went wrong
    :param say: takes a line about how it goes
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    now = datetime.now(UTC)
    if scenario.days == 30 and scenario.may_cross_midnight(now):
        scenario = replace(scenario, days=29)
        say("29 days are audited: midnight in Beijing is near, and with it the oldest day leaves the window")
    report = Report(scenario)
    say(heartbeats())
    began = time.monotonic()
    days = scenario.audited_days(now)
    with adopting() as left:
        with Emulator.start("--switch", "sites=joined") as emulator:
            # By default a message id is forgotten 30 times 24 hours after it was sent: during the oldest day.
            emulator.configure(skew_v3=LIFETIME, message_retention_days=31)
            emulator.add_templates({"SMS_1": "${code}"})
            generate_days(emulator, scenario, days, folder)
            report.undisturbed = _undisturbed(emulator, days, folder) + Counter(sends=scenario.sends)
            emulator.quotas(**QUOTAS)
            with _airflow(days, emulator, folder) as (airflow, parts):
                _disturb(scenario, airflow, parts, emulator, report, say)
            report.counts = emulator.requests()
        report.problems += judge.wrong_processes(left())
    report.problems += judge.wrong_quotas(report.counts, QUOTAS)
    report.problems += judge.wrong_days(folder, days)
    report.problems += judge.wrong_leftovers(folder, days)
    report.rows = sum(day_result(folder / "output", day)["rows"] for day in days if _is_audited(folder, day))
    report.seconds = time.monotonic() - began
    return report


def _is_audited(folder: Path, day: date) -> bool:
    return (folder / "output" / "_manifests" / f"send_date={day}.json").exists()


def _undisturbed(emulator: Emulator, days: list[date], folder: Path) -> Counter[str]:
    """Audit the days without Airflow and without disturbances; return how many requests that takes."""
    from airflow_provider_dysms.transfers.export import export
    from airflow_provider_dysms.transfers.export_options import ExportOptions

    log = logging.getLogger("undisturbed")
    log.setLevel(logging.ERROR)
    with patch.dict(os.environ, AIRFLOW_CONN_DYSMS_DEFAULT=emulator.connection_json(privacy_secret=PRIVACY_SECRET)):
        for day in days:
            sent_uri, output_uri = f"file://{folder}/sent/{day}.csv", f"file://{folder}/undisturbed"
            options = ExportOptions(sent_uri=sent_uri, output_uri=output_uri, send_date=day)
            export(options, log=log)
    requests = sum(count["requests"] for count in emulator.requests().values())
    emulator.reset("requests")
    return Counter(audits=requests)


@contextmanager
def _airflow(
    days: list[date], emulator: Emulator, folder: Path
) -> Iterator[tuple[RunningAirflow, dict[str, tuple[str, ...]]]]:
    """Airflow with two workers and two triggerers, and how each part is started."""
    parts = {
        **{name: ("worker", name, "--celery-hostname", name.replace(" ", "-")) for name in WORKERS},
        **{name: ("triggerer", name) for name in TRIGGERERS},
        **{part: (part,) for part in PARTS},
    }
    with serving("postgres") as database, serving("redis") as broker:
        environment = {
            **SETTINGS,
            "AIRFLOW__CELERY__BROKER_URL": broker,
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{database}",
            "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(CONCURRENCY),
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__CORE__PARALLELISM": str(PARALLELISM),
            "AIRFLOW_CONN_DYSMS_DEFAULT": emulator.connection_json(
                privacy_secret=PRIVACY_SECRET, quota=QUOTAS, quota_share=QUOTA_SHARE
            ),
            "CHAOS_DAYS": str(len(days)),
            "CHAOS_THROUGH": str(days[-1]),
            "CHAOS_FOLDER": str(folder.resolve()),
            "CHAOS_LIFETIME": str(LIFETIME),
            "CHAOS_SETTLE": str(SETTLE),
        }
        with RunningAirflow(
            folder / "home",
            dags=[DAG],
            parts=PARTS,
            database=database,
            environment=environment,
        ) as airflow:
            airflow.add_pool("one_audit", 1)
            for name in (*WORKERS, *TRIGGERERS):
                airflow.start(*parts[name])
            yield airflow, parts


def _disturb(
    scenario: Scenario,
    airflow: RunningAirflow,
    parts: dict[str, tuple[str, ...]],
    emulator: Emulator,
    report: Report,
    say: Callable[[str], None],
) -> None:
    """Let the monkey loose on the work, and judge what has become of waits and sends."""
    numbers, waited = sent_numbers(scenario), add_waited(emulator, scenario)
    work = Work(airflow, scenario.seconds, waited, numbers)
    monkey = Monkey(plan(scenario.seed, scenario.seconds), airflow, emulator, parts, scenario.seed)
    work.start()
    monkey.start()
    try:
        _until_done(scenario, work, monkey, say)
    except TimeoutError as error:
        report.problems.append(str(error))
    finally:
        monkey.stop()
    report.disturbances, report.faults = monkey.done, monkey.faults
    report.catch_ups, report.triggerers, report.cleared = work.catch_ups, len(work.triggerers), work.cleared.total()
    report.requests = _by_purpose(emulator.calls(), {each["message_id"] for each in waited}, set(numbers))
    report.problems += judge.wrong_waits(work.ended_waits())
    report.problems += judge.wrong_sends(work.ended_sends(), emulator.messages())


def _until_done(scenario: Scenario, work: Work, monkey: Monkey, say: Callable[[str], None]) -> None:
    """Look after the work until it has ended and the monkey is tired.

    :raises TimeoutError: the work does not end although nobody disturbs it any more
    """
    begun = said = time.monotonic()
    while monkey.is_busy or not work.is_done:
        time.sleep(TICK)
        now = time.monotonic()
        try:
            work.tick()
            if now - said >= SAY_EVERY:
                said = now
                say(f"{(now - begun) / 60:.0f} min, {monkey.done.total()} disturbances: {work.states()}")
        except OSError as error:  # the API server is paused, or busy
            say(f"Airflow's API did not answer: {error}")
        if now - begun > scenario.seconds + GRACE:
            raise TimeoutError(f"the work has not ended: {work.states()}")


def _by_purpose(calls: list[dict[str, Any]], waited: set[str], numbers: set[str]) -> Counter[str]:
    """Count the requests of audits, of sends, and those that ask about what was sent or is waited for."""
    counts: Counter[str] = Counter()
    for call in calls:
        parameters = call["parameters"]
        if call["action"] == "SendSms":
            counts["sends"] += 1
        elif parameters.get("MessageId") in waited or parameters.get("PhoneNumber") in numbers:
            counts["polls"] += 1
        else:
            counts["audits"] += 1
    return counts
