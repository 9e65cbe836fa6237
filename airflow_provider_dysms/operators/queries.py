"""What the query operators do when they run. Every DAG file loads the operators, and none loads this."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.api.protocol import parameters
from airflow_provider_dysms.arguments.days import is_international, parse_asked_day, parse_days
from airflow_provider_dysms.arguments.messages import parse_message_ids
from airflow_provider_dysms.arguments.private_fields import normalized_numbers
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model.choices import TEMPLATE_TYPES
from airflow_provider_dysms.model.errors import DysmsError, DysmsInputError, DysmsNotFound
from airflow_provider_dysms.model.reports import MISSING, report_of_message, report_of_send_detail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.model.records import MessageReport, SendDetail, SendStatistics
    from airflow_provider_dysms.operators.dysms import (
        DysmsQueryMessageOperator,
        DysmsQuerySendDetailsOperator,
        DysmsQuerySendStatisticsOperator,
    )
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


def send_details(task: DysmsQuerySendDetailsOperator) -> list[dict[str, Any]]:
    """Return the messages to a few numbers on one day."""
    as_of = datetime.now(UTC)
    day = parse_asked_day(task.send_date, as_of, task.log)
    numbers = normalized_numbers("phone_numbers", task.phone_numbers)
    hook = DysmsHook(task.dysms_conn_id)

    async def ask(client: DysmsClient) -> list[list[SendDetail]]:
        answers = []
        for place, number in enumerate(numbers, 1):
            try:
                answers.append(await client.query_send_details(number, day, task.biz_id))
            except DysmsError as error:
                error.prefix_message(f"phone_numbers (number {place} of the list{_token(hook, number)})")
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


def messages(task: DysmsQueryMessageOperator) -> list[dict[str, Any]]:
    """Return the reports of a few international messages."""
    as_of = datetime.now(UTC)
    message_ids = parse_message_ids(task.message_ids)
    hook = DysmsHook(task.dysms_conn_id)

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


def statistics(task: DysmsQuerySendStatisticsOperator) -> list[dict[str, Any]]:
    """Return the counts of days, or the manifests of what they were written to."""
    first, last = parse_days(task.first_date, task.last_date)
    is_globe = is_international(task.scope)
    names = [parameters.sign_name("sign_names", name) for name in _texts("sign_names", task.sign_names)]
    numbers_of_types = _template_types(task.template_types)
    wanted = list(product(numbers_of_types, names or (None,)))
    hook = DysmsHook(task.dysms_conn_id)
    _ = hook.settings  # as in the transfer: said before anything is written
    partitions = _partitions(task.output_uri, first, last) if task.output_uri is not None else {}

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
            "scope": task.scope,
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
        error.prefix_message(f"message {message_id}")
        raise


def _partitions(output_uri: str, first: date, last: date) -> dict[str, Partition]:
    """Find the place of every day, and show that the first can be written."""
    from airflow_provider_dysms.storage.partition import Partition

    days = [(first + timedelta(days=count)).isoformat() for count in range((last - first).days + 1)]
    partitions = {day: Partition.resolve(output_uri, partition=f"send_date={day}") for day in days}
    partitions[days[0]].probe()
    return partitions


def _written(partition: Partition, day: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    with partition.open_spool(STATISTICS_COLUMNS) as spool:
        spool.write(tuple(row[name] for name in STATISTICS_COLUMNS) for row in rows if row["send_date"] == day)
        return dict(partition.commit(spool, {"send_date": day}, partition.uris))


def _template_types(wanted: Sequence[str] | None) -> dict[str | None, int | None]:
    """Return the vendor's number of each type that is wanted; of no type in particular, where none is."""
    names = _texts("template_types", wanted)
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
