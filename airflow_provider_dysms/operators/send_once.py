"""What the send operators do when they run: each message goes out once, although Airflow runs tasks again.

A send is not idempotent. An outcome that is not known fails the task for good (:class:`DysmsSendUncertain`). A later
try of the same task, also after a clear, first finds out what the earlier ones did: from Airflow's own notes
(:mod:`.send_journal`), else from the service (:mod:`.find_sent`). Every DAG file loads the operators, and none loads this.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.protocol import actions
from airflow_provider_dysms.arguments import sends
from airflow_provider_dysms.arguments.private_fields import normalized_numbers, parameters_in, reveal
from airflow_provider_dysms.exceptions import DysmsSendUncertain, DysmsTaskFailed
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.dates import iso_utc
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.privacy import digests_under
from airflow_provider_dysms.operators.find_sent import find_sent
from airflow_provider_dysms.operators.out_ids import OutId, made
from airflow_provider_dysms.operators.send_journal import SendJournal
from airflow_provider_dysms.operators.send_journal_entry import Digests
from airflow_provider_dysms.triggers.send import read_instant

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from airflow.sdk import Context

    from airflow_provider_dysms.api.auth.signature_time import SignatureTime
    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.operators.sending import DysmsSendMessageToGlobeOperator, DysmsSendSmsOperator

#: What to do about an international message that may have been sent.
NO_HANDLE = (
    "The service cannot be asked for a message whose id is not known: look into the console. If it was not sent, set "
    "resend=True and clear the task, or start a new run."
)

#: What to do about a text whose fate is not known.
REMEDY = (
    "Before you send again, look for the OutId with DysmsQuerySendDetailsOperator or in the console; this "
    "task does so by itself when it is cleared."
)


def send_sms(task: DysmsSendSmsOperator, context: Context, began: datetime | None = None) -> dict[str, Any]:
    """Send one text to many numbers, unless an earlier try did; return what the sensors take.

    :param began: when the try began, if it has waited in the triggerer since
    """
    numbers = normalized_numbers("phone_numbers", task.phone_numbers)
    sends.refuse_repeated(numbers)
    sign_name = sends.required_text("sign_name", task.sign_name)
    template_code = sends.required_text("template_code", task.template_code)
    template_param = parameters_in(task.template_param)
    given_id = sends.optional_text("out_id", task.out_id)
    actions.send_sms(numbers, sign_name, template_code, template_param, given_id)  # for its checks
    settle, lifetime = task.settle, task.signature_lifetime
    hook = DysmsHook(task.dysms_conn_id)
    key = hook.privacy_key
    whom = json.dumps(sorted(numbers)).encode()
    what = _canonical(sorted(numbers), sign_name, template_code, _parameters(template_param))
    digests = Digests(key.digests(whom), key.digests(what))
    tries = SendJournal(context, digests, began)
    if tries.sent is not None:
        task.log.info("Sent by an earlier try; nothing is sent again")
        return tries.sent
    out_id = made(context["ti"], digests.content) if given_id is None else OutId(given_id)
    doubt = tries.doubt
    if tries.has_changed and (doubt is None or tries.noted_out_id == out_id.text):
        raise tries.change()
    if doubt is not None and doubt.out_id is not None:
        out_id = OutId(doubt.out_id)
    sent = {
        "kind": "sms",
        "biz_id": None,
        "out_id": out_id.text,
        "request_id": None,
        "count": len(numbers),
        "token": key.seal(json.dumps(numbers).encode()),
    }
    if doubt is not None:
        # Other sends of the task are its other positions' business.
        alike = None if out_id.is_made and tries.is_mapped else template_code
        shown = hook.run(
            lambda client: find_sent(client, numbers, out_id, doubt, settle, lifetime=lifetime, template_code=alike)
        )
        if shown.found is not None:
            day, record = shown.found
            sent.update(out_id=record.out_id or out_id.text, **_when(record.sent_at or doubt.since, day))
            task.log.info("The service shows that an earlier try sent it; nothing is sent again")
            tries.keep_sent(sent)
            return sent
        if shown.again_at is not None and task.on_uncertain == "fail":
            raise DysmsSendUncertain(
                f"{len(numbers)} message(s) with OutId {out_id.text} may have been sent by an earlier try, or may "
                f"still be: the service shows nothing, and takes a late request until about {iso_utc(shown.again_at)}. "
                f"{REMEDY} With on_uncertain='wait' it waits until then."
            )
        if shown.again_at is not None:
            task.log.info("An earlier try may still send; the task waits until %s", iso_utc(shown.again_at))
            task.wait_until(shown.again_at, tries.began)
        if tries.has_changed and not tries.has_grown():
            raise tries.change()

    def send(signature_time: SignatureTime) -> dict[str, Any]:
        async def session(client: DysmsClient) -> dict[str, Any]:
            leaving = tries.leave()
            answer = await client.send_sms(
                numbers, sign_name, template_code, template_param, out_id.text, signature_time=signature_time
            )
            return {**sent, "biz_id": answer.biz_id, "request_id": answer.request_id, **_when(leaving)}

        return hook.run(session)

    return tries.send(send, count=len(numbers), out_id=out_id.text, remedy=REMEDY, lifetime=lifetime)


def send_message_to_globe(task: DysmsSendMessageToGlobeOperator, context: Context) -> dict[str, Any]:
    """Send one text abroad, unless an earlier try did or may have; return what the sensors take."""
    number = sends.international_number(task.to)
    message = sends.required_text("message", reveal(task.message), None)
    options: dict[str, Any] = {
        "sender_id": sends.optional_text("sender_id", task.sender_id),
        "message_type": sends.optional_text("message_type", task.message_type),
        "task_id": sends.optional_text("vendor_task_id", task.vendor_task_id),
        "validity_period": sends.as_int(task.validity_period),
        "channel_id": sends.optional_text("channel_id", task.channel_id),
    }
    actions.send_message_to_globe(number, message, **options)  # for its checks
    lifetime = task.signature_lifetime
    hook = DysmsHook(task.dysms_conn_id)
    of = _digests_of(hook)
    digests = Digests(of(number.encode()), of(_canonical(number, message, options)))
    tries = SendJournal(context, digests)
    if tries.has_changed:
        raise tries.change()
    if tries.sent is not None:
        _refuse_if_unclear(tries, digests)
        task.log.info("Sent by an earlier try; nothing is sent again")
        return tries.sent
    if tries.doubt is not None and not task.resend:
        who = "Another position of this mapped task" if tries.doubt.by_position else "An earlier try of this task"
        raise DysmsTaskFailed(f"{who} may have sent the message. {NO_HANDLE}")

    def send(signature_time: SignatureTime) -> dict[str, Any]:
        async def session(client: DysmsClient) -> dict[str, Any]:
            leaving = tries.leave()
            answer = await client.send_message_to_globe(number, message, **options, signature_time=signature_time)
            return {
                "kind": "message",
                "message_id": answer.message_id,
                "request_id": answer.request_id,
                "segments": answer.segments,
                **_when(leaving),
            }

        return hook.run(session)

    return tries.send(send, count=1, out_id=None, remedy=NO_HANDLE, lifetime=lifetime)


def _when(sent_at: datetime, send_date: date | None = None) -> dict[str, Any]:
    return {"send_date": (send_date or dates.beijing_day(sent_at)).isoformat(), "sent_at": iso_utc(sent_at)}


def began_at(event: object) -> datetime | None:
    """Return when the try began that waited in the triggerer; ``None`` if the event does not tell."""
    began = read_instant(event.get("began")) if isinstance(event, dict) else None
    return began if began is not None and began <= datetime.now(UTC) else None


def _canonical(*parts: object) -> bytes:
    return json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str).encode()


def _parameters(value: Any) -> Any:
    """Return the variables of a template in one form, whether they came as a mapping or as JSON."""
    return json.loads(value) if isinstance(value, str) else value


def _digests_of(hook: DysmsHook) -> Callable[[bytes], tuple[str, ...]]:
    """Return what makes digests.

    A digest without a key would give the number away. This API can do without ``privacy_secret``; then the connection's
    own secret serves, if it has one.
    """
    credentials = hook.settings.credentials  # a connection that cannot be read is not one without a key
    try:
        return hook.privacy_key.digests
    except DysmsInputError:
        pass
    if not isinstance(credentials, Credentials) or credentials.security_token is not None:
        return lambda data: ()
    secret = credentials.access_key_secret
    return lambda data: digests_under(secret, data)


def _refuse_if_unclear(tries: SendJournal, digests: Digests) -> None:
    """Refuse to take a note at a position of a map for this message's, if nothing shows that it is."""
    if tries.is_mapped and not digests.content:
        raise DysmsTaskFailed(
            "An earlier try at this position of the mapped task has sent a message, and nothing shows that it was this "
            f"one: notes of what was sent need a privacy_secret in the connection. {NO_HANDLE}"
        )
