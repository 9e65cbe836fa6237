"""One API action a task, with a small result to XCom. Whole days belong to the transfer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from airflow_provider_dysms import YESTERDAY
from airflow_provider_dysms.api.errors import DysmsError, DysmsInputError, DysmsNotFound, shown
from airflow_provider_dysms.api.reports import MISSING, report_of_message, report_of_send_detail
from airflow_provider_dysms.hooks.asked import Scope, is_international, parse_asked_day, parse_days
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.hooks.errors import airflow_errors
from airflow_provider_dysms.hooks.ids import parse_message_ids
from airflow_provider_dysms.hooks.private import PrivateField, PrivatePartial, parsed_numbers
from airflow_provider_dysms.operators.sending import DysmsSendMessageToGlobeOperator as DysmsSendMessageToGlobeOperator
from airflow_provider_dysms.operators.sending import DysmsSendSmsOperator as DysmsSendSmsOperator
from airflow_provider_dysms.operators.verify import DysmsVerifyPartitionOperator as DysmsVerifyPartitionOperator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from airflow.sdk import Context

    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.api.records import MessageReport, SendDetail, SendStatistics
    from airflow_provider_dysms.storage.partition import Partition

#: A result beyond this many bytes of JSON does not belong into Airflow's database.
MOST_XCOM_BYTES = 256 * 1024

STATISTICS_COLUMNS: dict[str, type] = {
    "scope": str,
    "template_type": str,
    "sign_name": str,
    "total": int,
    "delivered": int,
    "failed": int,
    "waiting": int,
}


class DysmsQuerySendDetailsOperator(PrivatePartial, BaseOperator):
    """Look up what was sent to a few numbers on one Beijing day.

    The result is a list with one dict a message: ``number`` (position in ``phone_numbers``, from 0; never the number
    itself), ``state``, ``category``, ``fault``, ``error_code``, ``template_code``, ``out_id``, ``sent_at``,
    ``received_at``, ``is_final``. Beyond 256 KiB of JSON it is refused: use ``DysmsToObjectStorageOperator``.

    :param phone_numbers: one or many, in any format people write; templated
    :param send_date: ``YYYYMMDD``, ``YYYY-MM-DD``, a ``date`` or an aware ``datetime``; one of the last 30 days;
        default the day before the end of the run's data interval, in Beijing; templated
    :param biz_id: only the messages of one request; templated
    :param dysms_conn_id: the connection, default ``dysms_default``; templated

    Follows https://help.aliyun.com/document_detail/419277.html
    """

    template_fields: Sequence[str] = ("phone_numbers", "send_date", "biz_id", "dysms_conn_id")
    phone_numbers = PrivateField()

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

    def execute(self, context: Context) -> list[dict[str, Any]]:
        with airflow_errors():
            as_of = datetime.now(UTC)
            day = parse_asked_day(self.send_date, as_of, self.log)
            numbers = parsed_numbers("phone_numbers", self.phone_numbers)
            hook = DysmsHook(self.dysms_conn_id)

            async def ask(client: DysmsClient) -> list[list[SendDetail]]:
                answers = []
                for place, number in enumerate(numbers, 1):
                    try:
                        answers.append(await client.query_send_details(number, day, self.biz_id))
                    except DysmsError as error:
                        error.is_about(f"phone_numbers (number {place} of the list{_token(hook, number)})")
                        raise
                return answers

            answers = hook.run(ask)
            return _small(
                [
                    {"number": place, **_send_detail(record, as_of)}
                    for place, records in enumerate(answers)
                    for record in records
                ]
            )


class DysmsQueryMessageOperator(BaseOperator):
    """Look up a few international messages by their ids.

    The result is a list with one dict a message, in the order asked: ``message_id``, ``state`` (``missing`` where the
    service has no such message), ``category``, ``fault``, ``error_code``, ``sent_at``, ``received_at``, ``is_final``.

    :param message_ids: one or many, as SendMessageToGlobe returned them; templated
    :param dysms_conn_id: the connection, default ``dysms_default``; templated

    Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-querymessage
    """

    template_fields: Sequence[str] = ("message_ids", "dysms_conn_id")

    def __init__(self, *, message_ids: Any, dysms_conn_id: str = DysmsHook.default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.message_ids = message_ids
        self.dysms_conn_id = dysms_conn_id

    def execute(self, context: Context) -> list[dict[str, Any]]:
        with airflow_errors():
            as_of = datetime.now(UTC)
            message_ids = parse_message_ids(self.message_ids)
            hook = DysmsHook(self.dysms_conn_id)

            async def ask(client: DysmsClient) -> list[MessageReport | None]:
                return [await _report(client, message_id) for message_id in message_ids]

            reports = hook.run(ask)
            return _small(
                [
                    {
                        "message_id": message_id,
                        **(MISSING if report is None else report_of_message(report, as_of)).as_dict(),
                    }
                    for message_id, report in zip(message_ids, reports, strict=True)
                ]
            )


class DysmsQuerySendStatisticsOperator(BaseOperator):
    """Fetch the counts of one or more Beijing days, in billed segments.

    The result is a list with one dict a day (and template type and signature, where they were asked for):
    ``send_date``, ``scope``, ``template_type``, ``sign_name``, ``total``, ``delivered``, ``failed``, ``waiting``. With
    ``output_uri`` the rows are written instead, and the result is the list of manifests, one a day.

    :param first_date: first day, in the forms of ``send_date``; templated
    :param last_date: last day, default the first; templated
    :param scope: ``mainland`` (default) or ``international``
    :param template_types: any of ``code``, ``notice``, ``promotion``, ``international``, ``digital``; asked one by one
    :param sign_names: signatures, asked one by one; templated
    :param output_uri: folder in object storage, ``file:///...`` or ``s3://conn_id@bucket/prefix``: each day is written
        as JSON Lines to ``send_date=YYYY-MM-DD`` below it; templated
    :param dysms_conn_id: the connection, default ``dysms_default``; templated

    Follows https://help.aliyun.com/document_detail/397330.html
    """

    template_fields: Sequence[str] = ("first_date", "last_date", "sign_names", "output_uri", "dysms_conn_id")

    def __init__(
        self,
        *,
        first_date: Any,
        last_date: Any = None,
        scope: Scope = "mainland",
        template_types: Sequence[str] | None = None,
        sign_names: Sequence[str] | None = None,
        output_uri: str | None = None,
        dysms_conn_id: str = DysmsHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.first_date = first_date
        self.last_date = last_date
        self.scope: Scope = scope
        self.template_types = template_types
        self.sign_names = sign_names
        self.output_uri = output_uri
        self.dysms_conn_id = dysms_conn_id

    def execute(self, context: Context) -> list[dict[str, Any]]:
        with airflow_errors():
            first, last = parse_days(self.first_date, self.last_date)
            is_globe = is_international(self.scope)
            names = _texts("sign_names", self.sign_names)
            numbers_of_types = _template_types(self.template_types)
            wanted = list(product(numbers_of_types, names or (None,)))
            hook = DysmsHook(self.dysms_conn_id)
            _ = hook.settings  # as in the transfer: said before anything is written
            partitions = _partitions(self.output_uri, first, last) if self.output_uri is not None else {}

            async def ask(client: DysmsClient) -> list[list[SendStatistics]]:
                return [
                    await client.query_send_statistics(
                        first,
                        last,
                        is_globe=is_globe,
                        template_type=numbers_of_types[template_type],
                        sign_name=sign_name,
                    )
                    for template_type, sign_name in wanted
                ]

            rows = [
                {
                    "send_date": counts.send_date.isoformat(),
                    "scope": self.scope,
                    "template_type": template_type,
                    "sign_name": sign_name,
                    **{name: getattr(counts, name) for name in ("total", "delivered", "failed", "waiting")},
                }
                for (template_type, sign_name), days in zip(wanted, hook.run(ask), strict=True)
                for counts in days
            ]
            return _small([_written(partition, day, rows) for day, partition in partitions.items()] or rows)


async def _report(client: DysmsClient, message_id: str) -> MessageReport | None:
    try:
        return await client.query_message(message_id)
    except DysmsNotFound:
        return None
    except DysmsError as error:
        error.is_about(f"message {message_id}")
        raise


def _partitions(output_uri: str, first: date, last: date) -> dict[str, Partition]:
    """Find the place of every day, and show that the first can be written."""
    from airflow_provider_dysms.storage.partition import Partition

    days = [(first + timedelta(days=count)).isoformat() for count in range((last - first).days + 1)]
    partitions = {day: Partition.resolve(output_uri, partition=f"send_date={day}") for day in days}
    partitions[days[0]].probe()
    return partitions


def _written(partition: Partition, day: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    with partition.spool(STATISTICS_COLUMNS) as spool:
        spool.write(tuple(row[name] for name in STATISTICS_COLUMNS) for row in rows if row["send_date"] == day)
        return dict(partition.commit(spool, {"send_date": day}, {}))


def _template_types(wanted: Sequence[str] | None) -> dict[str | None, int | None]:
    """Return the vendor's number of each type that is wanted; of no type in particular, where none is."""
    from airflow_provider_dysms.api.actions import TEMPLATE_TYPES

    names = _texts("template_types", wanted)
    for name in names:
        if name not in TEMPLATE_TYPES:
            raise DysmsInputError("template_types", f"knows {', '.join(TEMPLATE_TYPES)}, not {shown(name)}")
    return {name: TEMPLATE_TYPES[name] for name in names} or {None: None}


def _texts(argument: str, value: object) -> list[str]:
    texts = [value] if isinstance(value, str) else [] if value is None else value
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        raise DysmsInputError(argument, f"is one text or a list of texts, not {type(value).__name__}")
    return list(texts)


def _send_detail(record: SendDetail, as_of: datetime) -> dict[str, Any]:
    return {
        **report_of_send_detail(record, as_of).as_dict(),
        "template_code": record.template_code,
        "out_id": record.out_id,
    }


def _token(hook: DysmsHook, number: str) -> str:
    """Return how hashed output has a number, where the connection says so."""
    try:
        return f", token {hook.privacy_key.phone_token(number)}"
    except DysmsInputError:
        return ""


def _small(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Refuse what is too large for XCom."""
    size = len(json.dumps(rows, ensure_ascii=False).encode())
    if size > MOST_XCOM_BYTES:
        raise DysmsInputError(
            "the result",
            f"of {len(rows)} rows has {size} bytes, and {MOST_XCOM_BYTES} fit into XCom; "
            "write it to object storage: DysmsToObjectStorageOperator, or output_uri for statistics",
        )
    return rows
