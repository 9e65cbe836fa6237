"""Runs two example DAGs in Airflow, an audit of a generated day and a probe of three carriers: `make demo`.

It uses the emulator and a local folder. All its files are in `.demo/`, and it stops every process that it starts.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

from example_variables import example_variables

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model.dates import beijing_day

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".demo"
AUDIT, PROBE = "dysms_daily_delivery_audit", "dysms_otp_probe"
MESSAGES = 4000

#: How long an Airflow command may take on a slow machine (s). A failed task would otherwise wait for its retry.
TIMEOUT_SECONDS = 180


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    sent, output = FOLDER / "sent", FOLDER / "output"
    sent.mkdir(parents=True)
    today = beijing_day(datetime.now(UTC))
    day = today - timedelta(days=1)
    # The send log has messages of both sites, but the example DAG has only one connection.
    with Emulator.start("--switch", "sites=joined") as emulator:
        say(f"The emulator runs at {emulator.url}. It now generates a day of {MESSAGES:,} messages.")
        emulator.generate(send_date=day, messages=MESSAGES, seed=7, log=sent / f"{day:%Y%m%d}.csv")
        emulator.configure(receipt_seconds=2)
        environment = airflow_environment(
            AIRFLOW_CONN_DYSMS_DEFAULT=emulator.connection_json(privacy_secret=secrets.token_urlsafe(32)),
            **example_variables(FOLDER),
        )
        with (FOLDER / "airflow.log").open("w") as log:
            say("Airflow creates its database (its log is .demo/airflow.log).")
            run_airflow("db", "migrate", environment=environment, log=log)
            say(f"Airflow runs {AUDIT} for {day}.")
            run_airflow("dags", "test", AUDIT, f"{today}T07:30:00+08:00", environment=environment, log=log)
            show_audit(output, day.isoformat())
            say(f"Airflow runs {PROBE}, which sends a code to each carrier and waits a minute for its delivery.\n")
            run_airflow("dags", "test", PROBE, environment=environment, log=log)
            show_probe()


def airflow_environment(**variables: str) -> dict[str, str]:
    """Return an environment in which Airflow only uses the folder of the demo."""
    home = FOLDER / "airflow"
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "example_dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "NO_COLOR": "1",
        **variables,
    }


def run_airflow(*arguments: str, environment: dict[str, str], log: TextIO) -> None:
    """Run a command of Airflow; if it fails, print the end of its log and exit."""
    try:
        subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=True,
            timeout=TIMEOUT_SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        print("\n".join((FOLDER / "airflow.log").read_text().splitlines()[-40:]))
        sys.exit(f"airflow {' '.join(arguments)} failed: {type(error).__name__}")


def show_probe() -> None:
    """Print the result of the probe, which is the return value of its last task."""
    with contextlib.closing(sqlite3.connect(FOLDER / "airflow" / "airflow.db")) as database:
        query = "select value from xcom where dag_id = ? and task_id = 'summary' and key = 'return_value'"
        (value,) = database.execute(query, (PROBE,)).fetchone()
    for carrier, line in json.loads(value).items():
        print(f"{carrier:8}  {line}")


def show_audit(output: Path, day: str) -> None:
    """Print a table of the day's results, and a command that queries its file."""
    manifest = json.loads((output / "_manifests" / f"send_date={day}.json").read_text())
    result, run = manifest["result"], manifest["run"]
    seconds = result["delivery_seconds"]
    segments = f"{result['segments']['mainland']} / {run['statistics']['mainland']['total']}"
    table = [
        ("sent", result["lines"]),
        *result["by_state"].items(),
        *((f"failed: {category}", count) for category, count in result["failed_by_category"].items()),
        *((f"template {code}", sum(states.values())) for code, states in result["by_template"].items() if code),
        ("delivery time p50", f"{seconds['p50']} s"),
        ("delivery time p95", f"{seconds['p95']} s"),
        ("segments, ours / vendor", segments),
        ("requests / throttled", f"{run['requests']} / {run['throttled']}"),
    ]
    width = max(len(name) for name, _ in table)
    print(f"\n{day}\n{'-' * (width + 12)}")
    for name, value in table:
        print(f"{name:<{width}}  {value!s:>10}")
    print(f"{'-' * (width + 12)}")
    data = (output / result["data"]).relative_to(ROOT)
    query = (
        f"select state, category, count(*) from '{output.relative_to(ROOT)}/*/*.parquet' "  # noqa: S608
        f"where send_date = date '{day}' group by all order by 3 desc"
    )
    print(f"\nOne row per message: {data}\nQuery it with:\n")
    python = os.path.relpath(sys.executable, ROOT)
    print(f'  {python} -c "import duckdb; print(duckdb.sql(\\"{query}\\"))"\n')


def say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    main()
