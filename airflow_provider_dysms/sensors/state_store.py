"""Stores a sensor's reports in Airflow (task state, XCom), and checks the size of a trigger's arguments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.sensors.wait_config import MAP_THE_TASK
from airflow_provider_dysms.waits.serialization import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_dysms.model.reports import Report

#: Key of the reports in Airflow's task state (since 3.3).
STATE_KEY = "dysms_reports"

#: Bytes of a trigger's encrypted arguments that MySQL can store.
MAX_TRIGGER_BYTES = 65_535


def store_reports(context: Context, digest: str, reports: Mapping[int, Report], log: Any) -> None:
    """Store reports in the task state if this Airflow has one; without it the next poll queries every message again.

    :param context: of the running task
    :param digest: digest of the watched messages
    :param reports: by position
    :param log: the task's logger
    """
    if reports and (store := context.get("task_state_store")):
        try:
            store.set(STATE_KEY, {"digest": digest, "try": context["ti"].try_number, "reports": pack(reports)})
        except Exception as error:
            log.warning("Airflow did not store the reports for the next poll: %s", type(error).__name__)


def load_reports(context: Context, digests: Sequence[str], log: Any) -> Mapping[int, Report]:
    """Return the reports that an earlier poll of the same messages stored.

    :param context: of the running task
    :param digests: digests of the watched messages, any of which may have been stored
    :param log: the task's logger
    """
    if store := context.get("task_state_store"):
        try:
            stored = store.get(STATE_KEY)
            if isinstance(stored, dict) and stored.get("digest") in digests:
                reports = unpack(str(stored["reports"]))
                # Within an attempt a missing message stays missing, as in the other modes; by the next attempt the
                # service may know it.
                is_same_attempt = stored.get("try") == context["ti"].try_number
                return {
                    position: report
                    for position, report in reports.items()
                    if is_same_attempt or report.state is not State.MISSING
                }
        except Exception as error:
            name = type(error).__name__
            log.warning("The reports of earlier polls cannot be read (%s); every message is queried again", name)
    return {}


def push_reports(context: Context, rows: list[dict[str, Any]], log: Any) -> None:
    """Push reports to XCom, for a task that ends without returning them.

    :param context: of the running task
    :param rows: one report per message
    :param log: the task's logger
    """
    try:
        context["ti"].xcom_push(key="reports", value=rows)
    except Exception:
        log.exception("Airflow did not accept the reports; the reason for the end of the wait follows")


def check_trigger_size(argument: str, trigger: BaseTrigger) -> None:
    """Refuse a trigger that Airflow's database cannot store.

    :param argument: the argument that names the messages
    :param trigger: without reports
    :raises DysmsInputError: it needs too many bytes
    """
    if (size := stored_size(trigger)) > MAX_TRIGGER_BYTES:
        raise DysmsInputError(
            argument,
            f"needs {size} bytes of Airflow's database for a deferred task, more than the {MAX_TRIGGER_BYTES} that it "
            f"has: {MAP_THE_TASK}",
        )


def stored_size(trigger: BaseTrigger) -> int:
    """Return the bytes that Airflow's database needs for a trigger's arguments: JSON, encrypted by Fernet."""
    size = len(json.dumps(trigger.serialize()[1]))
    encrypted = 25 + (size // 16 + 1) * 16 + 32
    return -(-encrypted // 3) * 4
