"""Archives with known rows, written as an audit writes them, and a plain reading of them to compare with."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from airflow_provider_dysms.audit.verdict import output_columns
from airflow_provider_dysms.model.dates import day_start
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.storage.partition import Partition

FIRST = date(2026, 11, 20)
DAYS = [FIRST + timedelta(days=number) for number in range(7)]

#: The day of the archive that has not been audited, the one whose messages may be dated on the next, and the last one,
#: which was audited at noon.
UNKNOWN, SPILLING, LAST = DAYS[2], DAYS[4], DAYS[6]

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
NUMBERS = ["139" + f"0000{number:04}" for number in range(12)] + ["44" + "7700900123", "1415" + "5550100"]
TEMPLATES = ["SMS_1", "SMS_2", None]
STATES = ["delivered", "failed", "waiting", "expired", "missing", "unlogged", "rejected"]
CODES = ["DELIVERED", "DELIVRD", "delivered", "MK:0012", "EXPIRED", "é", "É", None]

Row = dict[str, Any]


def rows_of(day: date, count: int, *, spills: bool = False) -> list[Row]:
    """Return made-up rows of a day, the same on each call."""
    choose = random.Random(day.toordinal())
    return [_row(choose, day, number, spills=spills) for number in range(count)]


def _row(choose: random.Random, day: date, number: int, *, spills: bool) -> Row:
    seconds = choose.choice([0, 1, 86_399, choose.randrange(86_400), choose.randrange(86_400)])
    sent_at = day_start(day) + timedelta(seconds=seconds, microseconds=choose.choice([0, 0, 1]))
    if spills and choose.random() < 0.3:
        sent_at += timedelta(days=choose.choice([-1, 1]))
    state = choose.choice(STATES)
    unknown = state in ("missing", "rejected")
    return {
        "phone_number": choose.choice(NUMBERS) if choose.random() < 0.97 else None,
        "country": choose.choice(["CN", "CN", "GB", None]),
        "biz_id": f"biz-{number % 7}",
        "message_id": None,
        "out_id": f"order-{number}" if choose.random() < 0.8 else None,
        "template_code": None if unknown else choose.choice(TEMPLATES),
        "sign_name": choose.choice(["阿里云", "=sum", None]),
        "state": state,
        "category": None,
        "fault": None,
        "error_code": None if state == "missing" else choose.choice(CODES),
        "sent_at": None if choose.random() < 0.1 else sent_at,
        "received_at": sent_at + timedelta(seconds=3) if state == "delivered" else None,
        "delivery_seconds": 3 if state == "delivered" else None,
        "segments": 1,
        "is_final": state != "waiting",
        "vendor": "aliyun",
        "vendor_extra": None,
        "team": choose.choice(["red", "blue", None]),
    }


def write_day(
    uri: str,
    day: date,
    rows: Sequence[Row],
    file_format: str = "jsonl",
    compression: str | None = None,
    *,
    key: PrivacyKey | None = None,
    carry: Sequence[str] = ("team",),
    csv_safe: bool = False,
    **changes: Any,
) -> dict[str, Any]:
    """Write a day as the transfer does, with a manifest that counts its rows; return the manifest."""
    schema = output_columns(carry, hashed=key is not None)
    partition = Partition.resolve(
        uri, partition=f"send_date={day}", file_format=file_format, compression=compression, csv_safe=csv_safe
    )
    result = {**result_of(day, rows), "parameters": {"hashed_by": key and key.fingerprint, "csv_safe": csv_safe}}
    with partition.open_spool(schema) as spool:
        spool.write(_cells(row, key) for row in rows)
        return partition.commit(spool, {**result, **changes}, {})


def _cells(row: Row, key: PrivacyKey | None) -> tuple[Any, ...]:
    phone = row["phone_number"]
    return (phone if key is None or phone is None else key.phone_hash(phone), *list(row.values())[1:])


def result_of(day: date, rows: Sequence[Row]) -> dict[str, Any]:
    """Return what an audit counts, as far as searches look at it."""
    by_template: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row["state"] not in ("missing", "rejected"):
            by_template[row["template_code"] or ""][row["state"]] += 1
    as_of = day_start(day) + timedelta(days=4)
    off_day = sum(row["sent_at"] is not None and not is_of(day, row["sent_at"]) for row in rows)
    return {
        "send_date": day.isoformat(),
        "as_of": f"{as_of:%Y-%m-%dT%H:%M:%SZ}",
        "settled": True,
        "provisional": False,
        "by_state": dict(Counter(row["state"] for row in rows)),
        "by_template": {code: dict(states) for code, states in by_template.items()},
        "off_day": off_day,
    }


def is_of(day: date, moment: datetime) -> bool:
    """Return whether an instant is on a Beijing day."""
    return day_start(day) <= moment < day_start(day) + timedelta(days=1)


def days_and_rows(count: int = 60) -> Iterator[tuple[date, list[Row]]]:
    """Yield the audited days of the archive with their rows."""
    for day in DAYS:
        if day != UNKNOWN:
            yield day, rows_of(day, count, spills=day == SPILLING)


def write_archive(uri: str, formats: Sequence[tuple[str, str | None]], **options: Any) -> None:
    """Write the archive; the formats take turns.

    :param formats: file format and compression
    :param options: as :func:`write_day` takes them
    """
    for number, (day, rows) in enumerate(days_and_rows()):
        file_format, compression = formats[number % len(formats)]
        late: dict[str, Any] = {}
        if day == LAST:
            late = {"as_of": "2026-11-26T04:00:00Z", "settled": False, "provisional": True}
        csv_safe = {"csv_safe": True} if file_format == "csv" and number % 2 else {}
        write_day(uri, day, rows, file_format, compression, **csv_safe, **options, **late)
