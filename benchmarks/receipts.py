"""Measures the join of receipts to a send log at 10,000, 100,000 and 1,000,000 lines, next to the same join in pandas.

3 % of the receipts are lost, 2 % come twice, 1 % contradict another one; they are archived in a random order. Each join
runs in a process of its own on one core, in turns with the other; the median of the turns counts. The same files give
the same states with both, which is checked. `make bench-receipts` runs it.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median
from typing import Any

from figures import memory, table

DAY = "2026-06-01"
START = datetime(2026, 6, 1, tzinfo=timezone(timedelta(hours=8)))
MAX_SECONDS, MAX_MB = 60, 300


def generate(folder: Path, lines: int) -> None:
    """Write a send log, and its receipts as archived requests in eight files."""
    rng = random.Random(lines)
    requests = []
    with (folder / "sent.csv").open("w") as log:
        log.write("phone_number,biz_id,out_id,sent_at\n")
        for place in range(lines):
            sent = START + timedelta(seconds=600 + place * 85_000 // lines)
            number, biz_id = f"139{place:08}", f"{90_000_000 + place}^0"
            log.write(f"{number},{biz_id},order-{place},{sent.isoformat()}\n")
            if rng.random() < 0.03:
                continue
            reported = sent + timedelta(seconds=rng.randint(1, 60))
            report = {
                "phone_number": number,
                "send_time": f"{sent:%Y-%m-%d %H:%M:%S}",
                "report_time": f"{reported:%Y-%m-%d %H:%M:%S}",
                **outcome(rng.random() < 0.9),
                "sms_size": "1",
                "biz_id": biz_id,
                "out_id": f"order-{place}",
            }
            requests.append(request(report, reported))
            if rng.random() < 0.02:
                requests.append(requests[-1])
            if rng.random() < 0.01:
                requests.append(request({**report, **outcome(not report["success"])}, reported))
    rng.shuffle(requests)
    (folder / "receipts").mkdir()
    for part in range(8):
        (folder / f"receipts/{part}.jsonl").write_text("".join(requests[part::8]))


def outcome(success: bool) -> dict[str, Any]:
    """Return the fields of a report that say what became of the message."""
    return {
        "success": success,
        "err_code": "DELIVERED" if success else "MK:0001",
        "err_msg": "ok" if success else "空号",
    }


def request(report: dict[str, Any], received_at: datetime) -> str:
    """Return the line of an archived request."""
    headers = {"Host": "receipts.example.com", "User-Agent": "sms-report"}
    body = json.dumps([report], ensure_ascii=False)
    fields = {"received_at": received_at.isoformat(), "content_type": "application/json", "headers": headers}
    return json.dumps({**fields, "body": body}, ensure_ascii=False) + "\n"


def join(folder: Path) -> dict[str, int]:
    """Join with this package; return the states."""
    from airflow_provider_dysms.transfers.export_options import ExportOptions
    from airflow_provider_dysms.transfers.from_receipts.export_receipts import export_receipts

    options = ExportOptions(
        output_uri=f"file://{folder}/ours",
        send_date=DAY,
        sent_uri=f"file://{folder}/sent.csv",
        receipts_uri=f"file://{folder}/receipts",
    )
    log = logging.getLogger(__name__)
    log.setLevel(logging.ERROR)
    states: dict[str, int] = export_receipts(options, log=log)["result"]["by_state"]
    return states


def join_in_pandas(folder: Path) -> dict[str, int]:
    """Join as an engineer in a hurry does; return the states."""
    import pandas

    requests = pandas.concat(
        pandas.read_json(path, lines=True) for path in sorted((folder / "receipts").glob("*.jsonl"))
    )
    receipts = pandas.DataFrame([report for body in requests["body"] for report in json.loads(body)])
    receipts["report_time"] = pandas.to_datetime(receipts["report_time"])
    receipts = receipts.sort_values(["success", "report_time"]).drop_duplicates(["phone_number", "biz_id"], keep="last")
    log = pandas.read_csv(folder / "sent.csv", dtype=str)
    rows = log.merge(receipts, on=["phone_number", "biz_id"], how="left")
    rows["state"] = rows["success"].map({True: "delivered", False: "failed"}).fillna("expired")
    rows["delivery_seconds"] = (rows["report_time"] - pandas.to_datetime(rows["send_time"])).dt.total_seconds()
    rows.to_json(folder / "pandas.jsonl", orient="records", lines=True)
    return dict(Counter(rows["state"]))


def count_requests(lines: int) -> list[tuple[str, ...]]:
    """Audit a day of which 97 % is receipted, alone and with its receipts first; return the requests of each."""
    from airflow_provider_dysms.emulator import Emulator
    from airflow_provider_dysms.model.dates import DAY as ONE_DAY
    from airflow_provider_dysms.model.dates import beijing_day
    from airflow_provider_dysms.transfers.export import export
    from airflow_provider_dysms.transfers.export_options import ExportOptions

    day = beijing_day(datetime.now(timezone.utc)) - ONE_DAY  # noqa: UP017
    log = logging.getLogger(__name__)
    log.setLevel(logging.ERROR)
    rows = [("requests to the service", "requests", "fewer by")]
    with Emulator.start() as emulator, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        emulator.quotas(QuerySendDetails=50_000)
        connection = emulator.connection_json(
            quota_share=1, quota={"QuerySendDetails": 50_000}, privacy_secret="k" * 32
        )
        os.environ["AIRFLOW_CONN_DYSMS_DEFAULT"] = connection
        sent = [
            {
                "phone_number": f"139{place:08}",
                "biz_id": f"{90_000_000 + place}^0",
                "sent_at": f"{day}T12:00:00+08:00",
                "state": "delivered",
            }
            for place in range(lines)
        ]
        emulator.add_messages(sent)
        log_lines = [f"{message['phone_number']},{message['biz_id']}\n" for message in sent]
        (folder / "sent.csv").write_text("".join(["phone_number,biz_id\n", *log_lines]))
        (folder / "receipts").mkdir()
        reports = [
            {
                "phone_number": message["phone_number"],
                "biz_id": message["biz_id"],
                "send_time": f"{day} 12:00:00",
                "report_time": f"{day} 12:00:09",
                **outcome(True),
            }
            for place, message in enumerate(sent)
            if place % 100 >= 3
        ]
        requests = [request(report, datetime.now(START.tzinfo)) for report in reports]
        (folder / "receipts/a.jsonl").write_text("".join(requests))
        common = {"sent_uri": f"file://{folder}/sent.csv", "send_date": str(day), "statistics": "skip"}
        first = {"receipts_uri": f"file://{folder}/receipts"}
        alone = 0
        for what, how in (
            ("no receipts", {}),
            ("97 % receipted, sample of 1 %", first),
            ("97 % receipted, no sample", {**first, "cross_check": 0}),
        ):
            options: Any = {**common, **how, "output_uri": f"file://{folder}/{len(rows)}"}
            asked = export(ExportOptions(**options), log=log)["run"]["requests"]
            alone = alone or asked
            rows.append((what, f"{asked:,}", f"{alone / asked:.1f}x"))
    return rows


JOINS = {"ours": join, "pandas": join_in_pandas}


def measure(name: str, folder: Path) -> dict[str, Any]:
    """Run a join in a process of its own, on one core."""
    ran = subprocess.run(
        [sys.executable, __file__, "--join", name, "--folder", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise SystemExit(ran.stdout + ran.stderr)
    measured: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return measured


def median_of(figure: str, found: list[dict[str, Any]]) -> float:
    """Return the median of a figure of some runs."""
    return median(each[figure] for each in found)


def run(name: str, folder: Path) -> None:
    """Print what a join took: seconds of CPU and of the clock without its imports, and all memory (MB)."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import airflow.sdk  # noqa: F401 - what a task has loaded before

    before, clock = time.process_time(), time.perf_counter()
    states = JOINS[name](folder)
    cpu, seconds = time.process_time() - before, time.perf_counter() - clock
    print(json.dumps({"cpu": cpu, "seconds": seconds, "memory": memory("VmHWM"), "states": states}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=lambda text: [*map(int, text.split(","))], default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--turns", type=int, default=3, help="of each join")
    parser.add_argument("--asked", type=int, default=5_000, help="lines of the audit that receipts shorten; 0: none")
    parser.add_argument("--joins", type=lambda text: text.split(","), default=[*JOINS], help="ours, pandas")
    parser.add_argument("--join", choices=JOINS)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if arguments.join:
        run(arguments.join, arguments.folder)
        return
    rows = [("lines", "join", "CPU s", "s", "MB", "CPU us per line")]
    ran: dict[str, list[dict[str, Any]]] = {}
    for lines in arguments.lines:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            generate(folder, lines)
            ran = {join: [] for join in arguments.joins}
            for turn in range(arguments.turns):
                for join in arguments.joins[:: -1 if turn % 2 else 1]:
                    shutil.rmtree(folder / "ours", ignore_errors=True)  # an export compares with the one before
                    ran[join].append(measure(join, folder))
        for join, found in ran.items():
            cpu = median_of("cpu", found)
            seconds, memory_used = median_of("seconds", found), max(each["memory"] for each in found)
            rows.append(
                (f"{lines:,}", join, f"{cpu:.1f}", f"{seconds:.1f}", f"{memory_used:.0f}", f"{cpu / lines * 1e6:.0f}")
            )
        states = {json.dumps(each["states"], sort_keys=True) for found in ran.values() for each in found}
        assert len(states) == 1, states
    print(table(rows))
    if arguments.asked:
        print(table(count_requests(arguments.asked)))
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    ours, theirs = ran["ours"], ran.get("pandas")
    largest = max(each["memory"] for each in ours)
    targets = {
        f"under {MAX_SECONDS} s of CPU": median_of("cpu", ours) < MAX_SECONDS,
        f"under {MAX_MB} MB": largest < MAX_MB,
    }
    if theirs:
        ratios = [each["cpu"] / other["cpu"] for each, other in zip(ours, theirs, strict=True)]
        print(f"CPU of ours per CPU of pandas: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
        targets["not slower than pandas"] = median(ratios) <= 1
        targets["a tenth of the memory of pandas"] = largest <= min(each["memory"] for each in theirs) / 10
    for what, is_reached in targets.items():
        print(f"{what}: {'reached' if is_reached else 'missed'}")


if __name__ == "__main__":
    main()
