"""The check as a task: it fails, warns and branches, and refuses what makes no sense before it reads anything."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from support.documentation import python_example
from support.manifests import PARTITION, key_of
from support.simulated_archive import GROUPS, Day, Group, SimulatedArchive

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.exceptions import DysmsArgumentError, DysmsDeliveryBad, DysmsTaskFailed
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.operators.dysms import DysmsDeliveryCheckOperator

TODAY = dates.beijing_day(datetime.now(UTC))
YESTERDAY = TODAY - dates.DAY
MORNING = dates.day_start(TODAY) + timedelta(hours=9, minutes=30)
LAST = date(2026, 11, 27)


class Instance:
    """A task instance that keeps its XComs."""

    def __init__(self) -> None:
        self.xcoms: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = value


def worse(day: Day) -> None:
    day.drop["SMS_100000003"] = 0.2


def archive(folder: Path, last: date, *, is_bad: bool = False) -> None:
    """Write the manifests of four weeks and a day."""
    days = [last - timedelta(days=back) for back in range(28, -1, -1)]
    simulated = SimulatedArchive(incidents={last: worse} if is_bad else {})
    simulated.write(folder, days, now=dates.day_start(last) + timedelta(days=1, hours=9, minutes=30))


def check(folder: Path, instance: Instance | None = None, **arguments: Any) -> dict[str, Any]:
    arguments = {"output_uri": f"file://{folder}", "max_drop": 0.02, "by": ["template_code"], **arguments}
    if "manifest" not in arguments:
        arguments = {"send_date": LAST, **arguments}
    context: Any = {"ti": instance or Instance()}
    return DysmsDeliveryCheckOperator(task_id="check", **arguments).execute(context)


def test_a_usual_day_succeeds_with_the_figures_of_each_group(tmp_path: Path) -> None:
    archive(tmp_path, LAST)
    found = check(tmp_path)
    assert found["is_good"] is True
    assert {each["verdict"] for each in found["groups"]} == {"good", "not judged"}


def test_a_bad_day_fails_for_good_and_its_result_is_in_xcom(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    archive(tmp_path, LAST, is_bad=True)
    instance = Instance()
    with pytest.raises(DysmsDeliveryBad, match=r"2026-11-27: template_code 'SMS_100000003': 7\d") as caught:
        check(tmp_path, instance)
    assert isinstance(caught.value, AirflowFailException)
    assert instance.xcoms == {"result": caught.value.result}
    assert caught.value.result["is_good"] is False
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.result) == (str(caught.value), caught.value.result)
    assert "Not judged by max_drop: template_code 'SMS_100000009', because" in "".join(capfd.readouterr())


def test_a_day_of_very_many_small_templates_has_a_short_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    groups = (*GROUPS, *(Group(f"SMS_small{place}", "CN", 5, 0.9) for place in range(300)))
    SimulatedArchive(groups=groups).write(tmp_path, [LAST], now=dates.day_start(LAST) + timedelta(days=2))
    check(tmp_path, max_drop=None, min_delivery_rate=0.5)
    lines = "".join(capfd.readouterr()).splitlines()
    assert sum("Not judged by" in line for line in lines) == 50
    assert len([line for line in lines if "251 more verdicts are: not judged" in line]) == 1


def test_a_warning_names_the_group_and_the_task_goes_on(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    archive(tmp_path, LAST, is_bad=True)
    assert check(tmp_path, on_bad="warn")["is_good"] is False
    assert "SMS_100000003" in "".join(capfd.readouterr())


def test_the_manifest_of_an_audit_names_day_and_folder(tmp_path: Path) -> None:
    archive(tmp_path, LAST)
    manifest = {"result": {"send_date": str(LAST)}, "run": {"output_uri": f"file://{tmp_path}"}}
    assert check(tmp_path, manifest=manifest, output_uri=None)["send_date"] == str(LAST)
    assert check(tmp_path, manifest=manifest)["send_date"] == str(LAST)


@pytest.mark.parametrize(
    "manifest", [{}, {"result": {}}, {"result": {"send_date": "x"}, "run": {}}, {"result": [], "run": 1}]
)
def test_something_else_than_a_manifest_is_refused(tmp_path: Path, manifest: Any) -> None:
    with pytest.raises(DysmsTaskFailed, match=r"^manifest"):
        check(tmp_path, manifest=manifest, output_uri=None)


def test_a_day_that_was_not_audited_may_be_later(tmp_path: Path) -> None:
    with pytest.raises(AirflowException, match="2026-11-27 has not been audited") as caught:
        check(tmp_path)
    assert not isinstance(caught.value, AirflowFailException)


def test_a_manifest_that_is_damaged_is_named(tmp_path: Path) -> None:
    archive(tmp_path, LAST)
    (tmp_path / key_of(LAST, PARTITION)).write_text("{")
    with pytest.raises(AirflowException, match=r"2026-11-27 has a manifest that is damaged"):
        check(tmp_path)


@pytest.mark.parametrize(
    ("argument", "arguments"),
    [
        ("min_delivery_rate", {"max_drop": None}),
        ("max_drop", {"max_drop": 3}),
        ("by", {"by": ["number"]}),
        ("by", {"by": "country"}),
        ("on_bad", {"on_bad": "page"}),
        ("on_bad", {"on_bad": "branch"}),
        ("on_bad", {"bad_task_ids": "a"}),
        ("send_date", {"manifest": {"result": {}}, "send_date": "2026-11-27"}),
        ("output_uri", {"output_uri": None}),
        ("weeks", {"weeks": 13}),
    ],
)
def test_a_wrong_configuration_is_an_error_of_the_dag(argument: str, arguments: dict[str, Any]) -> None:
    given = {"output_uri": "file:///out", "max_drop": 0.03, **arguments}
    with pytest.raises(DysmsArgumentError, match=f"^{argument} "):
        DysmsDeliveryCheckOperator(task_id="check", **given)


@pytest.mark.parametrize(
    ("is_bad", "ran", "skipped"),
    [(True, "tell_somebody", "send_next_wave"), (False, "send_next_wave", "tell_somebody")],
)
def test_the_example_branches(
    run_dag: Callable[..., Any], tmp_path: Path, is_bad: bool, ran: str, skipped: str
) -> None:
    archive(tmp_path / "audits", YESTERDAY, is_bad=is_bad)
    dag = python_example("checks", "sms_check_and_branch", {"s3://aws_default@my-bucket": f"file://{tmp_path}"})
    run = run_dag(dag, logical_date=MORNING)
    states = {each.task_id: each.state for each in run.get_task_instances()}
    assert states == {"check": "success", ran: "success", skipped: "skipped"}


def test_the_example_audits_and_checks(
    run_dag: Callable[..., Any], emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1))
    noon = dates.day_start(YESTERDAY) + timedelta(hours=12)
    lines = ["mobile,order_id"]
    for place in range(600):
        number = f"1390000{place:04}"
        emulator.add_message(phone_number=number, out_id=f"o{place}", sent_at=noon.isoformat(), state="delivered")
        lines.append(f"{number},o{place}")
    (tmp_path / "sent").mkdir()
    (tmp_path / f"sent/{YESTERDAY:%Y%m%d}.csv").write_text("\n".join([*lines, ""]))
    dag = python_example("checks", "sms_audit_and_check", {"s3://aws_default@my-bucket": f"file://{tmp_path}"})
    run = run_dag(dag, logical_date=MORNING)
    assert {each.task_id: each.state for each in run.get_task_instances()} == {"audit": "success", "check": "success"}
    (checked,) = [each for each in run.get_task_instances() if each.task_id == "check"]
    result = checked.xcom_pull("check")
    assert (result["is_good"], result["groups"][0]["delivered"]) == (True, 600)
    reasons = {rule["rule"]: rule["verdict"] for rule in result["groups"][0]["rules"]}
    assert reasons == {"max_drop": "not judged", "max_waiting_rate": "good", "max_latency_p95": "good"}
