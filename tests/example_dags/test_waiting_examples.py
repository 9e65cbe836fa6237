"""The examples that wait run through Airflow as they stand, take the right way, and leave no number behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag

from airflow_provider_dysms.emulator import Emulator

FOLDER = Path(__file__).resolve().parents[2] / "example_dags"
SIMS = {"mobile": "139" + "07770001", "unicom": "130" + "07770002", "telecom": "133" + "07770003"}
WAVES = {wave: [f"13{wave}" + f"0888{place:04d}" for place in range(40)] for wave in (1, 2)}
NUMBERS = [*SIMS.values(), *WAVES[1], *WAVES[2]]

#: Seconds; the examples are as patient as their users.
SHORT = 2


@pytest.fixture
def example(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_dag: Callable[..., Any]
) -> Callable[..., Any]:
    """Run an example against the emulator; return its run."""
    (tmp_path / "sims.json").write_text(json.dumps(SIMS))
    for wave, numbers in WAVES.items():
        (tmp_path / f"wave-{wave}.txt").write_text("\n".join(numbers) + "\n")
    emulator.configure(receipt_seconds=1)
    connection = emulator.connection_json(quota_share=1, privacy_secret="a key for the examples alone")
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", connection)
    for name, value in {
        "DYSMS_SIGN_NAME": "示例",
        "DYSMS_OTP_TEMPLATE": "SMS_200000001",
        "DYSMS_CAMPAIGN_TEMPLATE": "SMS_200000002",
        "DYSMS_PROBE_SIMS": f"file://{tmp_path}/sims.json",
        "DYSMS_CAMPAIGN_URI": f"file://{tmp_path}",
    }.items():
        monkeypatch.setenv(f"AIRFLOW_VAR_{name}", value)

    def run(dag_id: str, **changes: float) -> Any:
        dag = DagBag(str(FOLDER)).dags[dag_id]
        for task in dag.tasks:
            if task.task_type == "DysmsSendDetailsSensor":
                task.poke_interval = 1
                for name, value in changes.items():
                    setattr(task, name, value)
        return run_dag(dag)

    return run


def states(run: Any) -> dict[str, str]:
    return {instance.task_id: str(instance.state) for instance in run.get_task_instances()}


def test_the_probe_says_how_long_each_carrier_took(example: Callable[..., Any], emulator: Emulator) -> None:
    run = example("dysms_otp_probe")
    assert run.state == "success"
    told = run.get_task_instance("summary").xcom_pull(task_ids="summary")
    assert set(told) == set(SIMS)
    assert all(line in ("delivered after 1 s", "delivered after 0 s", "delivered after 2 s") for line in told.values())
    assert sorted(message["phone_number"] for message in emulator.messages()) == sorted(SIMS.values())


@pytest.mark.parametrize(("outcome", "said"), [("failed", "failed (unreachable)"), ("waiting", "telecom  waiting")])
def test_the_probe_fails_when_a_code_is_not_there(
    example: Callable[..., Any], emulator: Emulator, caplog: pytest.LogCaptureFixture, outcome: str, said: str
) -> None:
    emulator.configure(send_outcome=outcome)
    run = example("dysms_otp_probe", timeout=SHORT)
    assert run.state == "failed"
    assert {state for task, state in states(run).items() if task.startswith("arrived_")} == {"failed"}
    assert [line for line in caplog.messages if said in line]


def test_the_second_wave_goes_out_when_the_first_has_arrived(example: Callable[..., Any], emulator: Emulator) -> None:
    run = example("dysms_campaign_gate")
    assert run.state == "success"
    assert states(run)["hold"] == "skipped"
    assert sorted(message["phone_number"] for message in emulator.messages()) == sorted([*WAVES[1], *WAVES[2]])


@pytest.mark.parametrize(("outcome", "gate"), [("failed", "success"), ("waiting", "skipped")])
def test_the_second_wave_is_held_when_the_first_has_not(
    example: Callable[..., Any], emulator: Emulator, outcome: str, gate: str
) -> None:
    emulator.configure(send_outcome=outcome)
    run = example("dysms_campaign_gate", timeout=SHORT)
    assert run.state == "success"
    assert {"wave_1_arrived": gate, "send_wave_2": "skipped", "hold": "success"}.items() <= states(run).items()
    counts = run.get_task_instance("hold").xcom_pull(task_ids="hold")
    # Three of forty failures are enough to know; nobody waits for the others.
    assert sum(counts.values()) == 40
    assert counts.get("unreachable", 0) >= 3 if outcome == "failed" else counts == {"waiting": 40}
    assert len(emulator.messages()) == 40


def test_a_gate_that_could_not_ask_is_no_reason_to_hold_and_say_all_is_well(
    example: Callable[..., Any], emulator: Emulator
) -> None:
    emulator.fault("business", action="QuerySendDetails", code="isp.RAM_PERMISSION_DENY", times=None)
    run = example("dysms_campaign_gate")
    assert run.state == "failed"
    assert states(run)["enough_arrived"] == "failed"
    assert len(emulator.messages()) == 40


def test_airflow_knows_no_number_of_either_example(
    example: Callable[..., Any], stored_by_airflow: Callable[[], str], capfd: pytest.CaptureFixture[str]
) -> None:
    for dag_id in ("dysms_otp_probe", "dysms_campaign_gate"):
        example(dag_id)
    said = "".join(capfd.readouterr())
    everything = stored_by_airflow() + said
    assert "wave_1_arrived" in everything
    assert "phone number(s)" in everything
    assert not [number for number in NUMBERS if number in everything]
