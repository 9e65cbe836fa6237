"""Measures searches of an archive on one core, next to the same searches written with pandas and with plain pyarrow.

The archive has 60 days of a million messages, and is made once in ``.cache``. Every measurement runs in a process of
its own, with a warm cache of the disk; the best of three runs counts, and the largest memory of the process.
`make bench-archive` runs it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-home-"))

from archive_rows import FIRST, make_archive
from figures import memory, table

PEERS = ("pandas", "plain pyarrow")

ROOT = Path(__file__).parents[1]

#: Times that one search is run in a process.
RUNS = 3

#: The peers are not asked about more days: they would take minutes, and the memory of all rows that they find.
MAX_PEER_DAYS = 7

#: The columns that a page of sending details shows.
SHOWN = ["phone_number", "template_code", "sign_name", "state", "error_code", "country", "sent_at", "received_at"]


class Case(NamedTuple):
    """A search.

    :param filters: of our query
    :param days: how many days it spans, the newest ones
    :param column: the column that it compares, for the others
    :param values: the texts that it may have
    :param target: seconds that ours may take
    """

    filters: dict[str, Any]
    days: int
    column: str | None
    values: list[str]
    target: float


def cases(number: str, days: int) -> dict[str, Case]:
    """Return the searches by their names.

    :param number: a phone number of the archive
    :param days: number of days of the archive
    """
    week = min(7, days)
    failed = ["expired", "failed", "rejected"]
    found: dict[str, Case] = {}
    for span in dict.fromkeys((week, days // 2, days)):
        found[f"a number, {span} days"] = Case({"phone_number": number}, span, "phone_number", [number], 0.5)
    found |= {
        f"no filter, {week} days": Case({}, week, None, [], 0.5),
        f"a template, {week} days": Case({"template_code": "SMS_100007"}, week, "template_code", ["SMS_100007"], 0.5),
        f"Failed, {week} days": Case({"result": "Failed"}, week, "state", failed, 0.5),
        f"a signature, {week} days": Case({"sign_name": "签名3"}, week, "sign_name", ["签名3"], 0.5),
    }
    for span in dict.fromkeys((week, days)):
        target = 0.5 if span == week else 3
        found[f"a code, {span} days"] = Case({"error_code": "MK:0011"}, span, "error_code", ["MK:0011"], target)
        found[f"a code that no row has, {span} days"] = Case({"error_code": "X"}, span, "error_code", ["X"], target)
        found[f"own column, {span} days"] = Case(
            {"carried": {"user_id": "user-4711"}}, span, "user_id", ["user-4711"], target
        )
    return found


def find_ours(uri: str, case: Case, first: date, end: date, engine: Any) -> int:
    """Search with this package; return the number of records on the page."""
    from airflow_provider_dysms.archive.sending_details.find import find
    from airflow_provider_dysms.archive.sending_details.query import FindQuery

    query = FindQuery(output_uri=uri, sent_from=first, sent_to=end, **case.filters)
    return len(find(query, now=datetime(end.year, end.month, end.day, tzinfo=UTC), engine=engine).records)


def find_with_pandas(files: list[str], case: Case) -> int:
    """Search as the documentation of pandas shows it; return the number of records on the page."""
    import pandas

    filters = [(case.column, "in", case.values)] if case.column else None
    columns = SHOWN if case.column in (None, *SHOWN) else [*SHOWN, case.column]
    rows = pandas.concat([pandas.read_parquet(file, columns=columns, filters=filters) for file in files])
    return len(rows.sort_values("sent_at", ascending=False).head(10).to_dict("records"))


def find_with_pyarrow(files: list[str], case: Case) -> int:
    """Search as the documentation of pyarrow shows it; return the number of records on the page."""
    import pyarrow
    import pyarrow.parquet

    filters = [(case.column, "in", case.values)] if case.column else None
    columns = SHOWN if case.column in (None, *SHOWN) else [*SHOWN, case.column]
    tables = [pyarrow.parquet.read_table(file, columns=columns, filters=filters, partitioning=None) for file in files]
    rows = pyarrow.concat_tables(tables).sort_by([("sent_at", "descending")])
    return len(rows.slice(0, 10).to_pylist())


def measure(folder: Path, days: int, name: str, case: Case, contestant: str) -> dict[str, float]:
    """Run one search in this process; return its seconds, peak memory in MB, and the records that it found."""
    end = FIRST + timedelta(days=days)
    first = end - timedelta(days=case.days)
    files = [str(folder / f"send_date={first + timedelta(days=n)}" / "part-0.parquet") for n in range(case.days)]
    seconds, records = [], 0
    before = memory("VmHWM")
    for _ in range(RUNS):
        started_at = time.perf_counter()
        if contestant == "pandas":
            records = find_with_pandas(files, case)
        elif contestant == "plain pyarrow":
            records = find_with_pyarrow(files, case)
        else:
            records = find_ours(f"file://{folder}", case, first, end, contestant)
        seconds.append(time.perf_counter() - started_at)
    peak = memory("VmHWM")
    return {"seconds": min(seconds), "memory": peak, "own": peak - before, "records": records}


def measure_apart(arguments: list[str]) -> dict[str, Any]:
    """Run one search in a process of its own."""
    ran = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=False)
    if ran.returncode:
        return {"seconds": float("nan"), "memory": float("nan"), "own": float("nan"), "records": -1}
    result: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return result


def number_of(folder: Path, days: int) -> str:
    """Return a phone number of a day in the middle."""
    import pyarrow.parquet

    path = folder / f"send_date={FIRST + timedelta(days=days // 2)}" / "part-0.parquet"
    rows = pyarrow.parquet.ParquetFile(path).read_row_group(0, columns=["phone_number"])
    return str(rows.column(0)[len(rows) // 2])


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="default: .cache/archive-DAYS-ROWS")
    parser.add_argument("--runs", default="duckdb,pyarrow,pandas,plain pyarrow")
    parser.add_argument("--case", help="one search in this process, as JSON")
    parser.add_argument("--only", default="", help="only the searches with this in their names")
    return parser.parse_args()


def main() -> None:
    options = parse()
    folder = (options.folder or ROOT / ".cache" / f"archive-{options.rows}").resolve()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if options.case:
        name, contestant = json.loads(options.case)
        case = cases(number_of(folder, options.days), options.days)[name]
        print(json.dumps(measure(folder, options.days, name, case, contestant)))
        return
    make_archive(folder, options.days, options.rows)
    contestants = options.runs.split(",")
    print(f"{options.days} days of {options.rows:,} messages; load before: {os.getloadavg()[0]:.1f}\n")
    rows = [("seconds (MB)", *contestants, "target", "pandas / ours", "pyarrow / ours")]
    for name, case in cases(number_of(folder, options.days), options.days).items():
        if options.only not in name:
            continue
        shared = ["--days", str(options.days), "--rows", str(options.rows), "--folder", str(folder)]
        asked = [each for each in contestants if each not in PEERS or case.days <= MAX_PEER_DAYS]
        found = {each: measure_apart([*shared, "--case", json.dumps([name, each])]) for each in asked}
        cells = [
            f"{found[each]['seconds']:.3f} ({found[each]['memory']:.0f})" if each in found else ""
            for each in contestants
        ]
        print(name, *cells, file=sys.stderr, flush=True)
        ours = found[contestants[0]]["seconds"]
        assert len({each["records"] for each in found.values()} - {-1}) == 1, (name, found)
        told = "reached" if ours <= case.target else "missed"
        ratios = [f"{found[peer]['seconds'] / ours:.1f}" if peer in found else "" for peer in PEERS]
        rows.append((name, *cells, f"{case.target:g} {told}", *ratios))
    print(table(rows))


if __name__ == "__main__":
    main()
