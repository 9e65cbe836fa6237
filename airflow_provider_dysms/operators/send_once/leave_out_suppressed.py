"""Leaves the recipients out that are on a suppression list, before a send, and says how many and why.

The others are the recipients of the task from then on. If the list changes between two attempts of a task that may have
sent, the later attempt finds other recipients than those in the journal, and fails rather than send twice.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from airflow_provider_dysms.suppression.left_out import find_left_out

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

    from airflow_provider_dysms.hooks.dysms import DysmsHook

#: ``message_type`` of an international message -> type of the list.
TYPE_OF_MESSAGE: Mapping[Any, str] = {"OTP": "code", "NOTIFY": "notice", "MKT": "promotion"}

#: Key in XCom, and in the result, of what is said about the recipients that are left out.
KEY = "suppressed"


def leave_out_suppressed(
    numbers: list[str],
    *,
    suppression_uri: str,
    template_type: str | None = None,
    template_code: str | None = None,
    hook: DysmsHook,
    context: Context,
    log: Any,
) -> tuple[list[str], dict[str, Any]]:
    """Return the recipients that remain, and what the result says about the others.

    :param numbers: the recipients, as the API takes them
    :param suppression_uri: folder of the list
    :param template_type: of the message; ``None``: the list knows the type of the template
    :param template_code: of the message
    :param hook: of the connection, which must have a ``privacy_secret``
    :param context: of the task
    :param log: logger for what people should know
    :raises AirflowSkipException: no recipient remains; XCom has ``suppressed``
    :raises DysmsInputError: a list does not exist, or does not fit
    :raises DysmsStorageError: the list cannot be read
    """
    key = hook.privacy_key
    left_out = find_left_out(
        suppression_uri,
        numbers,
        template_type=template_type,
        template_code=template_code,
        key=key,
        now=datetime.now(UTC),
        log=log,
    )
    described = left_out.describe(key)
    if left_out.reasons:
        reasons = ", ".join(f"{reason}: {count}" for reason, count in described["by_reason"].items())
        count = described["count"]
        log.info("%d of %d numbers are on the suppression list and left out (%s)", count, len(numbers), reasons)
    remaining = [number for number in numbers if number not in left_out.reasons]
    if not remaining:
        if (ti := context.get("ti")) is not None:
            ti.xcom_push(key=KEY, value=described)
        raise AirflowSkipException("every number is on the suppression list; nothing is sent")
    return remaining, {KEY: described}
