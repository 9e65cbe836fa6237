"""What a sensor leaves with Airflow: reports between the pokes of a rescheduled task, and a trigger's arguments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.waits.serialization import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_dysms.model.reports import Report

#: Under which Airflow's task state (since 3.3) keeps reports.
STATE_KEY = "dysms_reports"

#: What MySQL keeps of a trigger's arguments, encrypted.
MOST_STORED = 65_535


def keep_for_next_poke(context: Context, digest: str, found: Mapping[int, Report], log: Any) -> None:
    """Keep reports, where this Airflow can; without them the next poke asks everything again.

    :param digest: of the watched messages
    :param found: reports by position
    """
    if found and (store := context.get("task_state_store")):
        try:
            store.set(STATE_KEY, {"digest": digest, "try": context["ti"].try_number, "reports": pack(found)})
        except Exception as error:
            log.warning("Airflow did not keep the reports until the next poke: %s", type(error).__name__)


def kept_by_last_poke(context: Context, digests: Sequence[str], log: Any) -> Mapping[int, Report]:
    """Return the reports that an earlier poke of the same messages kept.

    :param digests: of the watched messages, any of which may have been stored
    """
    if store := context.get("task_state_store"):
        try:
            kept = store.get(STATE_KEY)
            if isinstance(kept, dict) and kept.get("digest") in digests:
                known = unpack(str(kept["reports"]))
                # Within a try what is missing stays so, as in the other modes; for a new one it may have turned up.
                is_same = kept.get("try") == context["ti"].try_number
                return {
                    place: report for place, report in known.items() if is_same or report.state is not State.MISSING
                }
        except Exception as error:
            name = type(error).__name__
            log.warning("The reports of earlier pokes cannot be read (%s), so everything is asked again", name)
    return {}


def keep_for_downstream(context: Context, reports: list[dict[str, Any]], log: Any) -> None:
    """Push reports to XCom before a task ends otherwise than by returning them."""
    try:
        context["ti"].xcom_push(key="reports", value=reports)
    except Exception:
        log.exception("Airflow did not take the reports; what ended the wait follows")


def stored_size(trigger: BaseTrigger) -> int:
    """Return the bytes that Airflow's database needs for a trigger's arguments: JSON, encrypted by Fernet."""
    size = len(json.dumps(trigger.serialize()[1]))
    encrypted = 25 + (size // 16 + 1) * 16 + 32
    return -(-encrypted // 3) * 4
