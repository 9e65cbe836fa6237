"""Runs Airflow with the example DAGs, and an emulator that has thirty days of messages, until Ctrl-C: `make airflow`.

Its files are in `.airflow/`, which is made anew each time. Everything listens on loopback alone.
"""

from __future__ import annotations

import json
import secrets
import shutil
import signal
import socket
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from example_variables import example_variables
from support.airflow.running_airflow import RunningAirflow

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model.dates import beijing_day

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".airflow"

#: As many days as the service remembers.
DAYS = 30
MESSAGES_PER_DAY = 400

#: The port of Airflow's user interface, if it is free.
PORT = 8080


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # so that everything is stopped, as after Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts a background command with it ignored
    shutil.rmtree(FOLDER, ignore_errors=True)
    sent, truth = FOLDER / "sent", FOLDER / "truth"
    for folder in (sent, truth):
        folder.mkdir(parents=True)
    # On the last day of the window, the service forgets message ids hour by hour.
    with Emulator.start("--switch", "sites=joined", "--switch", "message_retention_days=31") as emulator:
        say(f"The emulator runs at {emulator.url}. It generates {DAYS} days of {MESSAGES_PER_DAY} messages.")
        today = beijing_day(datetime.now(UTC))
        for age in range(DAYS, 0, -1):
            day = today - timedelta(days=age)
            emulator.generate(
                send_date=day,
                messages=MESSAGES_PER_DAY,
                seed=age,
                log=sent / f"{day:%Y%m%d}.csv",
                truth=truth / f"{day}.jsonl",
            )
        say("Airflow starts; that takes half a minute to two minutes.")
        password = secrets.token_urlsafe(9)
        with RunningAirflow(
            FOLDER / "home",
            port=PORT if is_free(PORT) else None,
            impatient=False,
            environment={
                **login(password),
                "AIRFLOW_CONN_DYSMS_DEFAULT": emulator.connection_json(privacy_secret=secrets.token_urlsafe(32)),
                "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
                "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "example_dags"),
                "AIRFLOW__DYSMS__ARCHIVES": json.dumps({"example": f"file://{FOLDER}/output"}),
                "AIRFLOW__DYSMS__SHOW_NUMBERS": "True",  # they are made up
                **example_variables(FOLDER),
            },
        ) as airflow:
            say(f"\nAirflow:   {airflow.url}\nLogin:     admin / {password}\n")
            say(f"The send logs are in {sent.relative_to(ROOT)}, audits go to .airflow/output.")
            say("Unpause dysms_catch_up, and it audits the days before its last run, which is at 07:30 in Beijing.")
            say("Under Plugins are the delivery report and the sending details. Ctrl-C stops everything.")
            while True:
                time.sleep(3600)


def login(password: str) -> dict[str, str]:
    """Return the settings of Airflow's simple login, with one administrator."""
    file = FOLDER / "passwords.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"admin": password}))
    return {
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(file),
    }


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        say("\nEverything has stopped.")
