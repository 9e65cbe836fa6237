"""Manifests of days, as an audit would have written them, without its data files."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

PARTITION = "send_date={send_date:%Y-%m-%d}"


def manifest(day: date, *, layout: str = PARTITION, **result: Any) -> bytes:
    """Return the manifest of a settled day, with changes."""
    figures = {"send_date": day.isoformat(), "settled": True, "provisional": False, "rows": 3, "open": 0}
    result = {
        **{"data": f"{layout.format(send_date=day)}/part-0.jsonl", "bytes": 1, "sha256": "x"},
        **figures,
        **{"as_of": "2026-11-28T00:00:00Z", **result},
    }
    return json.dumps({"version": 1, "result": result, "run": {}}).encode()


def key_of(day: date, layout: str = PARTITION) -> str:
    """Return where the manifest of a day lies."""
    return f"_manifests/{layout.format(send_date=day)}.json"


def put_manifest(
    folder: Path, day: date, content: bytes | None = None, *, layout: str = PARTITION, **result: Any
) -> Path:
    """Write a day's manifest below an output folder; return its place."""
    path = folder / key_of(day, layout)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(manifest(day, layout=layout, **result) if content is None else content)
    return path
