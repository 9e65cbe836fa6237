"""Arguments that all parts of a mapped task share are stored in Airflow's database, without phone numbers."""

from __future__ import annotations

import json
from typing import Any

import pendulum
import pytest
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

from airflow_provider_dysms.operators.dysms import DysmsQuerySendDetailsOperator
from airflow_provider_dysms.sensors.dysms import DysmsSendDetailsSensor
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

NUMBER = "139" + "00001111"


@pytest.mark.parametrize(
    ("operator", "partial", "expand"),
    [
        (DysmsQuerySendDetailsOperator, {}, {"send_date": ["2026-01-01", "2026-01-02"]}),
        (DysmsSendDetailsSensor, {"send_date": "2026-01-01"}, {"biz_id": ["1^0", "2^0"]}),
        (DysmsToObjectStorageOperator, {"output_uri": "file:///out"}, {"send_date": ["2026-01-01", "2026-01-02"]}),
    ],
)
def test_numbers_of_a_mapped_task_do_not_show(operator: Any, partial: dict[str, Any], expand: dict[str, Any]) -> None:
    with DAG("mapped", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC")) as dag:
        operator.partial(task_id="mapped", phone_numbers=[NUMBER], **partial).expand(**expand)
    written = json.dumps(DagSerialization.to_dict(dag))
    assert "1 phone number(s)" in written
    assert NUMBER not in written
