"""The state of a message, the codes that explain it, and the one place that judges both."""

from airflow_provider_dysms.model.delivery.codes import (
    CATEGORY_OF_CODE,
    CATEGORY_OF_PREFIX,
    FAULT_OF_CATEGORY,
    categorise,
    is_billed,
)
from airflow_provider_dysms.model.delivery.judge import (
    Delivery,
    State,
    describe,
    judge_message,
    judge_receipt,
    judge_send_detail,
    state_of_globe_receipt,
    state_of_huawei_receipt,
)

__all__ = [
    "CATEGORY_OF_CODE",
    "CATEGORY_OF_PREFIX",
    "FAULT_OF_CATEGORY",
    "Delivery",
    "State",
    "categorise",
    "describe",
    "is_billed",
    "judge_message",
    "judge_receipt",
    "judge_send_detail",
    "state_of_globe_receipt",
    "state_of_huawei_receipt",
]
