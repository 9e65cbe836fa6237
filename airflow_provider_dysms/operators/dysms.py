"""The query and send operators: one API action per task, with a small result in XCom.

The transfer operator audits whole days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_provider_dysms import YESTERDAY
from airflow_provider_dysms.api.protocol import parameters
from airflow_provider_dysms.arguments.dag_parse_checks import CheckedArguments, each, one_of, optional
from airflow_provider_dysms.arguments.private_fields import PrivateField, PrivatePartial
from airflow_provider_dysms.arguments.template_values import read_text, read_texts, read_uri
from airflow_provider_dysms.exceptions import airflow_errors, without_frames
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.lineage import TellsLineage
from airflow_provider_dysms.links.console import DysmsConsoleLink
from airflow_provider_dysms.links.manifest import DysmsManifestLink
from airflow_provider_dysms.model import ids, validation
from airflow_provider_dysms.model.choices import TEMPLATE_TYPES, Market
from airflow_provider_dysms.model.dates import parse_day
from airflow_provider_dysms.operators.delivery.delivery_check import (
    DysmsDeliveryCheckOperator as DysmsDeliveryCheckOperator,
)
from airflow_provider_dysms.operators.delivery.delivery_report import (
    DysmsDeliveryReportOperator as DysmsDeliveryReportOperator,
)
from airflow_provider_dysms.operators.find_sending_details import (
    DysmsFindSendingDetailsOperator as DysmsFindSendingDetailsOperator,
)
from airflow_provider_dysms.operators.sending import DysmsSendMessageToGlobeOperator as DysmsSendMessageToGlobeOperator
from airflow_provider_dysms.operators.sending import DysmsSendSmsOperator as DysmsSendSmsOperator
from airflow_provider_dysms.operators.settled_date import DysmsSettledDateOperator as DysmsSettledDateOperator
from airflow_provider_dysms.operators.stored_numbers.retention import (
    DysmsErasePhoneNumbersOperator as DysmsErasePhoneNumbersOperator,
)
from airflow_provider_dysms.operators.stored_numbers.retention import (
    DysmsExpireArchiveOperator as DysmsExpireArchiveOperator,
)
from airflow_provider_dysms.operators.stored_numbers.suppression_list import (
    DysmsSuppressionListOperator as DysmsSuppressionListOperator,
)
from airflow_provider_dysms.operators.unsettled_dates import DysmsUnsettledDatesOperator as DysmsUnsettledDatesOperator
from airflow_provider_dysms.operators.verify import DysmsVerifyPartitionOperator as DysmsVerifyPartitionOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context


def _day(argument: str, value: Any) -> None:
    parse_day(value, argument)


class DysmsQuerySendDetailsOperator(PrivatePartial, CheckedArguments, BaseOperator):
    """Look up what was sent to a few numbers on one Beijing day.

    The result is a list with one dict per message: ``number`` (position in ``phone_numbers``, from 0; never the number
    itself), ``state``, ``category``, ``fault``, ``error_code``, ``template_code``, ``out_id``, ``sent_at``,
    ``received_at``, ``is_final``. A result of more than 256 KiB of JSON is an error: use
    ``DysmsToObjectStorageOperator`` instead.

    :param phone_numbers: one or many, in any format people write; templated
    :param send_date: ``YYYYMMDD``, ``YYYY-MM-DD``, a ``date`` or an aware ``datetime``; one of the last 30 days;
        default the day before the end of the run's data interval, in Beijing; templated
    :param biz_id: only the messages of one request; templated
    :param dysms_conn_id: the connection, default ``dysms_default``; templated

    Follows https://help.aliyun.com/document_detail/419277.html
    """

    template_fields: Sequence[str] = ("phone_numbers", "send_date", "biz_id", "dysms_conn_id")
    operator_extra_links = (DysmsConsoleLink(),)
    phone_numbers = PrivateField()
    readers: ClassVar[dict[str, Any]] = {"biz_id": read_text}
    checks: ClassVar[dict[str, Any]] = {
        "send_date": _day,
        "biz_id": optional(ids.vendor_id),
        "dysms_conn_id": validation.text,
    }

    def __init__(
        self,
        *,
        phone_numbers: Any,
        send_date: Any = YESTERDAY,
        biz_id: str | None = None,
        dysms_conn_id: str = DysmsHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.phone_numbers = phone_numbers
        self.send_date = send_date
        self.biz_id = biz_id
        self.dysms_conn_id = dysms_conn_id
        self.check_literals()

    @without_frames
    def execute(self, context: Context) -> list[dict[str, Any]]:
        from airflow_provider_dysms.operators.run_queries import query_send_details

        with airflow_errors():
            self.check_arguments()
            return query_send_details(
                phone_numbers=self.phone_numbers,
                send_date=self.send_date,
                biz_id=self.biz_id,
                hook=DysmsHook(self.dysms_conn_id),
                log=self.log,
            )


class DysmsQueryMessageOperator(CheckedArguments, BaseOperator):
    """Look up a few international messages by their ids.

    The result is a list with one dict per message, in the order of the ids: ``message_id``, ``state`` (``missing`` if
    the service has no such message), ``category``, ``fault``, ``error_code``, ``sent_at``, ``received_at``,
    ``is_final``.

    :param message_ids: one or many, as SendMessageToGlobe returned them; templated
    :param dysms_conn_id: the connection, default ``dysms_default``; templated

    Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-querymessage
    """

    template_fields: Sequence[str] = ("message_ids", "dysms_conn_id")
    operator_extra_links = (DysmsConsoleLink(),)
    checks: ClassVar[dict[str, Any]] = {
        "dysms_conn_id": validation.text,
    }

    def __init__(self, *, message_ids: Any, dysms_conn_id: str = DysmsHook.default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.message_ids = message_ids
        self.dysms_conn_id = dysms_conn_id
        self.check_literals()

    @without_frames
    def execute(self, context: Context) -> list[dict[str, Any]]:
        from airflow_provider_dysms.operators.run_queries import query_messages

        with airflow_errors():
            self.check_arguments()
            return query_messages(message_ids=self.message_ids, hook=DysmsHook(self.dysms_conn_id))


class DysmsQuerySendStatisticsOperator(TellsLineage, CheckedArguments, BaseOperator):
    """Fetch the counts of one or more Beijing days, in billed segments.

    The result is a list with one dict per day (and per template type and signature, if they are given): ``send_date``,
    ``scope``, ``template_type``, ``sign_name``, ``total``, ``delivered``, ``failed``, ``waiting``. With ``output_uri``
    the rows are written instead, and the result is the list of manifests, one per day.

    :param first_date: first day, in the forms of ``send_date``; templated
    :param last_date: last day, default the first; templated
    :param scope: ``mainland`` (default) or ``international``
    :param template_types: any of ``code``, ``notice``, ``promotion``, ``international`` and ``digital``, queried one by
        one
    :param sign_names: signatures, queried one by one; templated
    :param output_uri: folder in object storage, ``file:///...``, ``s3://conn_id@...`` or ``oss://conn_id@...``: each
        day is written as JSON Lines to ``send_date=YYYY-MM-DD`` below it; templated
    :param dysms_conn_id: the connection, default ``dysms_default``; templated

    Follows https://help.aliyun.com/document_detail/397330.html
    """

    template_fields: Sequence[str] = ("first_date", "last_date", "sign_names", "output_uri", "dysms_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"sign_names": "json"}
    operator_extra_links = (DysmsConsoleLink(), DysmsManifestLink())
    label_fields = ("first_date", "last_date")
    writes = ("output_uri",)
    readers: ClassVar[dict[str, Any]] = {
        "sign_names": read_texts,
        "output_uri": read_uri,
    }
    checks: ClassVar[dict[str, Any]] = {
        "first_date": _day,
        "last_date": optional(_day),
        "scope": one_of(Market),
        "template_types": optional(each(one_of(TEMPLATE_TYPES))),
        "sign_names": optional(each(parameters.sign_name)),
        "output_uri": optional(validation.text),
        "dysms_conn_id": validation.text,
    }

    def __init__(
        self,
        *,
        first_date: Any,
        last_date: Any = None,
        scope: Market = "mainland",
        template_types: Sequence[str] | None = None,
        sign_names: Sequence[str] | None = None,
        output_uri: str | None = None,
        dysms_conn_id: str = DysmsHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.first_date = first_date
        self.last_date = last_date
        self.scope: Market = scope
        self.template_types = template_types
        self.sign_names = sign_names
        self.output_uri = output_uri
        self.dysms_conn_id = dysms_conn_id
        self.check_literals()

    @without_frames
    def execute(self, context: Context) -> list[dict[str, Any]]:
        from airflow_provider_dysms.lineage import statistics_datasets
        from airflow_provider_dysms.operators.run_queries import query_send_statistics

        with airflow_errors():
            self.check_arguments()
            result = query_send_statistics(
                first_date=self.first_date,
                last_date=self.last_date,
                scope=self.scope,
                template_types=self.template_types,
                sign_names=self.sign_names,
                output_uri=self.output_uri,
                hook=DysmsHook(self.dysms_conn_id),
            )
        if self.output_uri is not None:
            self.tell_lineage(*statistics_datasets(result))
        return result
