"""Sends one text to a number outside the mainland exactly once per task, although Airflow runs tasks again.

The service cannot be asked for an international message whose id is unknown. So a later attempt of the task, also after
a clear, relies on the journal in Airflow's task state (:mod:`.journal`) alone, and fails if that does not tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.exceptions import DysmsTaskFailed
from airflow_provider_dysms.operators.send_once.journal import SendJournal
from airflow_provider_dysms.operators.send_once.messages import when_sent

if TYPE_CHECKING:
    from airflow_provider_dysms.api.auth.signature_time import SignatureTime
    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.hooks.dysms import DysmsHook
    from airflow_provider_dysms.operators.send_once.messages import InternationalMessage
    from airflow_provider_dysms.operators.send_once.task_attempt import TaskAttempt

#: What to do about a text that may have been sent.
REMEDY = (
    "The service cannot be asked for a message whose id is unknown: look into the console. If it was not sent, set "
    "resend=True and clear the task, or start a new run."
)


def send_message_to_globe(
    message: InternationalMessage,
    *,
    hook: DysmsHook,
    attempt: TaskAttempt,
    resend: bool,
    signature_lifetime: float,
    log: Any,
) -> dict[str, Any]:
    """Send a text, unless an earlier attempt has sent it or may have; return what the sensors take as ``sent``.

    :param attempt: of the task that sends
    :param resend: whether to send although an earlier attempt may have sent
    :param signature_lifetime: seconds after which the service refuses a signed request
    :param log: logger for what people should know
    :raises DysmsSendUncertain: the text may have been sent
    :raises DysmsTaskFailed: an earlier attempt may have sent the text, or the task has sent something else before
    :raises DysmsError: the text was certainly not sent
    """
    digests = message.digests(hook)
    journal = SendJournal(attempt, digests)
    if journal.has_changed:
        raise journal.changed()
    if journal.sent is not None:
        if attempt.is_mapped and not digests.content:
            raise DysmsTaskFailed(
                "An earlier attempt at this position of the mapped task has sent a message, and nothing shows that it "
                f"was this one: the journal of sends needs a privacy_secret in the connection. {REMEDY}"
            )
        log.info("An earlier attempt has sent the message; nothing is sent again")
        return journal.sent
    if journal.in_doubt is not None and not resend:
        is_other = journal.in_doubt.by_position
        who = "Another position of this mapped task" if is_other else "An earlier attempt of this task"
        raise DysmsTaskFailed(f"{who} may have sent the message. {REMEDY}")

    def send(signature_time: SignatureTime) -> dict[str, Any]:
        async def session(client: DysmsClient) -> dict[str, Any]:
            dispatched_at = journal.record_dispatch()
            response = await client.send_message_to_globe(
                message.to, message.text, **message.options, signature_time=signature_time
            )
            return {
                "kind": "message",
                "message_id": response.message_id,
                "request_id": response.request_id,
                "segments": response.segments,
                **when_sent(dispatched_at),
            }

        return hook.run(session)

    return journal.send(send, count=1, out_id=None, remedy=REMEDY, lifetime=signature_lifetime)
