"""What a DAG file that uses every class loads, beyond Airflow itself."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import airflow.sdk
import airflow_provider_dysms.operators.dysms
import airflow_provider_dysms.transfers.dysms_to_object_storage
for heavy in ("pyarrow", "aiohttp", "s3fs", "boto3", "starlette", "uvicorn", "airflow_provider_dysms.emulator"):
    assert heavy not in sys.modules, heavy
"""


def test_importing_the_operators_loads_no_extra_and_no_server() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
