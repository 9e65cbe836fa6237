"""Two triggerers on PostgreSQL fail in turn while a hundred waits run: none is lost, each ends as its story says.

By Airflow's own settings a triggerer is taken for dead after thirty seconds; then the other has its waits.
"""

import itertools
import time
from collections import Counter
from pathlib import Path

import pytest
from running_airflow import RunningAirflow

pytestmark = pytest.mark.e2e

DAG = Path(__file__).parent / "dags" / "waits.py"
WAITS = 100

#: Seconds from its start until the first wait ends, and the last.
FIRST, LAST = 60, 300

#: Seconds that a triggerer stands still: more than those after which it is taken for dead.
TURN = 35


def test_no_wait_is_lost_when_triggerers_fail_in_turn(postgres: str, tmp_path: Path) -> None:
    seconds = [FIRST + (LAST - FIRST) * number // WAITS for number in range(WAITS)]
    good = [number % 10 != 9 for number in range(WAITS)]
    stories = [{"seconds": later, "good": well} for later, well in zip(seconds, good, strict=True)]
    with RunningAirflow(tmp_path / "home", database=postgres, dags=[DAG], impatient=False) as airflow:
        airflow.start_triggerer("second triggerer")
        run = airflow.trigger("waits", {"stories": stories})
        airflow.until(lambda: deferred(airflow, run) > WAITS / 2, 600, "half of them wait")
        turns = zip(itertools.cycle(["triggerer", "second triggerer"]), itertools.cycle(["kill", "kill", "freeze"]))
        taken = 0
        while deferred(airflow, run):
            name, failure = next(turns)
            held = holders(airflow, run)
            if failure == "kill":
                airflow.kill(name)
            else:
                airflow.freeze(name)
            time.sleep(TURN)
            now = holders(airflow, run)
            taken += sum(wait in now and now[wait] != holder for wait, holder in held.items())
            if failure == "kill":
                airflow.start_triggerer(name)
            else:
                airflow.thaw(name)
        states = airflow.wait("waits", run)
    expected = {("wait", number): "success" if well else "failed" for number, well in enumerate(good)}
    assert states == {("stories", -1): "success", **expected}
    assert taken >= WAITS / 10


def deferred(airflow: RunningAirflow, run: str) -> int:
    """Return how many tasks wait."""
    return Counter(airflow.states("waits", run).values())["deferred"]


def holders(airflow: RunningAirflow, run: str) -> dict[int, int]:
    """Return which triggerer has each wait."""
    tasks = airflow.tasks("waits", run)
    return {task["map_index"]: task["triggerer_job"]["id"] for task in tasks if task["triggerer_job"]}
