"""Measures the way from a send log to a Parquet file: our operator against loops with the vendor's SDK.

All exporters export the same day from the same prerendered service in the same run, and take turns. Each runs in its
own process on its own CPU core; the service has another core. There are 1.2 messages per phone number. At the end, our
operator exports a whole day of 1,200,000 lines with 1,000,000 numbers. `make bench` runs it.

With ``--against FOLDER`` only our operator is measured: of this checkout and of another one, in turns. It shows whether
a change makes the export slower.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from figures import table
from loads import ScriptProcess
from prerendered_service import messages
from whole_day import run_exporter, write_send_log, write_service_day

from airflow_provider_dysms.audit.run import IN_FLIGHT
from airflow_provider_dysms.model import dates

#: Name in exporters.py -> label, and its share of the numbers; slower exporters get fewer.
ENTRIES = {
    "ours": ("ours", 1.0),
    "sdk-async": ("loop on the vendor's SDK, async", 0.2),
    "sample": ("the vendor's sample loop", 0.1),
}


@dataclass
class Measurements:
    """The measurements of one exporter, a value for each round.

    :param rates: rows per second
    :param cpu: milliseconds of CPU per phone number
    :param memory: peak memory above that of the idle process, in MB
    """

    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def main() -> None:
    options = _arguments()
    cores = sorted(os.sched_getaffinity(0))
    client_core, service_core = (str(cores[0]), str(cores[1])) if len(cores) > 1 else ("", "")
    day = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
    measured = {name: Measurements() for name in ENTRIES}
    whole: dict[str, Measurements] = {}
    with tempfile.TemporaryDirectory() as folder:
        write_service_day(Path(folder), day.isoformat())
        with ScriptProcess("prerendered_service.py", folder, "0", service_core) as service:
            run = _Runner(f"http://127.0.0.1:{service.receive()}", Path(folder), day.isoformat(), client_core)
            print(f"1.2 messages per number, {IN_FLIGHT} concurrent requests; {options.rounds} rounds, medians")
            if options.against is not None:
                _compare(run, options.against, options.numbers, options.rounds)
                return
            for _ in range(options.rounds):
                for name, (_, share) in ENTRIES.items():
                    run(name, int(options.numbers * share), measured[name])
            print(table(_rows(measured)), flush=True)
            for file_format in options.formats.split(","):
                run("ours", options.day, whole.setdefault(file_format, Measurements()), file_format)
                ours = whole[file_format]
                workload = (
                    f"{sum(map(messages, range(options.day))):,} lines over {options.day:,} numbers to {file_format}"
                )
                row_rate = f"{ours.rates[0]:,.0f} rows per second"
                print(f"\n{workload}: {row_rate}, CPU per number {ours.cpu[0]:.3f} ms", flush=True)
    print(f"\n{table([('figure', 'measured', 'target', ''), *_targets(measured, whole)])}")


@dataclass(frozen=True)
class _Runner:
    url: str
    folder: Path
    day: str
    core: str

    def __call__(
        self,
        name: str,
        numbers: int,
        measurements: Measurements,
        file_format: str = "parquet",
        checkout: Path | None = None,
    ) -> None:
        log = self.folder / f"{numbers}.csv"
        if not log.exists():
            write_send_log(log, numbers, self.day)
        with tempfile.TemporaryDirectory(dir=self.folder) as output:
            result = run_exporter(name, self.url, log, Path(output), self.day, self.core, file_format, checkout)
        expected = sum(map(messages, range(numbers)))
        if result["rows"] != expected:
            raise SystemExit(f"{ENTRIES[name][0]} wrote {result['rows']} rows instead of {expected}")
        measurements.rates.append(expected / result["seconds"])
        measurements.cpu.append(result["cpu"] / numbers * 1000)
        measurements.memory.append(result["memory"])


def _compare(run: _Runner, other: Path, numbers: int, rounds: int) -> None:
    """Print the CPU of our operator and of that of another checkout; which one comes first changes with each round."""
    checkouts = {"this checkout": Path(__file__).parents[1], str(other): other.resolve(strict=True)}
    measured = {label: Measurements() for label in checkouts}
    for number in range(rounds):
        for label in list(checkouts)[:: -1 if number % 2 else 1]:
            run("ours", numbers, measured[label], checkout=checkouts[label])
    ours, others = (results.cpu for results in measured.values())
    changes = [100 * (cpu / before - 1) for cpu, before in zip(ours, others, strict=True)]
    rows = [["CPU per number, ms", *(f"round {number}" for number in range(1, rounds + 1)), "median"]]
    rows += [[label, *(f"{cpu:.3f}" for cpu in (*of.cpu, statistics.median(of.cpu)))] for label, of in measured.items()]
    rows += [["change, %", *(f"{change:+.1f}" for change in (*changes, statistics.median(changes)))]]
    print(table(rows))


def _rows(measured: dict[str, Measurements]) -> list[list[str]]:
    rows = [["", "rows per second", "CPU per number, ms", "peak memory above idle, MB", "our speed relative to it"]]
    ours = statistics.median(measured["ours"].rates)
    for name, results in measured.items():
        rate, cpu, memory = map(statistics.median, (results.rates, results.cpu, results.memory))
        rows.append([ENTRIES[name][0], f"{rate:,.0f}", f"{cpu:.3f}", f"{memory:.0f}", f"{ours / rate:.1f}"])
    return rows


def _targets(measured: dict[str, Measurements], whole: dict[str, Measurements]) -> list[tuple[str, str, str, str]]:
    lines: list[tuple[str, str, str, str]] = []

    def line(name: str, value: float, target: float, *, is_minimum: bool) -> None:
        reached = value >= target if is_minimum else value <= target
        text = f"{'>=' if is_minimum else '<='} {target:g}"
        lines.append((name, format(value, ".3g"), text, "reached" if reached else "MISSED"))

    ours = statistics.median(measured["ours"].rates)
    for name, target in (("sdk-async", 5), ("sample", 6)):
        line(
            f"rows per second relative to the {ENTRIES[name][0].removeprefix('the ')}",
            ours / statistics.median(measured[name].rates),
            target,
            is_minimum=True,
        )
    line("CPU per number, ms", statistics.median(measured["ours"].cpu), 0.4, is_minimum=False)
    for file_format, results in whole.items():
        line(f"peak memory of a whole day to {file_format}, MB", results.memory[0], 250, is_minimum=False)
    return lines


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--numbers", type=int, default=30_000, help="numbers of our operator in each round; the others get fewer"
    )
    parser.add_argument("--day", type=int, default=1_000_000, help="numbers of the whole day, default 1000000")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="another checkout, which ours is compared with")
    parser.add_argument("--formats", default="parquet", help="file formats of the whole day: parquet,jsonl")
    return parser.parse_args()


if __name__ == "__main__":
    main()
