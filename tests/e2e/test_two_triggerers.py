"""Two triggerers on PostgreSQL fail in turn while a hundred waits run: none is lost, each ends as its story says.

By Airflow's own settings a triggerer is taken for dead after thirty seconds; then the other has its waits. One that
only stood still finds them taken when it goes on.
"""

import itertools
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from support.airflow.airflow_api import until
from support.airflow.running_airflow import RunningAirflow

from airflow_provider_dysms.emulator import Emulator

pytestmark = pytest.mark.e2e

DAG = Path(__file__).parent / "dags" / "waits.py"
WAITS = 100

#: What becomes of the messages, in turn, and of the task that waits.
STORIES = [("delivered", "success"), ("delivered", "success"), ("failed", "failed"), ("expired", "failed")]

#: Seconds until the first message has its end, and the last.
FIRST, LAST = 90, 330

#: Seconds for which a triggerer is away: more than those after which it is taken for dead.
TURN = 35


def test_no_wait_is_lost_when_triggerers_fail_in_turn(postgres: str, emulator: Emulator, tmp_path: Path) -> None:
    stories = list(itertools.islice(itertools.cycle(STORIES), WAITS))
    now = emulator.now()
    messages = emulator.add_messages(
        [
            {
                "phone_number": "+65 8000 " + f"{number:04d}",
                "state": outcome,
                "settles_at": (now + timedelta(seconds=FIRST + (LAST - FIRST) * number / WAITS)).isoformat(),
            }
            for number, (outcome, _) in enumerate(stories)
        ]
    )
    environment = {"AIRFLOW_CONN_DYSMS_DEFAULT": emulator.connection_json()}
    with RunningAirflow(
        tmp_path / "home", database=postgres, dags=[DAG], impatient=False, environment=environment
    ) as airflow:
        airflow.start_triggerer("second triggerer")
        run = airflow.trigger("waits", {"message_ids": [message["message_id"] for message in messages]})
        until(lambda: len(holders(airflow, run)) > WAITS / 2, 300, "half of them are in a triggerer")
        taken_over = fail_in_turn(airflow, run)
        states = airflow.wait("waits", run)
        assert states == {
            ("message_ids", -1): "success",
            **{("wait", number): end for number, (_, end) in enumerate(stories)},
        }
        reports = [report(airflow, run, number, end) for number, (_, end) in enumerate(stories)]
        stored = b"\n".join(cell for _, cell in airflow.everything_stored()).decode(errors="replace")
        logs = airflow.logs()
    assert [(told["message_id"], told["state"]) for told in reports] == [
        (message["message_id"], outcome) for message, (outcome, _) in zip(messages, stories, strict=True)
    ]
    assert taken_over >= WAITS / 10
    assert messages[0]["message_id"] in stored
    assert not [message for message in messages if message["phone_number"] in stored + logs]


def fail_in_turn(airflow: RunningAirflow, run: str) -> int:
    """Let the triggerers fail in turn until nothing waits; return how many waits went over to the other."""
    taken_over = 0
    turns = zip(itertools.cycle(["triggerer", "second triggerer"]), itertools.cycle(["kill", "kill", "freeze"]))
    while Counter(airflow.states("waits", run).values())["deferred"]:
        name, failure = next(turns)
        before = holders(airflow, run)
        if failure == "kill":
            airflow.kill(name)
        else:
            airflow.freeze(name)
        time.sleep(TURN)
        after = holders(airflow, run)
        taken_over += sum(wait in after and after[wait] != triggerer for wait, triggerer in before.items())
        if failure == "kill":
            airflow.start_triggerer(name)
        else:
            airflow.thaw(name)
    return taken_over


def holders(airflow: RunningAirflow, run: str) -> dict[int, int]:
    """Return which triggerer has each wait."""
    tasks = airflow.tasks("waits", run)
    return {task["map_index"]: task["triggerer_job"]["id"] for task in tasks if task["triggerer_job"]}


def report(airflow: RunningAirflow, run: str, number: int, end: str) -> dict[str, str]:
    """Return what a wait says of its message: as its result, or with its failure."""
    key = "return_value" if end == "success" else "reports"
    (told,) = airflow.xcom("waits", run, "wait", key, number)
    return dict(told)
