"""Ways to get from a send log to a Parquet file of what became of its messages; a process runs one of them.

Started by pipeline.py: its arguments are the way, the service's URL, the log, the folder to write to, the day, how many
requests at a time, the core that it has for itself, and the file's format. It prints what it took as a JSON line, for
the export alone: what is imported beforehand, and a first small export, are over by then.
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

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KEY, SECRET = "LTAI5tBenchmark", "secret"

#: Lines of the first small export: connections, lazy imports and code are warm then.
FIRST = 200


class Ours:
    """The operator as a task of a run, which keeps its answers for a retry; there are no statistics to be asked."""

    def __init__(self, url: str, day: str, at_a_time: int, file_format: str) -> None:
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
    """The vendor's sample: one thread, one number after the other; the rows go to one file at the end."""

    def __init__(self, url: str, day: str, at_a_time: int, file_format: str) -> None:
        import pyarrow
        import pyarrow.parquet
        from alibabacloud_dysmsapi20170525.client import Client
        from alibabacloud_dysmsapi20170525.models import QuerySendDetailsRequest
        from alibabacloud_tea_openapi.models import Config

        self.arrow: Any = pyarrow
        self.request: Any = QuerySendDetailsRequest
        self.day = day.replace("-", "")
        self.at_a_time = at_a_time
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
            rows += self.of(self.client.query_send_details(self.asked(number)))
        return rows

    def asked(self, number: str) -> Any:
        return self.request(phone_number=number, send_date=self.day, page_size=50, current_page=1)

    def of(self, answer: Any) -> Iterator[dict[str, Any]]:
        return (record.to_map() for record in answer.body.sms_send_detail_dtos.sms_send_detail_dto)


class Async(Sample):
    """The same on the SDK's async method, as many numbers at a time as ours."""

    def rows(self, numbers: Iterable[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        left = iter(numbers)

        async def work() -> None:
            for number in left:
                rows.extend(self.of(await self.client.query_send_details_async(self.asked(number))))

        async def all_of() -> None:
            await asyncio.gather(*(work() for _ in range(self.at_a_time)))

        asyncio.run(all_of())
        return rows


EXPORTERS = {"ours": Ours, "sdk-async": Async, "sample": Sample}


def main(
    name: str, url: str, log: str, folder: str, day: str, at_a_time: str, core: str = "", file_format: str = "parquet"
) -> None:
    if core:
        os.sched_setaffinity(0, {int(core)})
    exporter = EXPORTERS[name](url, day, int(at_a_time), file_format)
    idle = _memory("VmRSS")
    short = Path(folder, "first.csv")
    with Path(log).open() as file:
        short.write_text("".join(itertools.islice(file, FIRST + 1)))
    exporter.export(short, Path(folder, "first"))
    started, cpu = time.perf_counter(), time.process_time()
    rows = exporter.export(Path(log), Path(folder, "out"))
    taken = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}
    print(json.dumps({"rows": rows, **taken, "memory": _memory("VmHWM") - idle}), file=sys.stderr)


def _memory(what: str) -> float:
    """Return a figure of this process's memory, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    main(*sys.argv[1:])
