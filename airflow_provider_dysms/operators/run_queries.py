"""Runs the query operators' requests: plain values in, small JSON-able rows out.

Every DAG file loads the operators; only a running task loads this module.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.api.protocol import parameters
from airflow_provider_dysms.arguments.message_ids import parse_message_ids
from airflow_provider_dysms.arguments.private_fields import normalized_numbers
from airflow_provider_dysms.arguments.requested_days import is_international, parse_days, parse_send_date
from airflow_provider_dysms.model.choices import TEMPLATE_TYPES
from airflow_provider_dysms.model.errors import DysmsError, DysmsInputError, DysmsNotFound
from airflow_provider_dysms.model.reports import MISSING, report_of_message, report_of_send_detail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.hooks.dysms import DysmsHook
    from airflow_provider_dysms.model.choices import Market
    from airflow_provider_dysms.model.records import MessageReport, SendDetail, SendStatistics
    from airflow_provider_dysms.storage.partition import Partition

#: Largest result in bytes of JSON that is put into Airflow's database.
MAX_XCOM_BYTES = 256 * 1024

STATISTICS_COLUMNS: dict[str, type] = {
    "scope": str,
    "template_type": str,
    "sign_name": str,
    "total": int,
    "delivered": int,
    "failed": int,
    "waiting": int,
}


def query_send_details(
    *, phone_numbers: Any, send_date: Any, biz_id: str | None = None, hook: DysmsHook, log: Any, for_xcom: bool = True
) -> list[dict[str, Any]]:
    """Return the messages to a few numbers on one day.

    :param phone_numbers: one or many, in any format
    :param send_date: a day that the service remembers
    :param biz_id: only the messages of one request
    :param hook: of the connection
    :param log: logger for what people should know
    :param for_xcom: whether the result must be small enough for Airflow's database
    :returns: one dict per message, with the position of its number in ``number``
    :raises DysmsError: an argument is wrong, the service refuses, or the result is too large for XCom
    """
    as_of = datetime.now(UTC)
    day = parse_send_date(send_date, as_of, log)
    numbers = normalized_numbers("phone_numbers", phone_numbers)

    async def query(client: DysmsClient) -> list[list[SendDetail]]:
        details = []
        for position, number in enumerate(numbers, 1):
            try:
                details.append(await client.query_send_details(number, day, biz_id))
            except DysmsError as error:
                error.prefix_message(f"phone_numbers (number {position} of the list{_token(hook, number)})")
                raise
        return details

    rows = [
        {"number": position, **_send_detail(record, as_of)}
        for position, records in enumerate(hook.run(query))
        for record in records
    ]
    return _small(rows) if for_xcom else rows


def query_messages(*, message_ids: Any, hook: DysmsHook, for_xcom: bool = True) -> list[dict[str, Any]]:
    """Return the reports of a few international messages, in the order of their ids.

    :param message_ids: one or many ids
    :param hook: of the connection
    :param for_xcom: whether the result must be small enough for Airflow's database
    :raises DysmsError: an id is wrong, the service refuses, or the result is too large for XCom
    """
    as_of = datetime.now(UTC)
    ids = parse_message_ids(message_ids)

    async def query(client: DysmsClient) -> list[MessageReport | None]:
        return [await _report(client, message_id) for message_id in ids]

    rows = [
        {"message_id": message_id, **(MISSING if report is None else report_of_message(report, as_of)).as_dict()}
        for message_id, report in zip(ids, hook.run(query), strict=True)
    ]
    return _small(rows) if for_xcom else rows


def query_send_statistics(
    *,
    first_date: Any,
    last_date: Any = None,
    scope: Market = "mainland",
    template_types: Sequence[str] | None = None,
    sign_names: Sequence[str] | None = None,
    output_uri: str | None = None,
    hook: DysmsHook,
) -> list[dict[str, Any]]:
    """Return the counts of days; with ``output_uri``, write them and return one manifest per day.

    :param first_date: the first day
    :param last_date: the last day; default: the first
    :param template_types: types that are queried one by one; default: all together
    :param sign_names: signatures that are queried one by one; default: all together
    :param output_uri: folder in object storage
    :param hook: of the connection
    :raises DysmsError: an argument is wrong, the service refuses, or the result is too large for XCom
    """
    first, last = parse_days(first_date, last_date)
    is_globe = is_international(scope)
    names = [parameters.sign_name("sign_names", name) for name in _texts("sign_names", sign_names)]
    type_numbers = _type_numbers(template_types)
    queries = list(product(type_numbers, names or (None,)))
    _ = hook.settings  # a wrong connection is reported before anything is written
    partitions = _partitions(output_uri, first, last) if output_uri is not None else {}

    async def query(client: DysmsClient) -> list[list[SendStatistics]]:
        return [
            await client.query_send_statistics(
                first,
                last,
                is_globe=is_globe,
                template_type=type_numbers[template_type],
                sign_name=sign_name,
            )
            for template_type, sign_name in queries
        ]

    rows = [
        {
            "send_date": counts.send_date.isoformat(),
            "scope": scope,
            "template_type": template_type,
            "sign_name": sign_name,
            **{name: getattr(counts, name) for name in ("total", "delivered", "failed", "waiting")},
        }
        for (template_type, sign_name), days in zip(queries, hook.run(query), strict=True)
        for counts in days
    ]
    return _small([_write(partition, day, rows) for day, partition in partitions.items()] or rows)


async def _report(client: DysmsClient, message_id: str) -> MessageReport | None:
    try:
        return await client.query_message(message_id)
    except DysmsNotFound:
        return None
    except DysmsError as error:
        error.prefix_message(f"message {message_id}")
        raise


def _partitions(output_uri: str, first: date, last: date) -> dict[str, Partition]:
    """Return the partition of each day, after a check that the first can be written."""
    from airflow_provider_dysms.storage.partition import Partition

    days = [(first + timedelta(days=count)).isoformat() for count in range((last - first).days + 1)]
    partitions = {day: Partition.resolve(output_uri, partition=f"send_date={day}") for day in days}
    partitions[days[0]].probe()
    return partitions


def _write(partition: Partition, day: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    with partition.open_spool(STATISTICS_COLUMNS) as spool:
        spool.write(tuple(row[name] for name in STATISTICS_COLUMNS) for row in rows if row["send_date"] == day)
        return dict(partition.commit(spool, {"send_date": day}, partition.uris))


def _type_numbers(template_types: Sequence[str] | None) -> dict[str | None, int | None]:
    """Return the vendor's number of each type; if there are none, one entry that stands for all types."""
    names = _texts("template_types", template_types)
    return {name: TEMPLATE_TYPES[name] for name in names} or {None: None}


def _texts(argument: str, value: object) -> list[str]:
    texts = [value] if isinstance(value, str) else [] if value is None else value
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        raise DysmsInputError(argument, f"must be one text or a list of texts, not {type(value).__name__}")
    return list(texts)


def _send_detail(record: SendDetail, as_of: datetime) -> dict[str, Any]:
    return {
        **report_of_send_detail(record, as_of).as_dict(),
        "template_code": record.template_code,
        "out_id": record.out_id,
    }


def _token(hook: DysmsHook, number: str) -> str:
    """Return the token of a number as hashed output has it; nothing if the connection has no secret for that."""
    try:
        return f", token {hook.privacy_key.phone_token(number)}"
    except DysmsInputError:
        return ""


def _small(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Refuse what is too large for XCom."""
    size = len(json.dumps(rows, ensure_ascii=False).encode())
    if size > MAX_XCOM_BYTES:
        raise DysmsInputError(
            "the result",
            f"of {len(rows)} rows has {size} bytes, and {MAX_XCOM_BYTES} fit into XCom; "
            "write it to object storage: DysmsToObjectStorageOperator, or output_uri for statistics",
        )
    return rows
