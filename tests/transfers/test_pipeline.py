"""An export keeps little memory per line of a log and per number in it."""

from __future__ import annotations

import asyncio
import logging
import tracemalloc
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dysms.audit.matching.detail_queries import AuditScope
from airflow_provider_dysms.audit.send_log.log import read_send_log
from airflow_provider_dysms.model.records import SendDetail
from airflow_provider_dysms.storage import row_spool
from airflow_provider_dysms.storage.disk_index import DiskIndex
from airflow_provider_dysms.transfers.known_rows.row_codec import RowCodec
from airflow_provider_dysms.transfers.pipeline import Pipeline

DAY = date(2025, 6, 1)
NOON = datetime(2025, 6, 1, 4, tzinfo=UTC)

NUMBERS, LINES = 5_000, 6_000

#: Bytes per line, of which its texts are 50. As an object in a dictionary of groups a line would need a thousand.
MAX_BYTES_PER_LINE = 200

#: Bytes that are needed for any number of lines: for requests under way, and for those that wait for their turn.
FIXED_BYTES = 1_500_000


class Service:
    """Has for each number as many records as the log has lines."""

    counters = SimpleNamespace(requests=0, throttled=0)

    async def query_send_details(
        self, phone_number: str, send_date: date, biz_id: str | None = None
    ) -> list[SendDetail]:
        await asyncio.sleep(0)
        record = SendDetail(
            phone_number=phone_number,
            send_status=3,
            error_code="DELIVERED",
            out_id=f"order-{phone_number}",
            sent_at=NOON,
        )
        return [record] * (1 + (phone_number[-1] in "05"))


def peak(folder: Path) -> int:
    """Return the peak memory of an export in bytes; every fifth number has two lines."""
    lines = [f"139{number:08},order-139{number:08},2025-06-01 12:00:00\n" for number in range(NUMBERS)]
    log = folder / "log.csv"
    log.write_text("".join(["phone_number,out_id,sent_at\n", *lines, *lines[::5]]), "utf-8")
    del lines
    codec = RowCodec((), content=False, phone_hash=None)
    tracemalloc.start()
    try:
        with log.open("rb") as file, row_spool.RowSpool("jsonl", None, codec.columns) as spool, DiskIndex() as index:
            send_log = read_send_log([("log.csv", file)], send_date=DAY)
            pipeline = Pipeline(
                send_log,
                AuditScope(DAY, NOON),
                codec,
                spool,
                resumed=index,
                checkpoints=SimpleNamespace(is_enabled=False),  # type: ignore[arg-type]
                previous_rows=None,
                take_over=True,
                to_csv=False,
                columns=None,
                log=logging.getLogger(__name__),
            )
            service: Any = Service()
            asyncio.run(pipeline.run(service))
            pipeline.hidden_counts.text()
            assert pipeline.tally.lines == pipeline.tally.by_state["delivered"] == LINES
            return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_an_export_holds_little_for_each_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_spool, "BATCH_ROWS", 100)
    assert peak(tmp_path) < FIXED_BYTES + LINES * MAX_BYTES_PER_LINE
