"""Makes an archive of made-up days with duckdb, in the layout that the transfer writes; it is kept and made once."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.audit.verdict import output_columns
from airflow_provider_dysms.storage.encoders import arrow_schema, open_encoder
from airflow_provider_dysms.storage.file_formats import COLUMN_TYPES

if TYPE_CHECKING:
    from pathlib import Path

FIRST = date(2026, 10, 1)

#: Phone numbers that the messages of all days go to.
NUMBERS = 30_000_000

#: Rows that are encoded at once, as in the transfer.
BATCH_ROWS = 5_000

SCHEMA = output_columns(("user_id",))

# One message after the other through the day, to numbers in no order: 94 of 100 delivered, 20 templates, 5 signatures.
_ROWS = """
WITH seeds AS (SELECT i, hash(i * 7919 + {day} * 104729) AS h FROM range({rows}) AS t(i)),
shares AS (
  SELECT i, h, (h % 1000003) / 1000003.0 AS a, (hash(h) % 1000003) / 1000003.0 AS b, hash(h + 1) % {numbers} AS n,
    TIMESTAMPTZ '{date} 00:00:00+08' + to_seconds(CAST(floor(i * 86400.0 / {rows}) AS BIGINT)) AS sent_at
  FROM seeds
),
states AS (
  SELECT *, CASE WHEN a < 0.94 THEN 'delivered' WHEN a < 0.98 THEN 'failed' WHEN a < 0.985 THEN 'waiting'
    WHEN a < 0.99 THEN 'expired' WHEN a < 0.997 THEN 'missing' ELSE 'unlogged' END AS state,
    1 + CAST(floor(b * b * 60) AS BIGINT) AS seconds
  FROM shares
)
SELECT
  '1' || CAST(3900000000 + n AS VARCHAR) AS phone_number,
  'CN' AS country,
  CAST(h % 900000000000000000 AS VARCHAR) || '^0' AS biz_id,
  CAST(NULL AS VARCHAR) AS message_id,
  'order-{day}-' || i AS out_id,
  CASE WHEN state != 'missing' THEN 'SMS_' || (100000 + CAST(floor(b * b * 20) AS INTEGER)) END AS template_code,
  CASE WHEN state != 'missing' THEN '签名' || CAST(floor(b * 5) AS INTEGER) END AS sign_name,
  state,
  CASE state WHEN 'delivered' THEN 'delivered' WHEN 'failed' THEN 'unreachable' END AS category,
  CASE state WHEN 'failed' THEN 'recipient' WHEN 'expired' THEN 'unknown' END AS fault,
  CASE state WHEN 'delivered' THEN 'DELIVERED' WHEN 'unlogged' THEN 'DELIVERED'
    WHEN 'failed' THEN 'MK:00' || (10 + CAST(floor(b * b * 20) AS INTEGER)) END AS error_code,
  sent_at,
  CASE WHEN state = 'delivered' THEN sent_at + to_seconds(seconds) END AS received_at,
  CASE WHEN state = 'delivered' THEN seconds END AS delivery_seconds,
  CASE WHEN state != 'missing' THEN CAST(1 + h % 3 AS BIGINT) END AS segments,
  state != 'waiting' AS is_final,
  'aliyun' AS vendor,
  CASE WHEN state = 'unlogged' THEN '{{"delivery": "delivered"}}' END AS vendor_extra,
  'user-' || (n % 5000000) AS user_id
FROM states ORDER BY i
"""


def make_archive(folder: Path, days: int, rows: int) -> None:
    """Write the days that are not there yet.

    :param folder: of the archive
    :param days: number of days, from :data:`FIRST`
    :param rows: messages per day
    """
    for number in range(days):
        day = FIRST + timedelta(days=number)
        manifest = folder / "_manifests" / f"send_date={day}.json"
        if not manifest.exists():
            result = _write_rows(folder, day, number, rows)
            manifest.parent.mkdir(parents=True, exist_ok=True)
            manifest.write_text(json.dumps({"version": 1, "result": result, "run": {}}))


def _write_rows(folder: Path, day: date, number: int, rows: int) -> dict[str, Any]:
    import duckdb  # not above: it would count as memory of the contestants that do without it

    data = f"send_date={day}/part-0.parquet"
    path = folder / data
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = arrow_schema(SCHEMA)
    with duckdb.connect() as database, path.open("wb") as file:
        database.execute("SET enable_progress_bar = false")
        query = _ROWS.format(day=number, date=day, rows=rows, numbers=NUMBERS)
        encoder: Any = open_encoder("parquet", None, SCHEMA, file)
        for batch in database.sql(query).to_arrow_reader(BATCH_ROWS):
            encoder.write_batch(batch.cast(schema))
        encoder.close()
    return {**_counts(path, day, rows), **_file_facts(path, data)}


def _counts(path: Path, day: date, rows: int) -> dict[str, Any]:
    import duckdb

    with duckdb.connect() as database:
        found = database.execute(
            "SELECT coalesce(template_code, ''), state, count(*) FROM read_parquet(?) GROUP BY 1, 2 ORDER BY 1, 2",
            [str(path)],
        ).fetchall()
    by_state: dict[str, int] = {}
    by_template: dict[str, dict[str, int]] = {}
    for template, state, count in found:
        by_state[state] = by_state.get(state, 0) + count
        if state != "missing":
            by_template.setdefault(template, {})[state] = count
    as_of = f"{day + timedelta(days=4)}T00:00:00Z"
    figures = {"rows": rows, "by_state": by_state, "by_template": by_template, "off_day": 0}
    parameters = {"hashed_by": None, "csv_safe": False}
    return {
        **{"send_date": day.isoformat(), "as_of": as_of, "settled": True, "provisional": False},
        **figures,
        "parameters": parameters,
    }


def _file_facts(path: Path, data: str) -> dict[str, Any]:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    columns = [{"name": name, "type": COLUMN_TYPES[kind]} for name, kind in SCHEMA.items()]
    return {"data": data, "bytes": path.stat().st_size, "sha256": sha256, "columns": columns}
