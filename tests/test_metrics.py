"""Real tasks send their metrics to a StatsD server on loopback, by Airflow's own settings."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pendulum
import pytest
from airflow.sdk import DAG, BaseOperator
from statsd import StatsClient
from support.airflow.airflow_api import until
from support.statsd import StatsdServer, statsd_server

from airflow_provider_dysms import metrics
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates

DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
NUMBER = "139" + "00001111"
PAGE = (Path(__file__).parents[1] / "docs" / "metrics.md").read_text("utf-8")


def initialize_metrics() -> None:
    """Have Airflow read its settings of metrics again, as each new process of a task does."""
    from airflow.sdk.observability.metrics import stats_utils

    try:
        from airflow.sdk.observability.stats import initialize
    except ImportError:  # Airflow 3.2
        from airflow.sdk.observability.stats import Stats

        Stats.initialize(factory=stats_utils.get_stats_factory(Stats))
    else:
        initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)


@pytest.fixture
def statsd(monkeypatch: pytest.MonkeyPatch) -> Iterator[StatsdServer]:
    with statsd_server() as server:
        with monkeypatch.context() as patched:
            for name, value in server.environment.items():
                patched.setenv(name, value)
            initialize_metrics()
            yield server
        for client in (each for each in gc.get_objects() if type(each) is StatsClient):
            client.close()  # Airflow keeps it until its process ends
        initialize_metrics()


@pytest.fixture
def run(
    run_dag: Callable[..., Any], emulator: Emulator, statsd: StatsdServer, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[], Any]], str]:
    """Run one task; return its state."""
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1, privacy_secret="k" * 32))

    def run(make: Callable[[], Any]) -> str:
        statsd.clear()
        with DAG("measured", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC")) as dag:
            make()
        (instance,) = run_dag(dag).get_task_instances()
        until(lambda: any("ti.finish" in line for line in statsd.lines()), 20, "Airflow's own metrics have come")
        return str(instance.state)

    return run


def test_an_audit_counts_its_requests_and_its_rows_by_state(
    run: Any, emulator: Emulator, statsd: StatsdServer, tmp_path: Path
) -> None:
    from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

    noon = dates.day_start(DAY) + timedelta(hours=12)
    for place, state in enumerate(("delivered", "delivered", "failed")):
        emulator.add_message(phone_number=f"1390000{place:04}", out_id=f"o-{place}", state=state, sent_at=noon)
    lines = [f"1390000{place:04},o-{place},spring" for place in range(4)]
    (tmp_path / "sent.csv").write_text("\n".join(["phone_number,out_id,campaign", *lines, ""]))
    emulator.fault("business", action="QuerySendDetails", code="Throttling.User", times=2)

    def audit() -> None:
        DysmsToObjectStorageOperator(
            task_id="audit",
            sent_uri=f"file://{tmp_path}/sent.csv",
            output_uri=f"file://{tmp_path}/out",
            send_date=DAY.isoformat(),
            max_missing_rate=1,
        )

    assert run(audit) == "success"
    tags = ",dag_id=measured,task_id=audit"
    requests = sum(counts["requests"] for counts in emulator.requests().values())
    assert dict(statsd.metrics()) == {
        f"dysms.requests{tags}": f"{requests}|c",
        f"dysms.throttled{tags}": "2|c",
        f"dysms.rows.delivered{tags}": "2|c",
        f"dysms.rows.failed{tags}": "1|c",
        f"dysms.rows.missing{tags}": "1|c",
    }
    assert not any(re.search(r"1390000\d{4}", line) for line in statsd.lines())


def test_a_task_that_fails_counts_its_requests_too(run: Any, emulator: Emulator, statsd: StatsdServer) -> None:
    from airflow_provider_dysms.operators.dysms import DysmsQuerySendDetailsOperator

    emulator.fault("business", action="QuerySendDetails", code="isp.RAM_PERMISSION_DENY", times=None)

    def query() -> None:
        DysmsQuerySendDetailsOperator(task_id="ask", phone_numbers=[NUMBER], send_date=DAY.isoformat())

    assert run(query) == "failed"
    assert statsd.metrics() == [("dysms.requests,dag_id=measured,task_id=ask", "1|c")]


def test_calls_of_the_hook_are_counted(run: Any, emulator: Emulator, statsd: StatsdServer) -> None:
    from airflow_provider_dysms.hooks.dysms import DysmsHook

    class Ask(BaseOperator):
        def execute(self, context: Any) -> int:
            hook = DysmsHook()
            return len(hook.query_send_details(NUMBER, DAY)) + len(hook.query_send_details(NUMBER, DAY))

    assert run(lambda: Ask(task_id="ask")) == "success"
    assert statsd.metrics() == [("dysms.requests,dag_id=measured,task_id=ask", "1|c")] * 2


def test_the_days_that_are_not_settled_are_a_gauge(run: Any, statsd: StatsdServer, tmp_path: Path) -> None:
    from airflow_provider_dysms.operators.unsettled_dates import DysmsUnsettledDatesOperator

    def days() -> None:
        DysmsUnsettledDatesOperator(task_id="days", output_uri=f"file://{tmp_path}/out", lookback_days=7, limit=2)

    assert run(days) == "success"
    assert statsd.metrics() == [("dysms.unsettled_days,dag_id=measured,task_id=days", "7|g")]


def test_a_metric_that_cannot_be_sent_fails_no_task(
    run: Any, statsd: StatsdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_dysms.operators.dysms import DysmsQuerySendDetailsOperator

    monkeypatch.setattr(metrics, "REQUESTS", "dysms requests ✉")
    query = {"phone_numbers": [NUMBER], "send_date": DAY.isoformat()}
    assert run(lambda: DysmsQuerySendDetailsOperator(task_id="ask", **query)) == "success"
    assert statsd.metrics() == []


def test_the_page_names_every_metric() -> None:
    named = set(re.findall(r"^\| `([\w.<>]+)` \|", PAGE, re.MULTILINE))
    ours = {value for name, value in vars(metrics).items() if name.isupper() and str(value).startswith("dysms.")}
    assert {name.removesuffix(".<state>") for name in named} == ours
