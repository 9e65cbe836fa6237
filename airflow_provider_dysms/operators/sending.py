"""The operator that sends to mainland numbers: each message is sent exactly once. A sensor waits for the delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.sdk import BaseOperator

from airflow_provider_dysms.api.protocol import parameters
from airflow_provider_dysms.arguments import send_arguments
from airflow_provider_dysms.arguments.dag_parse_checks import CheckedArguments, number, one_of, optional
from airflow_provider_dysms.arguments.private_fields import (
    PrivateField,
    PrivateParameters,
    PrivatePartial,
    parameters_in,
)
from airflow_provider_dysms.arguments.template_values import read_uri
from airflow_provider_dysms.exceptions import airflow_errors, without_frames
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.links.console import DysmsConsoleLink
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.choices import OnUncertain
from airflow_provider_dysms.model.dates import SIGNATURE_LIFETIME
from airflow_provider_dysms.operators.sending_globe import (
    DysmsSendMessageToGlobeOperator as DysmsSendMessageToGlobeOperator,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow.sdk import Context


class DysmsSendSmsOperator(PrivatePartial, CheckedArguments, BaseOperator):
    """Send one text to one number or up to 1,000, by SendSms. Accepted is not delivered: a sensor waits for that.

    The result is what the sensors take as ``sent``: ``kind`` (``sms``), ``biz_id``, ``out_id``, ``request_id``,
    ``send_date`` (the Beijing day), ``sent_at``, ``count``, and ``token``: the numbers, encrypted under the
    connection's ``privacy_secret``.

    The text is sent once. If it is unknown whether it was sent, the task fails for good with ``DysmsSendUncertain``.
    A task that is retried or cleared after its text was sent returns the same ``sent`` (``biz_id`` is ``None`` if the
    service had to be asked for it) and sends nothing; start a new run to send again. If the numbers, the signature, the
    template or the parameters have changed by then, the task fails and says so.

    An earlier attempt may have been paused before it sent, and may go on at any time. Its request is signed for the
    instant at which the attempt recorded it, and is not sent later than a third of ``signature_lifetime`` after that.
    If the service shows nothing of such an attempt, a later attempt waits in the triggerer until the service refuses
    that request.

    A mapped task whose list has changed since it was cleared asks the service what its other positions have sent. If
    the list has grown, it sends the messages that no position has sent.

    In a mapped task, numbers and parameters in ``partial`` are not shown anywhere. Airflow stores literals in
    ``expand`` unchanged: use an XCom there.

    :param phone_numbers: one or many, in any format, each once; templated
    :param sign_name: signature, without brackets; templated
    :param template_code: such as ``SMS_123456789``; templated
    :param template_param: the template's variables, or their JSON; templated, and text stays text
    :param out_id: your own id of this send and of no other, up to 255 characters. It must be the same in every attempt
        of the task: not random, not a time. Default: an id made from DAG, run, task, map index and (as a digest under
        the connection's ``privacy_secret``) the message; templated
    :param suppression_uri: folder of a suppression list (``DysmsSuppressionListOperator``). Numbers that are on it for
        the type of the template are left out, and the result has ``suppressed``: their ``count``, ``by_reason``, and
        ``token``, encrypted as above. If nobody is left, the task is skipped, and ``suppressed`` is in XCom under that
        key. Default: no list; templated
    :param settle: seconds after a send until the service certainly shows a record of it. If an earlier attempt may have
        sent, the service is asked for that long before the text is sent again
    :param on_uncertain: what a later attempt does if the service shows nothing and an earlier attempt may still send:
        ``wait`` (default) until the service refuses that request, and then send; or ``fail`` with
        ``DysmsSendUncertain``, for texts such as one-time codes that are of no use later
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
        "suppression_uri",
        "dysms_conn_id",
    )
    operator_extra_links = (DysmsConsoleLink(),)
    phone_numbers = PrivateField()
    template_param = PrivateField(PrivateParameters)
    readers: ClassVar[dict[str, Any]] = {"suppression_uri": read_uri}
    checks: ClassVar[dict[str, Any]] = {
        "sign_name": lambda name, value: parameters.sign_name(name, send_arguments.required_text(name, value)),
        "template_code": send_arguments.required_text,
        "template_param": optional(lambda name, value: parameters.template_param(name, parameters_in(value))),
        "out_id": send_arguments.optional_text,
        "suppression_uri": optional(validation.text),
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
        suppression_uri: str | None = None,
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
        self.suppression_uri = suppression_uri
        self.settle = settle
        self.on_uncertain: OnUncertain = on_uncertain
        self.signature_lifetime = signature_lifetime
        self.dysms_conn_id = dysms_conn_id
        self.check_literals()

    @without_frames
    def execute(self, context: Context) -> dict[str, Any]:
        return self._send(context)

    @without_frames
    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Ask the service again, after the wait until an earlier attempt can no longer send."""
        from airflow_provider_dysms.operators.send_once.task_attempt import began_at

        return self._send(context, began_at(event))

    def _send(self, context: Context, began: datetime | None = None) -> dict[str, Any]:
        from airflow_provider_dysms.operators.send_once.leave_out_suppressed import leave_out_suppressed
        from airflow_provider_dysms.operators.send_once.log_sent import log_sent
        from airflow_provider_dysms.operators.send_once.messages import Sms
        from airflow_provider_dysms.operators.send_once.send_sms import send_sms
        from airflow_provider_dysms.operators.send_once.task_attempt import TaskAttempt

        with airflow_errors():
            self.check_arguments()
            sms = Sms.read(
                phone_numbers=self.phone_numbers,
                sign_name=self.sign_name,
                template_code=self.template_code,
                template_param=self.template_param,
                out_id=self.out_id,
            )
            hook = DysmsHook(self.dysms_conn_id)
            suppressed: dict[str, Any] = {}
            if self.suppression_uri is not None:
                numbers, suppressed = leave_out_suppressed(
                    sms.phone_numbers,
                    suppression_uri=self.suppression_uri,
                    template_code=sms.template_code,
                    hook=hook,
                    context=context,
                    log=self.log,
                )
                sms = sms.to(numbers)
            attempt = TaskAttempt.from_context(context, began)
            sent = send_sms(
                sms,
                hook=hook,
                attempt=attempt,
                settle=self.settle,
                on_uncertain=self.on_uncertain,
                signature_lifetime=self.signature_lifetime,
                wait_until=lambda instant: self._defer_until(instant, attempt.began),
                log=self.log,
            )
            return {**log_sent(self.log, sent), **suppressed}

    def _defer_until(self, instant: datetime, began: datetime) -> NoReturn:
        """Wait in the triggerer.

        :param began: when this attempt began
        """
        from airflow_provider_dysms.triggers.send import DysmsSendTrigger

        trigger = DysmsSendTrigger(moment=instant.isoformat(), began=began.isoformat())
        self.defer(trigger=trigger, method_name="execute_complete")
