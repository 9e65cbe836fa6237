"""Send messages, each once: Airflow runs tasks again, and a send is not idempotent.

An outcome that is not known fails the task for good (:class:`DysmsSendUncertain`). A later try of the same task, also
after a clear, first finds out what the earlier ones did: from Airflow's own notes (:mod:`.tries`), else from the
service.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from airflow_provider_dysms.api import actions, arguments, dates
from airflow_provider_dysms.api.errors import DysmsInputError
from airflow_provider_dysms.api.numbers import parse_number
from airflow_provider_dysms.api.reports import iso
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.hooks.errors import DysmsTaskFailed, airflow_errors
from airflow_provider_dysms.hooks.private import (
    Private,
    PrivateField,
    PrivateParameters,
    PrivatePartial,
    parameters_in,
    parsed_numbers,
    revealed,
)
from airflow_provider_dysms.operators.lookup import find
from airflow_provider_dysms.operators.tries import Tries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from airflow.sdk import Context

    from airflow_provider_dysms.api.client import DysmsClient

#: What to do about an international message that may have been sent.
NO_HANDLE = (
    "The service cannot be asked for a message whose id is not known: look into the console. If it was not sent, set "
    "resend=True and clear the task, or start a new run."
)


class DysmsSendSmsOperator(PrivatePartial, BaseOperator):
    """Send one text to one number or up to 1,000, by SendSms. Accepted is not delivered: a sensor waits for that.

    The result is what the sensors take as ``sent``: ``kind`` (``sms``), ``biz_id``, ``out_id``, ``request_id``,
    ``send_date`` (the Beijing day), ``sent_at``, ``count``, and ``token``: the numbers, encrypted under the
    connection's ``privacy_key``.

    The text is sent once. Where it is not known whether it was, the task fails for good with ``DysmsSendUncertain``.
    A task that is tried again or cleared after its text was sent returns the same ``sent`` (``biz_id`` is ``None``
    where the service had to be asked for it) and sends nothing; start a new run to send again.

    In a mapped task, numbers and parameters show nowhere when they stand in ``partial``. Airflow stores literals in
    ``expand`` as they are: use an XCom there.

    :param phone_numbers: one or many, in any format people write, each once; templated
    :param sign_name: signature, without brackets; templated
    :param template_code: such as ``SMS_123456789``; templated
    :param template_param: the template's variables, or their JSON; templated, and text stays text
    :param out_id: your own id of this send and of no other, below 256 characters. It must be the same in every try of
        the task: nothing drawn by chance, no clock. Default one that is made from DAG, run, task and map index;
        templated
    :param settle: seconds after a send until the service certainly shows a record of it. Where an earlier try may have
        sent, the service is asked for that long before the text is sent again
    :param dysms_conn_id: the connection, default ``dysms_default``, with a ``privacy_key``; templated

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

    def __init__(
        self,
        *,
        phone_numbers: Any,
        sign_name: str,
        template_code: str,
        template_param: Any = None,
        out_id: str | None = None,
        settle: float = 120,
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
        self.dysms_conn_id = dysms_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        with airflow_errors():
            numbers = parsed_numbers("phone_numbers", self.phone_numbers)
            _refuse_repeated(numbers)
            sign_name, template_code = _given("sign_name", self.sign_name), _given("template_code", self.template_code)
            template_param = parameters_in(self.template_param)
            given_id = _given_or_none("out_id", self.out_id)
            out_id = given_id or _made_id(context)
            actions.send_sms(numbers, sign_name, template_code, template_param, out_id)  # for its checks
            settle = _seconds("settle", self.settle)
            hook = DysmsHook(self.dysms_conn_id)
            key = hook.privacy_key
            tries = Tries(context, key.digest(json.dumps(sorted(numbers)).encode()))
            if tries.sent is not None:
                self.log.info("Sent by an earlier try; nothing is sent again")
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


class DysmsSendMessageToGlobeOperator(PrivatePartial, BaseOperator):
    """Send one text to one number outside the mainland, by SendMessageToGlobe. Accepted is not delivered.

    The result is what the sensors take as ``sent``: ``kind`` (``message``), ``message_id``, ``request_id``,
    ``send_date`` (the Beijing day), ``sent_at``, ``segments``.

    The text is sent once. Where it is not known whether it was, the task fails for good with ``DysmsSendUncertain``.
    The service cannot be asked for a message whose id is not known, so a task that is tried again or cleared fails
    unless Airflow's notes (kept since 3.3) say that nothing was sent, or what: then that is returned. A note can tell
    that it was for another ``to`` only where the connection has a ``privacy_key``; without one, a task that is cleared
    with another ``to`` returns what it sent to the first. Start a new run for another number.

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
        self.dysms_conn_id = dysms_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        with airflow_errors():
            number = _abroad(self.to)
            message = _given("message", revealed(self.message), None)
            options: dict[str, Any] = {
                "sender_id": _given_or_none("sender_id", self.sender_id),
                "message_type": _given_or_none("message_type", self.message_type),
                "task_id": _given_or_none("vendor_task_id", self.vendor_task_id),
                "validity_period": _whole(self.validity_period),
                "channel_id": _given_or_none("channel_id", self.channel_id),
            }
            actions.send_message_to_globe(number, message, **options)  # for its checks
            hook = DysmsHook(self.dysms_conn_id)
            tries = Tries(context, _digest(hook, number))
            if tries.sent is not None:
                self.log.info("Sent by an earlier try; nothing is sent again")
                return tries.sent
            if tries.doubt is not None and not self.resend:
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


def _refuse_repeated(numbers: list[str]) -> None:
    places: dict[str, int] = {}
    for place, number in enumerate(numbers, 1):
        if number in places:
            raise DysmsInputError(
                "phone_numbers", f"has the same number at places {places[number]} and {place}; name each once"
            )
        places[number] = place


def _abroad(value: Any) -> str:
    numbers = parsed_numbers("to", value)
    if len(numbers) > 1:
        raise DysmsInputError("to", f"has {len(numbers)} numbers, and one message has one; map the task for more")
    if parse_number(numbers[0]).country == "CN":
        raise DysmsInputError("to", "is a number of the mainland; send to it with DysmsSendSmsOperator")
    return numbers[0]


def _digest(hook: DysmsHook, number: str) -> str | None:
    """A digest without a key of its own would give the number away, and this API can do without the key."""
    _ = hook.settings  # a connection that cannot be read is no missing key
    try:
        return hook.privacy_key.digest(number.encode())
    except DysmsInputError:
        return None


def _given(argument: str, value: object, longest: int | None = 255) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # what native rendering makes of digits
    text = arguments.text(argument, value, longest)
    if text.strip().lower() in arguments.NO_IDS:
        raise DysmsInputError(argument, f"is {text.strip()!r}, a word for nothing: what it came from gave nothing")
    return text


def _given_or_none(argument: str, value: object) -> str | None:
    return None if value is None else _given(argument, value)


def _whole(value: object) -> object:
    """Templates make text of numbers."""
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else value


def _seconds(argument: str, value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 3600:
        return value
    raise DysmsInputError(argument, "is a number of seconds from 0 to 3600")
