"""Wait until messages have arrived."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dysms.arguments import values
from airflow_provider_dysms.arguments.checked_arguments import optional
from airflow_provider_dysms.arguments.private_fields import PrivateField, PrivatePartial
from airflow_provider_dysms.exceptions import DysmsDeliveryFailed as DysmsDeliveryFailed
from airflow_provider_dysms.model import ids, validation
from airflow_provider_dysms.model.dates import parse_day
from airflow_provider_dysms.sensors.base import DysmsWaitSensor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow.triggers.base import BaseTrigger

    from airflow_provider_dysms.hooks.dysms import DysmsHook
    from airflow_provider_dysms.sensors.worker_wait import WaitConfig
    from airflow_provider_dysms.waits.targets import Watched

NO_REQUEST = "needs biz_id or out_id: without, a record of a number may be another message's"


class DysmsMessageSensor(DysmsWaitSensor):
    """Wait until international messages have arrived, by QueryMessage.

    Result, ends and the other arguments are those of :class:`.DysmsWaitSensor`.

    :param message_ids: up to 1,000 messages, each once: an id, what ``DysmsSendMessageToGlobeOperator`` returned, or a
        list of either (the XCom of a mapped task too); templated

    Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-querymessage
    """

    template_fields: Sequence[str] = ("message_ids", "wait_for", "dysms_conn_id")

    def __init__(self, *, message_ids: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.message_ids = message_ids
        self.check_literals()

    def watched(self, hook: DysmsHook, began: datetime) -> list[Watched]:
        from airflow_provider_dysms.sensors.message_arguments import by_id

        return by_id(self.message_ids)

    def digests(self, hook: DysmsHook, identities: bytes) -> tuple[str, ...]:
        return (hashlib.sha256(identities).hexdigest()[:16],)

    def trigger(self, hook: DysmsHook, terms: WaitConfig, known: str) -> BaseTrigger:
        from airflow_provider_dysms.triggers.dysms import DysmsMessageTrigger
        from airflow_provider_dysms.waits.targets import WatchedMessage

        message_ids = [each.message_id for each in terms.watched if isinstance(each, WatchedMessage)]
        return DysmsMessageTrigger(
            message_ids=message_ids, dysms_conn_id=self.dysms_conn_id, **terms.plan(known).stored()
        )


class DysmsSendDetailsSensor(PrivatePartial, DysmsWaitSensor):
    """Wait until messages to the mainland have arrived, by QuerySendDetails. The connection needs a ``privacy_secret``.

    They have no id: a message is known by its number and the request that sent it. Result, ends and the other arguments
    are those of :class:`.DysmsWaitSensor`.

    :param sent: what ``DysmsSendSmsOperator`` returned, or a list of that (the XCom of a mapped task too); up to 1,000
        messages in all, each once; templated
    :param phone_numbers: in place of ``sent``: one or many, in any format people write, each once; templated
    :param biz_id: the request that sent to these numbers, as SendSms returned it; templated
    :param out_id: the same, as its sender calls it; one of the two is needed with ``phone_numbers``; templated
    :param send_date: the day of that request: ``YYYYMMDD``, ``YYYY-MM-DD``, a ``date`` or an aware ``datetime``, one of
        the last 30 days; default the day on which the wait begins, in Beijing; a message that is dated the day before
        or after is found too; templated

    Follows https://help.aliyun.com/document_detail/419277.html
    """

    template_fields: Sequence[str] = (
        "sent",
        "phone_numbers",
        "biz_id",
        "out_id",
        "send_date",
        "wait_for",
        "dysms_conn_id",
    )
    phone_numbers = PrivateField()
    readers: ClassVar[dict[str, Any]] = {"biz_id": values.text, "out_id": values.text}
    checks: ClassVar[dict[str, Any]] = {
        **DysmsWaitSensor.checks,
        "biz_id": optional(ids.vendor_id),
        "out_id": optional(lambda argument, value: validation.text(argument, value, 255)),
        "send_date": optional(lambda argument, value: parse_day(value, argument)),
    }

    def __init__(
        self,
        *,
        sent: Any = None,
        phone_numbers: Any = None,
        biz_id: str | None = None,
        out_id: str | None = None,
        send_date: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if (sent is None) == (phone_numbers is None):
            raise ValueError("sent or phone_numbers must be given, and not both")
        if sent is not None and (biz_id, out_id, send_date) != (None, None, None):
            raise ValueError("biz_id, out_id and send_date go with phone_numbers; sent has its own")
        if sent is None and biz_id is None and out_id is None:
            raise ValueError(f"phone_numbers {NO_REQUEST}")
        self.sent = sent
        self.phone_numbers = phone_numbers
        self.biz_id = biz_id
        self.out_id = out_id
        self.send_date = send_date
        self.check_literals()

    def watched(self, hook: DysmsHook, began: datetime) -> list[Watched]:
        from airflow_provider_dysms.sensors.message_arguments import by_number, by_sent

        if self.phone_numbers is None:
            return by_sent(self.sent, hook, began)
        return by_number(self.phone_numbers, self.biz_id, self.out_id, self.send_date, began)

    def digests(self, hook: DysmsHook, identities: bytes) -> tuple[str, ...]:
        return hook.privacy_key.digests(identities)

    def trigger(self, hook: DysmsHook, terms: WaitConfig, known: str) -> BaseTrigger:
        from airflow_provider_dysms.triggers.dysms import DysmsSendDetailsTrigger
        from airflow_provider_dysms.waits.targets import WatchedSendDetail, dump

        sealed = hook.privacy_key.seal(dump([each for each in terms.watched if isinstance(each, WatchedSendDetail)]))
        return DysmsSendDetailsTrigger(sealed=sealed, dysms_conn_id=self.dysms_conn_id, **terms.plan(known).stored())
