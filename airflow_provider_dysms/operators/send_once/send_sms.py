"""Sends one text to mainland numbers exactly once per task, although Airflow runs tasks again.

A send is not idempotent. If its outcome is unknown, the task fails for good (:class:`DysmsSendUncertain`). A later
attempt of the task, also after a clear, first finds out what the earlier ones did: from the journal in Airflow's task
state (:mod:`.journal`), else from the service (:mod:`.find_sent`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.exceptions import DysmsSendUncertain
from airflow_provider_dysms.model.dates import iso_utc
from airflow_provider_dysms.operators.send_once.find_sent import find_sent
from airflow_provider_dysms.operators.send_once.journal import SendJournal
from airflow_provider_dysms.operators.send_once.messages import when_sent
from airflow_provider_dysms.operators.send_once.out_ids import OutId, make_out_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import NoReturn

    from airflow_provider_dysms.api.auth.signature_time import SignatureTime
    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.hooks.dysms import DysmsHook
    from airflow_provider_dysms.model.choices import OnUncertain
    from airflow_provider_dysms.operators.send_once.messages import Sms
    from airflow_provider_dysms.operators.send_once.task_attempt import TaskAttempt

#: What to do about a text that may have been sent.
REMEDY = (
    "Before you send again, look for the OutId with DysmsQuerySendDetailsOperator or in the console; this "
    "task does so by itself when it is cleared."
)


def send_sms(
    sms: Sms,
    *,
    hook: DysmsHook,
    attempt: TaskAttempt,
    settle: float,
    on_uncertain: OnUncertain,
    signature_lifetime: float,
    wait_until: Callable[[datetime], NoReturn],
    log: Any,
) -> dict[str, Any]:
    """Send a text, unless an earlier attempt has sent it; return what the sensors take as ``sent``.

    :param hook: of the connection, which must have a ``privacy_secret``
    :param attempt: of the task that sends
    :param settle: seconds after a send until the service certainly shows a record of it
    :param on_uncertain: what to do if an earlier attempt may still send: ``wait`` or ``fail``
    :param signature_lifetime: seconds after which the service refuses a signed request
    :param wait_until: ends this attempt; the task runs again at the instant that it is called with
    :param log: logger for what people should know
    :raises DysmsSendUncertain: the text may have been sent, or may still be
    :raises DysmsTaskFailed: the task has sent something else before
    :raises DysmsError: the text was certainly not sent
    """
    key = hook.privacy_key
    digests = sms.digests(key)
    journal = SendJournal(attempt, digests)
    if journal.sent is not None:
        log.info("An earlier attempt has sent the message; nothing is sent again")
        return journal.sent
    numbers, in_doubt = sms.phone_numbers, journal.in_doubt
    out_id = make_out_id(attempt, digests.content) if sms.out_id is None else OutId(sms.out_id)
    if journal.has_changed and (in_doubt is None or journal.recorded_out_id == out_id.text):
        raise journal.changed()
    if in_doubt is not None and in_doubt.out_id is not None:
        out_id = OutId(in_doubt.out_id)
    sent = {
        "kind": "sms",
        "biz_id": None,
        "out_id": out_id.text,
        "request_id": None,
        "count": len(numbers),
        "token": key.seal(json.dumps(numbers).encode()),
    }
    if in_doubt is not None:
        # Other sends of the task concern its other positions only.
        template_code = None if out_id.is_made and attempt.is_mapped else sms.template_code
        search = hook.run(
            lambda client: find_sent(
                client, numbers, out_id, in_doubt, settle, lifetime=signature_lifetime, template_code=template_code
            )
        )
        if search.found is not None:
            day, record = search.found
            sent.update(out_id=record.out_id or out_id.text, **when_sent(record.sent_at or in_doubt.since, day))
            log.info("The service shows that an earlier attempt has sent the message; nothing is sent again")
            journal.record_sent(sent)
            return sent
        if search.again_at is not None:
            if on_uncertain == "fail":
                raise DysmsSendUncertain(
                    f"{len(numbers)} message(s) with OutId {out_id.text} may have been sent by an earlier attempt, or "
                    f"may still be sent: the service shows nothing, and accepts a late request until about "
                    f"{iso_utc(search.again_at)}. {REMEDY} With on_uncertain='wait' the task waits until then."
                )
            log.info("An earlier attempt may still send; the task waits until %s", iso_utc(search.again_at))
            wait_until(search.again_at)
        if journal.has_changed and not journal.has_grown():
            raise journal.changed()

    def send(signature_time: SignatureTime) -> dict[str, Any]:
        async def session(client: DysmsClient) -> dict[str, Any]:
            dispatched_at = journal.record_dispatch()
            response = await client.send_sms(
                numbers,
                sms.sign_name,
                sms.template_code,
                sms.template_param,
                out_id.text,
                signature_time=signature_time,
            )
            return {**sent, "biz_id": response.biz_id, "request_id": response.request_id, **when_sent(dispatched_at)}

        return hook.run(session)

    return journal.send(send, count=len(numbers), out_id=out_id.text, remedy=REMEDY, lifetime=signature_lifetime)
