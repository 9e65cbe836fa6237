"""A message is sent once, and its number stays private, whatever becomes of the process that sends it."""

import textwrap
from pathlib import Path

import pytest
from support.airflow.airflow_api import until
from support.airflow.running_airflow import RunningAirflow

from airflow_provider_dysms.emulator import Emulator

DAG = """
    from datetime import timedelta
    from pathlib import Path

    from airflow.sdk import DAG

    from airflow_provider_dysms.operators.dysms import DysmsSendSmsOperator

    with DAG("sends", schedule=None, user_defined_macros={"read": lambda path: Path(path).read_text()}):
        DysmsSendSmsOperator(
            task_id="send",
            phone_numbers="{{ read(dag_run.conf['file']) }}",
            sign_name="Emulator",
            template_code="SMS_1",
            template_param={"code": "1234"},
            retries=2,
            retry_delay=timedelta(0),
        )
"""
NUMBER = "139" + "0000" + "1111"


@pytest.mark.parametrize("supervisor", [True, False], ids=["with its machine", "alone"])
def test_one_message_when_the_task_is_killed_between_request_and_answer(
    supervisor: bool, airflow: RunningAirflow, emulator: Emulator, tmp_path: Path
) -> None:
    (airflow.dags / "sends.py").write_text(textwrap.dedent(DAG))
    (tmp_path / "number.txt").write_text(NUMBER)
    emulator.fault("stall", action="SendSms", seconds=30)
    run = airflow.trigger("sends", {"file": str(tmp_path / "number.txt")})
    # The message is accepted, and the answer is not there for long.
    until(lambda: len(emulator.messages()) == 1, 60, "the request has arrived")

    airflow.kill_task("sends", run, "send", supervisor=supervisor)

    assert airflow.wait("sends", run) == {("send", -1): "success"}
    (task,), messages = airflow.tasks("sends", run), emulator.messages()
    assert (task["try_number"], len(messages)) == (2, 1)
    sent = airflow.xcom("sends", run, "send")
    assert (sent["kind"], sent["count"], sent["out_id"]) == ("sms", 1, messages[0]["out_id"])
    stored = b"\n".join(cell for _, cell in airflow.everything_stored()).decode(errors="replace")
    assert "phone number(s)" in stored
    assert NUMBER not in stored + airflow.logs()
