"""What the send operators do when they run: each message goes out once, although Airflow runs tasks again.

A send is not idempotent. An outcome that is not known fails the task for good (:class:`DysmsSendUncertain`). A later
try of the same task, also after a clear, first finds out what the earlier ones did: from Airflow's own notes
(:mod:`.tries`), else from the service (:mod:`.lookup`). Every DAG file loads the operators, and none loads this.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.api import actions, dates
from airflow_provider_dysms.api.errors import DysmsInputError
from airflow_provider_dysms.api.reports import iso
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.hooks.errors import DysmsTaskFailed
from airflow_provider_dysms.hooks.private import parameters_in, parsed_numbers, revealed
from airflow_provider_dysms.operators import checks
from airflow_provider_dysms.operators.lookup import find
from airflow_provider_dysms.operators.tries import Tries

if TYPE_CHECKING:
    from datetime import date, datetime

    from airflow.sdk import Context

    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.operators.sending import DysmsSendMessageToGlobeOperator, DysmsSendSmsOperator

#: What to do about an international message that may have been sent.
NO_HANDLE = (
    "The service cannot be asked for a message whose id is not known: look into the console. If it was not sent, set "
    "resend=True and clear the task, or start a new run."
)


def send_sms(task: DysmsSendSmsOperator, context: Context) -> dict[str, Any]:
    """Send one text to many numbers, unless an earlier try did; return what the sensors take."""
    numbers = parsed_numbers("phone_numbers", task.phone_numbers)
    checks.refuse_repeated(numbers)
    sign_name = checks.given("sign_name", task.sign_name)
    template_code = checks.given("template_code", task.template_code)
    template_param = parameters_in(task.template_param)
    given_id = checks.given_or_none("out_id", task.out_id)
    out_id = given_id or _made_id(context)
    actions.send_sms(numbers, sign_name, template_code, template_param, out_id)  # for its checks
    settle = checks.seconds("settle", task.settle)
    hook = DysmsHook(task.dysms_conn_id)
    key = hook.privacy_key
    tries = Tries(context, key.digests(json.dumps(sorted(numbers)).encode()))
    if tries.sent is not None:
        task.log.info("Sent by an earlier try; nothing is sent again")
        return tries.sent
    doubt = tries.doubt
    if doubt is not None:
        out_id = doubt.out_id or out_id
    sent = {
        "kind": "sms",
        "biz_id": None,
        "out_id": out_id,
        "request_id": None,
        "count": len(numbers),
        "token": key.seal(json.dumps(numbers).encode()),
    }

    async def session(client: DysmsClient) -> dict[str, Any]:
        if doubt is not None:
            # An id that we made is the same in every try.
            alike = None if given_id is None else template_code
            if found := await find(client, numbers, out_id, doubt, settle, alike):
                day, record = found
                return {**sent, **_when(record.sent_at or doubt.since, day)}
        leaving = tries.leave()
        answer = await client.send_sms(numbers, sign_name, template_code, template_param, out_id)
        return {**sent, "biz_id": answer.biz_id, "request_id": answer.request_id, **_when(leaving)}

    remedy = (
        "Before you send again, look for the OutId with DysmsQuerySendDetailsOperator or in the console; this "
        "task does so by itself when it is cleared."
    )
    return tries.send(lambda: hook.run(session), len(numbers), out_id, remedy)


def send_message_to_globe(task: DysmsSendMessageToGlobeOperator, context: Context) -> dict[str, Any]:
    """Send one text abroad, unless an earlier try did or may have; return what the sensors take."""
    number = checks.abroad(task.to)
    message = checks.given("message", revealed(task.message), None)
    options: dict[str, Any] = {
        "sender_id": checks.given_or_none("sender_id", task.sender_id),
        "message_type": checks.given_or_none("message_type", task.message_type),
        "task_id": checks.given_or_none("vendor_task_id", task.vendor_task_id),
        "validity_period": checks.whole(task.validity_period),
        "channel_id": checks.given_or_none("channel_id", task.channel_id),
    }
    actions.send_message_to_globe(number, message, **options)  # for its checks
    hook = DysmsHook(task.dysms_conn_id)
    tries = Tries(context, _digests(hook, number))
    if tries.sent is not None:
        task.log.info("Sent by an earlier try; nothing is sent again")
        return tries.sent
    if tries.doubt is not None and not task.resend:
        raise DysmsTaskFailed(f"An earlier try of this task may have sent the message. {NO_HANDLE}")

    async def session(client: DysmsClient) -> dict[str, Any]:
        leaving = tries.leave()
        answer = await client.send_message_to_globe(number, message, **options)
        return {
            "kind": "message",
            "message_id": answer.message_id,
            "request_id": answer.request_id,
            "segments": answer.segments,
            **_when(leaving),
        }

    return tries.send(lambda: hook.run(session), 1, None, NO_HANDLE)


def _when(sent_at: datetime, send_date: date | None = None) -> dict[str, Any]:
    return {"send_date": (send_date or dates.beijing_day(sent_at)).isoformat(), "sent_at": iso(sent_at)}


def _made_id(context: Context) -> str:
    """Return an id that is the same for all tries of a task instance, and differs from those of its mapped siblings."""
    ti = context["ti"]
    whose = [ti.dag_id, ti.run_id, ti.task_id, -1 if ti.map_index is None else ti.map_index]
    name = re.sub(r"[^\w.-]+", "-", f"{ti.dag_id}.{ti.task_id}", flags=re.ASCII)[:64]
    return f"{name}-{hashlib.sha256(json.dumps(whose).encode()).hexdigest()[:24]}"


def _digests(hook: DysmsHook, number: str) -> tuple[str, ...]:
    """A digest without a key of its own would give the number away, and this API can do without the key."""
    _ = hook.settings  # a connection that cannot be read is no missing key
    try:
        return hook.privacy_key.digests(number.encode())
    except DysmsInputError:
        return ()
