"""Compares an audited day with the truth that the emulator wrote when it generated the day, row for row."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

#: A message without a receipt is expired after this time.
EXPIRY = timedelta(hours=72)


def day_differences(truth: Path, output: Path, day: date) -> list[str]:
    """Return how the rows of a day differ from the truth, as sentences without numbers or texts; empty if not at all.

    :param truth: the emulator's file of the day, JSON Lines
    :param output: the folder of the audit, in JSON Lines or Parquet
    """
    data = next((output / f"send_date={day}").glob("part-0.*"), output / "missing")
    if not data.exists() or not _manifest(output, day).exists():
        return [f"{day}: it has no {'manifest' if data.exists() else 'data file'}"]
    as_of = datetime.fromisoformat(day_result(output, day)["as_of"])
    expected = Counter(_comparable(row, as_of) for row in _rows(truth))
    found = Counter(_comparable(row, as_of) for row in _rows(data))
    lacking, extra = (expected - found).total(), (found - expected).total()
    if not lacking and not extra:
        return []
    return [f"{day}: {lacking} of {expected.total()} rows are not what the truth has, and {extra} rows are not in it"]


def day_result(output: Path, day: date) -> dict[str, Any]:
    """Return the part of a day's manifest that is about its rows."""
    return dict(json.loads(_manifest(output, day).read_text())["result"])


def _manifest(output: Path, day: date) -> Path:
    return output / "_manifests" / f"send_date={day}.json"


def _comparable(row: dict[str, Any], as_of: datetime) -> tuple[Any, ...]:
    """Return what the truth and an output row both have.

    The truth does not know when the service is asked; and a missing message was sent when its line says so.
    """
    state, sent_at = row["state"], None if row["state"] == "missing" else row["sent_at"]
    if state == "waiting" and as_of - datetime.fromisoformat(sent_at) >= EXPIRY:
        state = "expired"
    names = ("phone_number", "biz_id", "out_id", "message_id", "template_code", "sign_name", "error_code")
    return (state, sent_at, row["received_at"], row["segments"], *(row[name] for name in names))


def _rows(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet

        rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
        return [{name: _as_json(value) for name, value in row.items()} for row in rows]
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _as_json(value: object) -> object:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
