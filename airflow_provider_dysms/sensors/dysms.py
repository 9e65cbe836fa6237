"""The sensors: wait until messages have arrived."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dysms.arguments import template_values
from airflow_provider_dysms.arguments.dag_parse_checks import optional
from airflow_provider_dysms.arguments.private_fields import PrivateField, PrivatePartial
from airflow_provider_dysms.exceptions import DysmsDeliveryFailed as DysmsDeliveryFailed
from airflow_provider_dysms.links.console import DysmsConsoleLink
from airflow_provider_dysms.model import ids, validation
from airflow_provider_dysms.model.dates import parse_day
from airflow_provider_dysms.sensors.base import DysmsWaitSensor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow.triggers.base import BaseTrigger

    from airflow_provider_dysms.hooks.dysms import DysmsHook
    from airflow_provider_dysms.sensors.wait_config import WaitConfig
    from airflow_provider_dysms.waits.targets import Watched


class DysmsMessageSensor(DysmsWaitSensor):
    """Wait until international messages have arrived, by QueryMessage.

    Result, errors and the other arguments are those of :class:`.DysmsWaitSensor`.

    :param message_ids: up to 1,000 messages, each once: an id, a result of ``DysmsSendMessageToGlobeOperator``, or a
        list of either (also the XCom of a mapped task); templated

    Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-querymessage
    """

    template_fields: Sequence[str] = ("message_ids", "wait_for", "dysms_conn_id")
    operator_extra_links = (DysmsConsoleLink(),)

    def __init__(self, *, message_ids: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.message_ids = message_ids
        self.check_literals()

    def watched(self, hook: DysmsHook, started_at: datetime) -> list[Watched]:
        from airflow_provider_dysms.sensors.message_arguments import watched_by_id

        return watched_by_id(self.message_ids)

    def digests(self, hook: DysmsHook, identities: bytes) -> tuple[str, ...]:
        return (hashlib.sha256(identities).hexdigest()[:16],)

    def trigger(self, hook: DysmsHook, config: WaitConfig, known: str) -> BaseTrigger:
        from airflow_provider_dysms.triggers.dysms import DysmsMessageTrigger
        from airflow_provider_dysms.waits.targets import WatchedMessage

        message_ids = [each.message_id for each in config.watched if isinstance(each, WatchedMessage)]
        return DysmsMessageTrigger(
            message_ids=message_ids, dysms_conn_id=self.dysms_conn_id, **config.spec(known).stored()
        )


class DysmsSendDetailsSensor(PrivatePartial, DysmsWaitSensor):
    """Wait until mainland messages have arrived, by QuerySendDetails. The connection needs a ``privacy_secret``.

    Mainland messages have no id: each is found by its number and the request that sent it. Result, errors and the other
    arguments are those of :class:`.DysmsWaitSensor`.

    :param sent: a result of ``DysmsSendSmsOperator``, or a list of them (also the XCom of a mapped task); up to 1,000
        messages in all, each once; templated
    :param phone_numbers: in place of ``sent``: one or many numbers, in any format people write, each once; templated
    :param biz_id: the id that SendSms returned for the request to these numbers; templated
    :param out_id: your own id of that request; ``phone_numbers`` needs one of the two ids; templated
    :param send_date: day of that request: ``YYYYMMDD``, ``YYYY-MM-DD``, a ``date`` or an aware ``datetime``, one of the
        last 30 days; default the Beijing day on which the wait begins; a message that the service dates a day earlier
        or later is found too; templated

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
    template_fields_renderers: ClassVar[dict[str, str]] = {"sent": "json"}
    operator_extra_links = (DysmsConsoleLink(),)
    phone_numbers = PrivateField()
    readers: ClassVar[dict[str, Any]] = {"biz_id": template_values.read_text, "out_id": template_values.read_text}
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
            raise ValueError("either sent or phone_numbers must be given")
        if sent is not None and (biz_id, out_id, send_date) != (None, None, None):
            raise ValueError("biz_id, out_id and send_date belong to phone_numbers; sent has its own")
        if sent is None and biz_id is None and out_id is None:
            from airflow_provider_dysms.sensors.message_arguments import NEEDS_REQUEST

            raise ValueError(f"phone_numbers {NEEDS_REQUEST}")
        self.sent = sent
        self.phone_numbers = phone_numbers
        self.biz_id = biz_id
        self.out_id = out_id
        self.send_date = send_date
        self.check_literals()

    def watched(self, hook: DysmsHook, started_at: datetime) -> list[Watched]:
        from airflow_provider_dysms.arguments.message_ids import parse_sent
        from airflow_provider_dysms.sensors.message_arguments import watched_by_number, watched_by_request

        if self.phone_numbers is None:
            return watched_by_request(parse_sent(self.sent), hook.privacy_key, started_at)
        return watched_by_number(
            self.phone_numbers,
            biz_id=self.biz_id,
            out_id=self.out_id,
            send_date=self.send_date,
            started_at=started_at,
        )

    def digests(self, hook: DysmsHook, identities: bytes) -> tuple[str, ...]:
        return hook.privacy_key.digests(identities)

    def trigger(self, hook: DysmsHook, config: WaitConfig, known: str) -> BaseTrigger:
        from airflow_provider_dysms.triggers.dysms import DysmsSendDetailsTrigger
        from airflow_provider_dysms.waits.targets import WatchedSendDetail, dump

        sealed = hook.privacy_key.seal(dump([each for each in config.watched if isinstance(each, WatchedSendDetail)]))
        return DysmsSendDetailsTrigger(sealed=sealed, dysms_conn_id=self.dysms_conn_id, **config.spec(known).stored())
