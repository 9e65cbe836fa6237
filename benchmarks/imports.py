"""Measures the CPU time that a DAG file needs to import our classes, in addition to `airflow.sdk`.

Airflow parses DAG files every few seconds. Each figure is the median of several new processes. `make bench-imports`
runs it.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from figures import table

RUNS = 9
TARGET_MS = 40

#: Slow modules that importing our classes must not load.
HEAVY = ("pyarrow", "aiohttp", "httpx", "phonenumbers", "cryptography.fernet", "httptools", "alibabacloud_credentials")

MODULES = {
    "get_provider_info": ["airflow_provider_dysms.get_provider_info"],
    "hooks.dysms": ["airflow_provider_dysms.hooks.dysms"],
    "operators.dysms": ["airflow_provider_dysms.operators.dysms"],
    "sensors.dysms": ["airflow_provider_dysms.sensors.dysms"],
    "triggers.dysms": ["airflow_provider_dysms.triggers.dysms"],
    "triggers.receipts": ["airflow_provider_dysms.triggers.receipts"],
    "transfers.dysms_to_object_storage": ["airflow_provider_dysms.transfers.dysms_to_object_storage"],
    "transfers.dysms_receipts_to_object_storage": ["airflow_provider_dysms.transfers.dysms_receipts_to_object_storage"],
}
#: All classes that a DAG file uses; nobody imports the trigger of a wait in a DAG file.
MODULES["every class"] = [f"airflow_provider_dysms.{name}" for name in list(MODULES)[1:] if name != "triggers.dysms"]

MEASURED = """
import sys, time
from airflow.sdk import DAG, BaseHook, BaseOperator, BaseSensorOperator, Connection, ObjectStoragePath, task
import airflow.sdk.exceptions, airflow.triggers.base
before, started_at = set(sys.modules), time.process_time()
for name in {modules}:
    __import__(name)
seconds = time.process_time() - started_at
new = sorted(set(sys.modules) - before)
import json
print(json.dumps([seconds * 1000, len(new), [name for name in {heavy} if name in new]]))
"""


def main() -> None:
    rows = [("", "ms", "modules", "heavy modules")]
    last = 0.0
    for name, modules in MODULES.items():
        results = [_measure(modules) for _ in range(RUNS)]
        last = statistics.median(milliseconds for milliseconds, _, _ in results)
        _, count, heavy = results[0]
        rows.append((name, f"{last:.1f}", str(count), ", ".join(heavy) or "none"))
    print(table(rows))
    print(f"\nevery class: {last:.0f} ms, target <= {TARGET_MS}: {'reached' if last <= TARGET_MS else 'MISSED'}")


def _measure(modules: list[str]) -> tuple[float, int, list[str]]:
    """Return the milliseconds of CPU, the number of modules that were loaded, and the heavy ones among them."""
    script = MEASURED.format(modules=modules, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    milliseconds, count, heavy = json.loads(done.stdout.splitlines()[-1])
    return milliseconds, count, heavy


if __name__ == "__main__":
    main()
