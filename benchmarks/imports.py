"""What a DAG file pays for naming our classes, beyond `airflow.sdk`, which it has in any case: milliseconds of CPU.

DAG files are parsed every few seconds. Each figure is the median of fresh processes. `make bench-imports`.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from figures import table

RUNS = 9
TARGET_MS = 40

#: What no DAG file should load for us.
HEAVY = ("pyarrow", "aiohttp", "httpx", "phonenumbers", "cryptography.fernet", "httptools", "alibabacloud_credentials")

MODULES = {
    "get_provider_info": ["airflow_provider_dysms.get_provider_info"],
    "hooks.dysms": ["airflow_provider_dysms.hooks.dysms"],
    "operators.dysms": ["airflow_provider_dysms.operators.dysms"],
    "sensors.dysms": ["airflow_provider_dysms.sensors.dysms"],
    "triggers.dysms": ["airflow_provider_dysms.triggers.dysms"],
    "transfers.dysms_to_object_storage": ["airflow_provider_dysms.transfers.dysms_to_object_storage"],
}
#: What a DAG file may name.
MODULES["every class"] = [f"airflow_provider_dysms.{name}" for name in list(MODULES)[1:] if name != "triggers.dysms"]

MEASURED = """
import sys, time
from airflow.sdk import DAG, BaseHook, BaseOperator, BaseSensorOperator, Connection, ObjectStoragePath, task
import airflow.sdk.exceptions, airflow.triggers.base
before, began = set(sys.modules), time.process_time()
for name in {modules}:
    __import__(name)
took = time.process_time() - began
new = sorted(set(sys.modules) - before)
import json
print(json.dumps([took * 1000, len(new), [name for name in {heavy} if name in new]]))
"""


def main() -> None:
    rows = [("", "ms", "modules", "heavy ones")]
    last = 0.0
    for name, modules in MODULES.items():
        told = [_measure(modules) for _ in range(RUNS)]
        last = statistics.median(took for took, _, _ in told)
        _, count, heavy = told[0]
        rows.append((name, f"{last:.1f}", str(count), ", ".join(heavy) or "none"))
    print(table(rows))
    print(f"\nevery class: {last:.0f} ms, target <= {TARGET_MS}: {'reached' if last <= TARGET_MS else 'MISSED'}")


def _measure(modules: list[str]) -> tuple[float, int, list[str]]:
    """Return milliseconds of CPU, how many modules were loaded, and which heavy ones are among them."""
    script = MEASURED.format(modules=modules, heavy=HEAVY)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    took, count, heavy = json.loads(ran.stdout.splitlines()[-1])
    return took, count, heavy


if __name__ == "__main__":
    main()
