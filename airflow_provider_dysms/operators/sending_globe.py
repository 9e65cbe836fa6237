"""The operator that sends to a number outside the mainland: each message is sent exactly once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_provider_dysms.api.protocol import parameters
from airflow_provider_dysms.arguments import send_arguments
from airflow_provider_dysms.arguments.dag_parse_checks import CheckedArguments, flag, number, one_of, optional
from airflow_provider_dysms.arguments.private_fields import Private, PrivateField, PrivatePartial
from airflow_provider_dysms.arguments.template_values import read_uri
from airflow_provider_dysms.exceptions import airflow_errors, without_frames
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.links.console import DysmsConsoleLink
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.choices import MessageType
from airflow_provider_dysms.model.dates import SIGNATURE_LIFETIME
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context


class DysmsSendMessageToGlobeOperator(PrivatePartial, CheckedArguments, BaseOperator):
    """Send one text to one number outside the mainland, by SendMessageToGlobe. Accepted is not delivered.

    The result is what the sensors take as ``sent``: ``kind`` (``message``), ``message_id``, ``request_id``,
    ``send_date`` (the Beijing day), ``sent_at``, ``segments``.

    The text is sent once. If it is unknown whether it was sent, the task fails for good with ``DysmsSendUncertain``.
    The service cannot be asked for a message whose id is unknown, so a task that is retried or cleared fails unless
    Airflow's task state (kept since 3.3) tells that nothing was sent, or what was sent: then that is returned. If
    ``to`` or the text has changed by then, the task fails and says so; start a new run for that. (The task state can
    tell only with the connection's ``privacy_secret`` or a permanent AccessKey secret. Without either, a cleared task
    with another ``to`` returns what it sent to the first, and a cleared mapped task fails.) In a run that was cleared,
    a position of a mapped task that has no task state fails as well: another position may have sent its text before
    the list changed.

    A request is signed for the instant at which the attempt recorded it, and is not sent later than a third of
    ``signature_lifetime`` after that: an attempt that was paused, or queued for too long, sends nothing.

    In a mapped task, number and text in ``partial`` are not shown anywhere. Airflow stores literals in ``expand``
    unchanged: use an XCom there.

    :param to: one number with its country code, not of the mainland; templated
    :param message: the text; templated
    :param sender_id: shown as the sender: up to 11 letters and digits, or up to 15 digits; templated
    :param message_type: ``OTP``, ``NOTIFY`` or ``MKT``; templated
    :param vendor_task_id: the API's TaskId, an id of your own, up to 255 characters; templated
    :param validity_period: seconds in which the carrier may try to deliver; templated
    :param channel_id: a channel that the vendor has assigned; templated
    :param suppression_uri: folder of a suppression list (``DysmsSuppressionListOperator``); if the number is on it for
        this ``message_type``, which must be given then, the task is skipped; templated
    :param resend: send again if an earlier attempt may have sent, at the risk of a second message
    :param signature_lifetime: seconds after which the service refuses a signed request, default 900, up to 3,600
    :param dysms_conn_id: the connection, default ``dysms_default``; templated

    Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-sendmessagetoglobe
    """

    template_fields: Sequence[str] = (
        "to",
        "message",
        "sender_id",
        "message_type",
        "vendor_task_id",
        "validity_period",
        "channel_id",
        "suppression_uri",
        "dysms_conn_id",
    )
    operator_extra_links = (DysmsConsoleLink(),)
    to = PrivateField()
    message = PrivateField(Private)
    readers: ClassVar[dict[str, Any]] = {"suppression_uri": read_uri}
    checks: ClassVar[dict[str, Any]] = {
        "message": lambda name, value: send_arguments.required_text(name, value, None),
        "sender_id": optional(lambda name, value: parameters.sender(name, send_arguments.required_text(name, value))),
        "message_type": optional(one_of(MessageType)),
        "vendor_task_id": send_arguments.optional_text,
        "validity_period": optional(
            lambda name, value: validation.whole_number(name, send_arguments.as_int(value), "seconds", 1, 2**31)
        ),
        "channel_id": send_arguments.optional_text,
        "suppression_uri": optional(validation.text),
        "resend": flag,
        "signature_lifetime": number(1, 3600, "a number of seconds"),
        "dysms_conn_id": validation.text,
    }

    def __init__(
        self,
        *,
        to: Any,
        message: Any,
        sender_id: str | None = None,
        message_type: str | None = None,
        vendor_task_id: str | None = None,
        validity_period: int | str | None = None,
        channel_id: str | None = None,
        suppression_uri: str | None = None,
        resend: bool = False,
        signature_lifetime: float = SIGNATURE_LIFETIME,
        dysms_conn_id: str = DysmsHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.to = to
        self.message = message
        self.sender_id = sender_id
        self.message_type = message_type
        self.vendor_task_id = vendor_task_id
        self.validity_period = validity_period
        self.channel_id = channel_id
        self.suppression_uri = suppression_uri
        self.resend = resend
        self.signature_lifetime = signature_lifetime
        self.dysms_conn_id = dysms_conn_id
        self.check_literals()

    def check_together(self) -> None:
        if self.suppression_uri is not None and self.message_type is None:
            raise DysmsInputError("message_type", "must be given with suppression_uri: a list has a part for each type")

    @without_frames
    def execute(self, context: Context) -> dict[str, Any]:
        from airflow_provider_dysms.operators.send_once.leave_out_suppressed import (
            TYPE_OF_MESSAGE,
            leave_out_suppressed,
        )
        from airflow_provider_dysms.operators.send_once.log_sent import log_sent
        from airflow_provider_dysms.operators.send_once.messages import InternationalMessage
        from airflow_provider_dysms.operators.send_once.send_message_to_globe import send_message_to_globe
        from airflow_provider_dysms.operators.send_once.task_attempt import TaskAttempt

        with airflow_errors():
            self.check_arguments()
            message = InternationalMessage.read(
                to=self.to,
                message=self.message,
                sender_id=self.sender_id,
                message_type=self.message_type,
                vendor_task_id=self.vendor_task_id,
                validity_period=self.validity_period,
                channel_id=self.channel_id,
            )
            hook = DysmsHook(self.dysms_conn_id)
            if self.suppression_uri is not None:
                leave_out_suppressed(
                    [message.to],
                    suppression_uri=self.suppression_uri,
                    template_type=TYPE_OF_MESSAGE[self.message_type],
                    hook=hook,
                    context=context,
                    log=self.log,
                )
            sent = send_message_to_globe(
                message,
                hook=hook,
                attempt=TaskAttempt.from_context(context),
                resend=self.resend,
                signature_lifetime=self.signature_lifetime,
                log=self.log,
            )
            return log_sent(self.log, sent)
