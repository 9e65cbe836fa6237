"""Measures a catch-up over 30 days of which 27 are settled, with 365 manifests, in a local folder and on moto's S3.

It also counts what the store is asked: the manifests are listed once, and those of the window are read. No request is
sent to the service, so none is started. `make bench-catch-up` runs it.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-home-"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from figures import table
from support.crash.places import Folder, Place, S3Server
from support.manifests import PARTITION, key_of, manifest

from airflow_provider_dysms.model.dates import DAY, beijing_day
from airflow_provider_dysms.operators.find_unsettled import find_unsettled
from airflow_provider_dysms.storage.object_store.guarded_store import GuardedStore

MANIFESTS = 365
TARGETS = {"local folder": 2.0, "moto's S3": 5.0}

#: An ordinary manifest has a few kilobytes: counts by template, columns and parameters.
FILLING = {"by_template": {f"SMS_{place:09}": {"delivered": 1_000, "failed": 10} for place in range(60)}}


def fill(place: Place, today: date) -> None:
    """Write the manifests of a year; three of the last thirty days are not settled."""
    for age in range(1, MANIFESTS + 1):
        day = today - age * DAY
        place.put(key_of(day), manifest(day, settled=age not in (1, 2, 30), **FILLING))


def measure(place: Place, now: datetime) -> tuple[float, dict[str, int]]:
    """Return the seconds of one catch-up, and how often the store was asked for what."""
    counts = {"keys": 0, "read": 0}

    def counted(name: str) -> Any:
        call = getattr(GuardedStore, name)

        def count(*arguments: Any) -> Any:
            counts[name] += 1
            return call(*arguments)

        return call, count

    originals = {name: counted(name) for name in counts}
    for name, (_, count) in originals.items():
        setattr(GuardedStore, name, count)
    started_at = time.perf_counter()
    try:
        found = find_unsettled(
            output_uri=place.uri,
            through=beijing_day(now) - DAY,
            lookback_days=30,
            limit=None,
            partition=PARTITION,
            sent_uri=None,
            now=now,
            log=logging.getLogger(__name__),
        )
    finally:
        for name, (call, _) in originals.items():
            setattr(GuardedStore, name, call)
    seconds = time.perf_counter() - started_at
    assert len(found) == 3, found
    return seconds, counts


def main() -> None:
    now = datetime.now(UTC)
    rows = [("", "s", "target", "listings", "manifests read", "requests to the service")]
    with tempfile.TemporaryDirectory() as folder, S3Server() as server:
        os.environ["AIRFLOW_CONN_AWS_TEST"] = server.connection
        for name, place in (("local folder", Folder(Path(folder) / "out")), ("moto's S3", server.new_bucket())):
            fill(place, beijing_day(now))
            seconds, counts = measure(place, now)
            told = "reached" if seconds <= TARGETS[name] else "missed"
            target = f"{TARGETS[name]:g} {told}"
            rows.append((name, f"{seconds:.2f}", target, str(counts["keys"]), str(counts["read"]), "0"))
    print(table(rows))


if __name__ == "__main__":
    main()
