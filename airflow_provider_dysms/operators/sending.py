"""Send messages, each once. Accepted is not delivered: a sensor waits for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn

from airflow.sdk import BaseOperator

from airflow_provider_dysms.api.protocol import parameters
from airflow_provider_dysms.arguments import sends as check
from airflow_provider_dysms.arguments.checked_arguments import CheckedArguments, flag, number, one_of, optional
from airflow_provider_dysms.arguments.private_fields import (
    Private,
    PrivateField,
    PrivateParameters,
    PrivatePartial,
    parameters_in,
)
from airflow_provider_dysms.exceptions import airflow_errors, without_frames
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.choices import MessageType
from airflow_provider_dysms.model.dates import SIGNATURE_LIFETIME

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow.sdk import Context

#: What a later try does if nobody can tell yet whether an earlier one has sent.
OnUncertain = Literal["wait", "fail"]


class DysmsSendSmsOperator(PrivatePartial, CheckedArguments, BaseOperator):
    """Send one text to one number or up to 1,000, by SendSms. Accepted is not delivered: a sensor waits for that.

    The result is what the sensors take as ``sent``: ``kind`` (``sms``), ``biz_id``, ``out_id``, ``request_id``,
    ``send_date`` (the Beijing day), ``sent_at``, ``count``, and ``token``: the numbers, encrypted under the
    connection's ``privacy_secret``.

    The text is sent once. Where it is not known whether it was, the task fails for good with ``DysmsSendUncertain``.
    A task that is tried again or cleared after its text was sent returns the same ``sent`` (``biz_id`` is ``None``
    where the service had to be asked for it) and sends nothing; start a new run to send again. If other numbers,
    another signature, template or parameters come then, it fails and says so.

    An earlier try may have been paused before it sent, and go on at any time. Its request is signed for the instant at
    which it was announced, and does not leave any more after a third of ``signature_lifetime``. A try that comes after
    such a one, and that the service shows nothing to, waits in the triggerer until the service refuses that request.

    A task that is mapped over a list which has changed since it was cleared asks the service for what its other
    positions have sent, and sends what none has, if the list has grown.

    In a mapped task, numbers and parameters show nowhere when they stand in ``partial``. Airflow stores literals in
    ``expand`` as they are: use an XCom there.

    :param phone_numbers: one or many, in any format people write, each once; templated
    :param sign_name: signature, without brackets; templated
    :param template_code: such as ``SMS_123456789``; templated
    :param template_param: the template's variables, or their JSON; templated, and text stays text
    :param out_id: your own id of this send and of no other, below 256 characters. It must be the same in every try of
        the task: nothing drawn by chance, no clock. Default one that is made from DAG, run, task, map index and (as a
        digest under the connection's ``privacy_secret``) from what is sent; templated
    :param settle: seconds after a send until the service certainly shows a record of it. Where an earlier try may have
        sent, the service is asked for that long before the text is sent again
    :param on_uncertain: what a later try does if the service shows nothing, and an earlier one may still send:
        ``wait`` (default) until the service refuses that, and then send; or ``fail`` with ``DysmsSendUncertain``, as a
        one-time code wants it, which is of no use later
    :param signature_lifetime: seconds after which the service refuses a signed request, default 900, up to 3,600
    :param dysms_conn_id: the connection, default ``dysms_default``, with a ``privacy_secret``; templated

    Follows https://help.aliyun.com/document_detail/419273.html
    """

    template_fields: Sequence[str] = (
        "phone_numbers",
        "sign_name",
        "template_code",
        "template_param",
        "out_id",
        "dysms_conn_id",
    )
    phone_numbers = PrivateField()
    template_param = PrivateField(PrivateParameters)
    checks: ClassVar[dict[str, Any]] = {
        "sign_name": lambda name, value: parameters.sign_name(name, check.required_text(name, value)),
        "template_code": check.required_text,
        "template_param": optional(lambda name, value: parameters.template_param(name, parameters_in(value))),
        "out_id": check.optional_text,
        "settle": number(0, 3600, "a number of seconds"),
        "on_uncertain": one_of(OnUncertain),
        "signature_lifetime": number(1, 3600, "a number of seconds"),
        "dysms_conn_id": validation.text,
    }

    def __init__(
        self,
        *,
        phone_numbers: Any,
        sign_name: str,
        template_code: str,
        template_param: Any = None,
        out_id: str | None = None,
        settle: float = 120,
        on_uncertain: OnUncertain = "wait",
        signature_lifetime: float = SIGNATURE_LIFETIME,
        dysms_conn_id: str = DysmsHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.phone_numbers = phone_numbers
        self.sign_name = sign_name
        self.template_code = template_code
        self.template_param = template_param
        self.out_id = out_id
        self.settle = settle
        self.on_uncertain: OnUncertain = on_uncertain
        self.signature_lifetime = signature_lifetime
        self.dysms_conn_id = dysms_conn_id
        self.check_literals()

    @without_frames
    def execute(self, context: Context) -> dict[str, Any]:
        from airflow_provider_dysms.operators import send_once
        from airflow_provider_dysms.operators.send_messages_log import log_sent

        with airflow_errors():
            self.check_arguments()
            return log_sent(self.log, send_once.send_sms(self, context))

    @without_frames
    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Look again, after the wait for what an earlier try may still send."""
        from airflow_provider_dysms.operators import send_once
        from airflow_provider_dysms.operators.send_messages_log import log_sent

        with airflow_errors():
            self.check_arguments()
            return log_sent(self.log, send_once.send_sms(self, context, send_once.began_at(event)))

    def wait_until(self, moment: datetime, began: datetime) -> NoReturn:
        """Wait in the triggerer.

        :param moment: until when
        :param began: when this try began
        """
        from airflow_provider_dysms.triggers.send import DysmsSendTrigger

        trigger = DysmsSendTrigger(moment=moment.isoformat(), began=began.isoformat())
        self.defer(trigger=trigger, method_name="execute_complete")


class DysmsSendMessageToGlobeOperator(PrivatePartial, CheckedArguments, BaseOperator):
    """Send one text to one number outside the mainland, by SendMessageToGlobe. Accepted is not delivered.

    The result is what the sensors take as ``sent``: ``kind`` (``message``), ``message_id``, ``request_id``,
    ``send_date`` (the Beijing day), ``sent_at``, ``segments``.

    The text is sent once. Where it is not known whether it was, the task fails for good with ``DysmsSendUncertain``.
    The service cannot be asked for a message whose id is not known, so a task that is tried again or cleared fails
    unless Airflow's notes (kept since 3.3) say that nothing was sent, or what: then that is returned. If another ``to``
    or another text comes then, it fails and says so; start a new run for that. (Notes need the connection's
    ``privacy_secret`` or a lasting AccessKey secret to tell. Without either, a cleared task with another ``to`` returns
    what it sent to the first, and a cleared mapped task fails.) In a run that was cleared, a position of a mapped task
    that has no note fails as well: another position may have sent its text before the list changed.

    A request is signed for the instant at which it was announced, and does not leave any more after a third of
    ``signature_lifetime``: a try that was paused, or queued for too long, sends nothing.

    In a mapped task, number and text show nowhere when they stand in ``partial``. Airflow stores literals in
    ``expand`` as they are: use an XCom there.

    :param to: one number with its country code, not of the mainland; templated
    :param message: the text; templated
    :param sender_id: shown as the sender: up to 11 letters and digits, or up to 15 digits; templated
    :param message_type: ``OTP``, ``NOTIFY`` or ``MKT``; templated
    :param vendor_task_id: the API's TaskId, an id of your own, up to 255 characters; templated
    :param validity_period: seconds for which the carrier may try; templated
    :param channel_id: a channel that the vendor has assigned; templated
    :param resend: send again where an earlier try may have sent, at the risk of a second message
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
        "dysms_conn_id",
    )
    to = PrivateField()
    message = PrivateField(Private)
    checks: ClassVar[dict[str, Any]] = {
        "message": lambda name, value: check.required_text(name, value, None),
        "sender_id": optional(lambda name, value: parameters.sender(name, check.required_text(name, value))),
        "message_type": optional(one_of(MessageType)),
        "vendor_task_id": check.optional_text,
        "validity_period": optional(
            lambda name, value: validation.whole_number(name, check.as_int(value), "seconds", 1, 2**31)
        ),
        "channel_id": check.optional_text,
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
        self.resend = resend
        self.signature_lifetime = signature_lifetime
        self.dysms_conn_id = dysms_conn_id
        self.check_literals()

    @without_frames
    def execute(self, context: Context) -> dict[str, Any]:
        from airflow_provider_dysms.operators import send_once
        from airflow_provider_dysms.operators.send_messages_log import log_sent

        with airflow_errors():
            self.check_arguments()
            return log_sent(self.log, send_once.send_message_to_globe(self, context))
