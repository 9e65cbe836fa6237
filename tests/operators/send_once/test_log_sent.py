"""The log of a send says the count and the ids, never a number, a text or a code."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.operators.dysms import DysmsSendMessageToGlobeOperator, DysmsSendSmsOperator
from airflow_provider_dysms.operators.send_once.log_sent import MAX_ID_LENGTH, log_sent

NUMBERS = ["139" + "24680135", "139" + "13579246"]
ABROAD = "+852" + "5124" + "6802"
CODE = "73" + "19" + "58"


@pytest.fixture(autouse=True)
def _connection(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = emulator.connection_json(quota_share=1, privacy_key="a key of the tests, " + "32 characters")
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", connection)


def test_a_send_logs_its_count_and_ids_and_nothing_private(
    run_dag: Callable[..., Any], emulator: Emulator, capfd: pytest.CaptureFixture[str]
) -> None:
    with DAG("send_log_line", schedule=None) as dag:
        DysmsSendSmsOperator(
            task_id="send",
            phone_numbers=NUMBERS,
            sign_name="示例",
            template_code="SMS_200000001",
            template_param={"code": CODE},
            out_id="order-1",
        )
        DysmsSendMessageToGlobeOperator(task_id="globe", to=ABROAD, message=f"Your code is {CODE}")
    run = run_dag(dag)
    said = "".join(capfd.readouterr())
    sent, globe = (run.get_task_instance(name).xcom_pull(task_ids=name) for name in ("send", "globe"))
    assert f"The service accepted 2 messages on {sent['send_date']}; BizId {sent['biz_id']}, OutId order-1" in said
    assert f"The service accepted 1 message on {globe['send_date']}; message id {globe['message_id']}" in said
    lines = [line for line in said.splitlines() if "The service accepted" in line]
    assert len(lines) == 2
    assert not [secret for secret in (*NUMBERS, ABROAD[1:], CODE, "示例", sent["token"]) if secret in "".join(lines)]


def test_an_id_from_the_service_cannot_forge_a_line(caplog: pytest.LogCaptureFixture) -> None:
    sent = {"send_date": "2025-06-01", "biz_id": "1^0\nERROR forged", "request_id": "r" * 1000}
    with caplog.at_level(logging.INFO, "sent"):
        assert log_sent(logging.getLogger("sent"), sent) is sent
    (said,) = caplog.messages
    assert "\n" not in said
    assert "r" * MAX_ID_LENGTH in said
    assert "r" * (MAX_ID_LENGTH + 1) not in said
