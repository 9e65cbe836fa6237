"""OpenLineage is told no number and no text, also if it is told to include every attribute of an operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.openlineage.plugins.facets import AirflowRunFacet
from airflow.providers.openlineage.utils.utils import TaskInfoComplete
from airflow.sdk import BaseOperator
from openlineage.client.serde import Serde
from support.privacy.canaries import Canaries

from airflow_provider_dysms.operators.dysms import (
    DysmsQuerySendDetailsOperator,
    DysmsSendMessageToGlobeOperator,
    DysmsSendSmsOperator,
)
from airflow_provider_dysms.sensors.dysms import DysmsSendDetailsSensor
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

PLANTED = Canaries()
NUMBER, FOREIGN, TEXT = PLANTED.number("n"), PLANTED.foreign("f"), PLANTED.text("t")
SMS = {"sign_name": "示例", "template_code": "SMS_1"}

OPERATORS: dict[str, Callable[..., BaseOperator]] = {
    "query": lambda **how: DysmsQuerySendDetailsOperator(phone_numbers=[NUMBER], **how),
    "send": lambda **how: DysmsSendSmsOperator(phone_numbers=NUMBER, template_param={"code": TEXT}, **SMS, **how),
    "send_globe": lambda **how: DysmsSendMessageToGlobeOperator(to=FOREIGN, message=TEXT, **how),
    "wait": lambda **how: DysmsSendDetailsSensor(phone_numbers=[NUMBER], out_id="x", **how),
    "audit": lambda **how: DysmsToObjectStorageOperator(phone_numbers=[NUMBER], output_uri="file:///out", **how),
    "defaults": lambda **how: DysmsQuerySendDetailsOperator(default_args={"phone_numbers": [NUMBER]}, **how),
}


class Careless(BaseOperator):
    def __init__(self, *, number: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.number = number


def told(operator: BaseOperator) -> bytes:
    """Return what ``include_full_task_info`` makes of an operator; only those of no DAG always make it into JSON."""
    facet = AirflowRunFacet(dag={}, dagRun={}, taskInstance={}, task=TaskInfoComplete(operator), taskUuid="x")
    return Serde.to_json(facet).encode()


@pytest.mark.parametrize("name", OPERATORS)
def test_every_attribute_of_an_operator_may_be_told(name: str) -> None:
    operator = OPERATORS[name](task_id="audit")
    assert b'"task_id": "audit"' in told(operator)
    assert PLANTED.found_in(told(operator)) == {}
    assert PLANTED.found_in(repr(vars(operator)).encode()) == {}


def test_what_takes_the_place_of_an_argument_may_be_told_too() -> None:
    """Rendering assigns what upstream tasks have returned."""
    operator = DysmsQuerySendDetailsOperator(task_id="query", phone_numbers="{{ ti.xcom_pull('log') }}")
    operator.phone_numbers = [NUMBER]
    assert PLANTED.found_in(told(operator) + repr(vars(operator)).encode()) == {}


def test_null_control_a_careless_operator_is_found() -> None:
    operator = Careless(task_id="careless", number=NUMBER)
    assert PLANTED.found_in(told(operator)).keys() == {"number n"}
