"""Different ways to get from a send log to a Parquet file with the outcome of its messages; each process runs one.

pipeline.py starts it. Its arguments are the name of the way, the URL of the service, the send log, the output folder,
the day, the number of concurrent requests, the CPU core that is reserved for it, and the file format. It prints the
cost of the export as a JSON line, without imports and a first small export.
"""

from __future__ import annotations

import asyncio
import csv
import itertools
import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from figures import memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KEY, SECRET = "LTAI5tBenchmark", "secret"

#: Lines of the first small export, which opens connections, runs lazy imports and warms up the code.
WARM_UP_LINES = 200


class Ours:
    """Our operator as a task of a DAG run, so that it keeps checkpoints for a retry; it does not query statistics."""

    def __init__(self, url: str, day: str, concurrency: int, file_format: str) -> None:
        parts = urlsplit(url)
        quota = {"QuerySendDetails": 90_000}
        connection = {
            "conn_type": "dysms",
            "login": KEY,
            "password": SECRET,
            "host": parts.hostname,
            "port": parts.port,
            "schema": parts.scheme,
            "extra": {"quota": quota, "quota_share": 1},
        }
        os.environ["AIRFLOW_CONN_BENCH"] = json.dumps(connection)
        from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

        self.operator: Any = DysmsToObjectStorageOperator
        self.arguments = {"send_date": day, "file_format": file_format, "dysms_conn_id": "bench", "statistics": "skip"}

    def export(self, log: Path, folder: Path) -> int:
        task = self.operator(
            task_id="export",
            sent_uri=f"file://{log}",
            output_uri=f"file://{folder}",
            carry=["campaign"],
            **self.arguments,
        )
        instance = SimpleNamespace(dag_id="bench", run_id=str(log), task_id="export", map_index=-1)
        return int(task.execute({"ti": instance})["result"]["by_state"]["delivered"])


class Sample:
    """The vendor's sample: one thread queries one number after another, and writes one file at the end."""

    def __init__(self, url: str, day: str, concurrency: int, file_format: str) -> None:
        import pyarrow
        import pyarrow.parquet
        from alibabacloud_dysmsapi20170525.client import Client
        from alibabacloud_dysmsapi20170525.models import QuerySendDetailsRequest
        from alibabacloud_tea_openapi.models import Config

        self.arrow: Any = pyarrow
        self.request: Any = QuerySendDetailsRequest
        self.day = day.replace("-", "")
        self.concurrency = concurrency
        parts = urlsplit(url)
        self.client: Any = Client(
            Config(access_key_id=KEY, access_key_secret=SECRET, endpoint=parts.netloc, protocol=parts.scheme)
        )

    def export(self, log: Path, folder: Path) -> int:
        with log.open(newline="") as file:
            numbers = dict.fromkeys(line["phone_number"] for line in csv.DictReader(file))
        rows = self.rows(numbers)
        folder.mkdir(parents=True, exist_ok=True)
        table = self.arrow.Table.from_pylist(rows)
        self.arrow.parquet.write_table(table, folder / "part-0.parquet", compression="zstd")
        return len(rows)

    def rows(self, numbers: Iterable[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for number in numbers:
            rows += self.records(self.client.query_send_details(self.build_request(number)))
        return rows

    def build_request(self, number: str) -> Any:
        return self.request(phone_number=number, send_date=self.day, page_size=50, current_page=1)

    def records(self, response: Any) -> Iterator[dict[str, Any]]:
        return (record.to_map() for record in response.body.sms_send_detail_dtos.sms_send_detail_dto)


class ConcurrentSample(Sample):
    """The same with the SDK's async method and as many concurrent requests as our operator."""

    def rows(self, numbers: Iterable[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        remaining = iter(numbers)

        async def work() -> None:
            for number in remaining:
                rows.extend(self.records(await self.client.query_send_details_async(self.build_request(number))))

        async def run_all() -> None:
            await asyncio.gather(*(work() for _ in range(self.concurrency)))

        asyncio.run(run_all())
        return rows


EXPORTERS = {"ours": Ours, "sdk-async": ConcurrentSample, "sample": Sample}


def main(
    name: str, url: str, log: str, folder: str, day: str, concurrency: str, core: str = "", file_format: str = "parquet"
) -> None:
    if core:
        os.sched_setaffinity(0, {int(core)})
    exporter = EXPORTERS[name](url, day, int(concurrency), file_format)
    idle = memory("VmRSS")
    short = Path(folder, "first.csv")
    with Path(log).open() as file:
        short.write_text("".join(itertools.islice(file, WARM_UP_LINES + 1)))
    exporter.export(short, Path(folder, "first"))
    started, cpu = time.perf_counter(), time.process_time()
    rows = exporter.export(Path(log), Path(folder, "out"))
    cost = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}
    print(json.dumps({"rows": rows, **cost, "memory": memory("VmHWM") - idle}), file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
