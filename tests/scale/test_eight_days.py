"""Eight days of one account on two Celery workers: its quota is kept across processes, and every day is right.

A pool says how many days run at once, `requests_per_second` what each of them may take. Next to it, in the same
Airflow, days that each believe that they have the whole quota: so that what is measured can be seen to notice.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from figures import table, worst_second
from support.airflow.airflow_api import PATIENCE, until
from support.airflow.running_airflow import RunningAirflow
from support.airflow.servers import serving
from support.truth import day_differences, day_result

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model.dates import beijing_day

pytestmark = pytest.mark.scale

DAG = Path(__file__).parent / "dags" / "eight_days.py"
REQUEST_TIMES = Path(__file__).parents[2] / "benchmarks" / "request_times.py"

DAYS, MESSAGES = 8, 2_000
#: QuerySendDetails a second of the account, and how many days may run at once.
QUOTA, SLOTS = 200, 4
#: What each of them may take. A tenth stays free: requests bunch up on their way to the service, and it counts there.
EACH = 0.9 * QUOTA / SLOTS
#: Tasks that a worker runs at once: more than the pool allows in both, fewer in one.
CONCURRENCY = 3
#: Without sharing: as many days as run at once.
UNSHARED = SLOTS
#: The largest share of requests that may be throttled.
THROTTLED = 0.001


@dataclass(frozen=True)
class Seen:
    """The figures of a run.

    :param written: when each request was written, by the machine's clock
    :param workers: how many of them it ran in
    :param counts: the service's own: ``requests``, ``throttled``, ``worst_second``
    :param rows: how many equal the truth
    """

    days: int
    written: list[float]
    workers: int
    counts: dict[str, int]
    rows: int

    @property
    def throttled(self) -> float:
        """The share of requests that were."""
        return self.counts["throttled"] / self.counts["requests"]

    @property
    def worst_second(self) -> int:
        """The most requests that were written within one second."""
        return worst_second(self.written)

    @property
    def a_second(self) -> float:
        """Requests per second, from the first to the last."""
        return len(self.written) / (max(self.written) - min(self.written))


@pytest.fixture
def airflow(emulator: Emulator, tmp_path: Path) -> Iterator[RunningAirflow]:
    """Airflow on PostgreSQL and Redis, with two workers and a pool."""
    import celery  # only the environment of this test has it

    with serving("postgres") as database, serving("redis") as broker:
        environment = {
            "AIRFLOW__CELERY__BROKER_URL": broker,
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{database}",
            "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(CONCURRENCY),
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__CORE__PARALLELISM": "32",
            "AIRFLOW_CONN_DYSMS_DEFAULT": emulator.connection_json(quota={"QuerySendDetails": QUOTA}),
            "SCALE_QUOTA": str(QUOTA),
            "SCALE_EACH": str(EACH),
        }
        with RunningAirflow(
            tmp_path / "home",
            dags=[DAG, REQUEST_TIMES],
            parts=("api-server", "dag-processor", "scheduler"),
            database=database,
            impatient=False,
            environment=environment,
        ) as running:
            running.add_pool("dysms", SLOTS)
            for name in ("first", "second"):
                running.start("worker", name, "--celery-hostname", name)
            with closing(celery.Celery(broker=broker)) as app:
                until(lambda: len(app.control.ping(timeout=1)) == 2, PATIENCE, "both workers live")
            yield running


def test_eight_days_share_the_quota_of_their_account_and_each_is_right(
    airflow: RunningAirflow, emulator: Emulator, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    yesterday = beijing_day(datetime.now(UTC)) - timedelta(days=1)
    days = [yesterday - timedelta(days=number) for number in range(DAYS)]
    make_up(emulator, days, tmp_path)
    shared = run("shared", days, airflow, emulator, tmp_path)
    unshared = run("unshared", days[:UNSHARED], airflow, emulator, tmp_path)
    with capfd.disabled():
        print(f"\n\n{as_table(shared, unshared)}\n")

    assert shared.workers == 2
    assert shared.worst_second <= QUOTA
    assert shared.counts["worst_second"] <= QUOTA
    assert shared.throttled < THROTTLED

    assert unshared.worst_second > QUOTA
    assert unshared.counts["worst_second"] > QUOTA
    assert unshared.throttled >= THROTTLED


def make_up(emulator: Emulator, days: list[date], folder: Path) -> None:
    """Put days into the service, and their logs and the truth about them into files."""
    for name in ("sent", "truth"):
        (folder / name).mkdir()
    for day in days:
        log, truth = folder / f"sent/{day}.csv", folder / f"truth/{day}.jsonl"
        emulator.generate(send_date=day, messages=MESSAGES, seed=5, log=log, truth=truth)
    emulator.configure(latency_ms=20)
    emulator.quotas(QuerySendDetails=QUOTA)


def run(dag_id: str, days: list[date], airflow: RunningAirflow, emulator: Emulator, folder: Path) -> Seen:
    """Audit days; compare each with the truth."""
    emulator.reset("requests")
    run_id = airflow.trigger(dag_id, {"days": [day.isoformat() for day in days], "folder": f"file://{folder}"})
    states = airflow.wait(dag_id, run_id, timeout=600)
    assert set(states.values()) == {"success"}, states
    for day in days:
        assert day_differences(folder / f"truth/{day}.jsonl", folder / dag_id, day) == []
    notes = [json.loads((folder / dag_id / f"_notes/{day}.json").read_text()) for day in days]
    written = [instant for note in notes for instant in note["written"]]
    counts = emulator.requests()["QuerySendDetails"]
    assert len(written) == counts["requests"]
    rows = sum(day_result(folder / dag_id, day)["rows"] for day in days)
    return Seen(len(days), written, len({note["session"] for note in notes}), counts, rows)


def as_table(shared: Seen, unshared: Seen) -> str:
    """Return both runs side by side."""
    both = (shared, unshared)
    return table(
        [
            (f"quota {QUOTA} a second, {SLOTS} days at once", f"{EACH:g} each", f"{QUOTA} each"),
            ("days", *(f"{seen.days}" for seen in both)),
            ("workers", *(f"{seen.workers}" for seen in both)),
            ("requests", *(f"{len(seen.written):,}" for seen in both)),
            ("requests per second", *(f"{seen.a_second:.0f}" for seen in both)),
            ("worst second, as written", *(f"{seen.worst_second}" for seen in both)),
            ("worst second, as they arrived", *(f"{seen.counts['worst_second']}" for seen in both)),
            ("throttled", *(f"{seen.counts['throttled']:,} ({seen.throttled:.2%})" for seen in both)),
            ("rows, all as the truth has them", *(f"{seen.rows:,}" for seen in both)),
        ]
    )
