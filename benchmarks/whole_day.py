"""A day of many messages for the benchmarks: its send log, the service's responses, and the export by one process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prerendered_service import messages, times

from airflow_provider_dysms.audit.run import IN_FLIGHT

if TYPE_CHECKING:
    from collections.abc import Iterator

_RECORD = {
    "PhoneNum": "%(number)s",
    "SendStatus": 3,
    "ErrCode": "DELIVERED",
    "TemplateCode": "SMS_12231000",
    "Content": "【阿里云】您的验证码为123456，该验证码5分钟内有效，请勿泄漏于他人！",
}


def write_service_day(folder: Path, day: str) -> None:
    """Write the templates from which prerendered_service.py responds.

    :param day: ``YYYY-MM-DD``
    """
    folder.joinpath("day.json").write_text(json.dumps([_response_template(day, count) for count in (1, 2)]))


def write_send_log(path: Path, numbers: int, day: str) -> None:
    """Write a CSV file: the first message to each number, then the second messages.

    :param numbers: how many phone numbers; there are 1.2 messages per number
    :param day: ``YYYY-MM-DD``
    """
    with path.open("w") as file:
        file.writelines(_lines(numbers, day))


def run_exporter(
    name: str,
    url: str,
    log: Path,
    output: Path,
    day: str,
    core: str,
    file_format: str = "parquet",
    checkout: Path | None = None,
) -> dict[str, Any]:
    """Export a send log in a process of its own.

    :param name: of the exporter in exporters.py
    :param url: of the service
    :param core: the CPU core that is reserved for the process; empty for any
    :param checkout: folder of another checkout, whose package is used; default: the one that is installed
    :returns: delivered ``rows``, ``seconds``, seconds of ``cpu``, and peak ``memory`` above the idle process, in MB
    """
    script = str(Path(__file__).with_name("exporters.py"))
    arguments = [url, str(log), str(output), day, str(IN_FLIGHT), core, file_format]
    done = subprocess.run(
        [sys.executable, script, name, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "AIRFLOW_HOME": str(output), **({"PYTHONPATH": str(checkout)} if checkout else {})},
    )
    if done.returncode:
        raise SystemExit(f"The exporter {name} failed:\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stderr.strip().splitlines()[-1])
    return result


def _lines(numbers: int, day: str) -> Iterator[str]:
    yield "phone_number,out_id,sent_at,campaign\n"
    for nth in (1, 2):
        for number in range(numbers):
            if messages(number) >= nth:
                at = times(number)[f"sent{nth}"]
                yield f"139{number:08},order-139{number:08}-{nth},{day} {at},spring-{number % 7}\n"


def _response_template(day: str, count: int) -> str:
    """Return a template of the service's response for a number with some messages."""
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
