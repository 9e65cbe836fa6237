"""From a send log to a Parquet file, rows a second, CPU and memory: ours against loops on the vendor's SDK.

All export the same day from the same prerendered service in the same run, in turns, each in a process of its own that
has a core to itself; the service has another. Numbers have 1.2 messages each. At the end ours exports a whole day of
1,200,000 lines over 1,000,000 numbers. `make bench`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from figures import table
from loads import Script
from prerendered import messages, times

from airflow_provider_dysms.audit.run import IN_FLIGHT
from airflow_provider_dysms.model import dates

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What exports, as :mod:`exporters` knows it -> its name, and its share of the numbers: the slower need fewer.
ENTRIES = {
    "ours": ("ours", 1.0),
    "sdk-async": ("loop on the vendor's SDK, async", 0.2),
    "sample": ("the vendor's sample loop", 0.1),
}

_RECORD = {
    "PhoneNum": "%(number)s",
    "SendStatus": 3,
    "ErrCode": "DELIVERED",
    "TemplateCode": "SMS_12231000",
    "Content": "【阿里云】您的验证码为123456，该验证码5分钟内有效，请勿泄漏于他人！",
}


@dataclass
class Measured:
    """What was measured of one way to export, a value for each round."""

    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def main() -> None:
    asked = _arguments()
    cores = sorted(os.sched_getaffinity(0))
    client_core, service_core = (str(cores[0]), str(cores[1])) if len(cores) > 1 else ("", "")
    day = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
    measured = {name: Measured() for name in ENTRIES}
    whole: dict[str, Measured] = {}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "day.json").write_text(json.dumps([_answer(day.isoformat(), count) for count in (1, 2)]))
        with Script("prerendered.py", folder, "0", service_core) as service:
            run = _Runs(f"http://127.0.0.1:{service.hear()}", Path(folder), day.isoformat(), client_core)
            print(f"1.2 messages a number, {IN_FLIGHT} requests at a time; {asked.rounds} rounds in turns, medians")
            for _ in range(asked.rounds):
                for name, (_, share) in ENTRIES.items():
                    run(name, int(asked.numbers * share), measured[name])
            print(table(_rows(measured)), flush=True)
            for file_format in asked.formats.split(","):
                run("ours", asked.day, whole.setdefault(file_format, Measured()), file_format)
                ours = whole[file_format]
                what = f"{sum(map(messages, range(asked.day))):,} lines over {asked.day:,} numbers to {file_format}"
                rows_a_second = f"{ours.rates[0]:,.0f} rows a second"
                print(f"\n{what}: {rows_a_second}, CPU a number {ours.cpu[0]:.3f} ms", flush=True)
    print(f"\n{table([('figure', 'measured', 'target', ''), *_targets(measured, whole)])}")


@dataclass(frozen=True)
class _Runs:
    url: str
    folder: Path
    day: str
    core: str

    def __call__(self, name: str, numbers: int, into: Measured, file_format: str = "parquet") -> None:
        log = self.folder / f"{numbers}.csv"
        if not log.exists():
            with log.open("w") as file:
                file.writelines(_log(numbers, self.day))
        with tempfile.TemporaryDirectory(dir=self.folder) as output:
            script = str(Path(__file__).with_name("exporters.py"))
            arguments = [self.url, str(log), output, self.day, str(IN_FLIGHT), self.core, file_format]
            ran = subprocess.run(
                [sys.executable, script, name, *arguments],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
                env={**os.environ, "AIRFLOW_HOME": output},
            )
        if ran.returncode:
            raise SystemExit(f"{ENTRIES[name][0]} failed:\n{ran.stderr[-2000:]}")
        told = json.loads(ran.stderr.strip().splitlines()[-1])
        due = sum(map(messages, range(numbers)))
        if told["rows"] != due:
            raise SystemExit(f"{ENTRIES[name][0]} wrote {told['rows']} rows in the place of {due}")
        into.rates.append(due / told["seconds"])
        into.cpu.append(told["cpu"] / numbers * 1000)
        into.memory.append(told["memory"])


def _log(numbers: int, day: str) -> Iterator[str]:
    """Yield the lines of a send log: the first message of each number, then the second ones."""
    yield "phone_number,out_id,sent_at,campaign\n"
    for nth in (1, 2):
        for number in range(numbers):
            if messages(number) >= nth:
                at = times(number)[f"sent{nth}"]
                yield f"139{number:08},order-139{number:08}-{nth},{day} {at},spring-{number % 7}\n"


def _answer(day: str, count: int) -> str:
    """Return the service's answer about a number that was sent so many messages."""
    records = [
        {
            **_RECORD,
            "OutId": f"order-%(number)s-{nth}",
            "SendDate": f"{day} %(sent{nth})s",
            "ReceiveDate": f"{day} %(received{nth})s",
        }
        for nth in range(1, count + 1)
    ]
    rows = {"SmsSendDetailDTO": records}
    return json.dumps(
        {"Code": "OK", "Message": "OK", "RequestId": "0" * 32, "TotalCount": count, "SmsSendDetailDTOs": rows},
        ensure_ascii=False,
    )


def _rows(measured: dict[str, Measured]) -> list[list[str]]:
    rows = [["", "rows a second", "CPU a number, ms", "peak memory above idle, MB", "ours is so many times as fast"]]
    ours = statistics.median(measured["ours"].rates)
    for name, found in measured.items():
        rate, cpu, memory = map(statistics.median, (found.rates, found.cpu, found.memory))
        rows.append([ENTRIES[name][0], f"{rate:,.0f}", f"{cpu:.3f}", f"{memory:.0f}", f"{ours / rate:.1f}"])
    return rows


def _targets(measured: dict[str, Measured], whole: dict[str, Measured]) -> list[tuple[str, str, str, str]]:
    lines: list[tuple[str, str, str, str]] = []

    def line(name: str, value: float, target: float, *, least: bool) -> None:
        reached = value >= target if least else value <= target
        shown = f"{'>=' if least else '<='} {target:g}"
        lines.append((name, format(value, ".3g"), shown, "reached" if reached else "MISSED"))

    ours = statistics.median(measured["ours"].rates)
    for name, target in (("sdk-async", 5), ("sample", 6)):
        line(
            f"rows a second: as fast as the {ENTRIES[name][0].removeprefix('the ')}, times",
            ours / statistics.median(measured[name].rates),
            target,
            least=True,
        )
    line("CPU a number, ms", statistics.median(measured["ours"].cpu), 0.4, least=False)
    for file_format, found in whole.items():
        line(f"peak memory of a whole day to {file_format}, MB", found.memory[0], 250, least=False)
    return lines


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--numbers", type=int, default=30_000, help="that ours asks in a round; the others ask fewer")
    parser.add_argument("--day", type=int, default=1_000_000, help="numbers of the whole day")
    parser.add_argument("--formats", default="parquet", help="of the whole day: parquet,jsonl")
    return parser.parse_args()


if __name__ == "__main__":
    main()
