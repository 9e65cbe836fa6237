"""`airflow standalone`, as somebody tries it first: SQLite, one of each part, Airflow's own settings."""

import json
from pathlib import Path

import pytest
from support.airflow.running_airflow import RunningAirflow

from airflow_provider_dysms.emulator import Emulator

pytestmark = pytest.mark.e2e

PROBE = Path(__file__).parents[2] / "example_dags" / "dysms_otp_probe.py"
SIMS = {"mobile": "139" + "07770001", "unicom": "130" + "07770002", "telecom": "133" + "07770003"}


def test_the_probe_goes_through_scheduler_and_triggerer_and_leaves_no_number(
    emulator: Emulator, tmp_path: Path
) -> None:
    # After the first look of a slow machine too, so that there is something to do for the triggerer.
    emulator.configure(receipt_seconds=20)
    sims = tmp_path / "sims.json"
    sims.write_text(json.dumps(SIMS))
    environment = {
        "AIRFLOW_CONN_DYSMS_DEFAULT": emulator.connection_json(privacy_secret="a key for this test alone"),
        "AIRFLOW_VAR_DYSMS_SIGN_NAME": "示例",
        "AIRFLOW_VAR_DYSMS_OTP_TEMPLATE": "SMS_200000001",
        "AIRFLOW_VAR_DYSMS_PROBE_SIMS": f"file://{sims}",
    }
    with RunningAirflow(
        tmp_path / "home", parts=("standalone",), dags=[PROBE], impatient=False, environment=environment
    ) as airflow:
        run = airflow.trigger("dysms_otp_probe")
        states = airflow.wait("dysms_otp_probe", run)
        told = airflow.xcom("dysms_otp_probe", run, "summary")
        stored = b"\n".join(cell for _, cell in airflow.everything_stored()).decode(errors="replace")
        logs = airflow.logs()
    assert set(states.values()) == {"success"}
    assert set(told) == set(SIMS)
    assert "Trigger fired event" in logs
    assert "phone number(s)" in stored
    assert not [number for number in SIMS.values() if number in stored + logs]
