"""Days of Huawei, whose rows come from receipts alone, as the operator writes them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from airflow_provider_dysms.model.dates import DAY, day_start
from airflow_provider_dysms.transfers.dysms_receipts_to_object_storage import DysmsReceiptsToObjectStorageOperator


def write_huawei_day(folder: Path, output_uri: str, day: date, messages: int = 3) -> dict[str, Any]:
    """Write a day whose last message has no receipt; return its manifest.

    :param folder: of the send log and the archived receipts
    """
    noon = day_start(day) + DAY / 2
    source = folder / f"huawei-{day}"
    source.mkdir()
    ids = [f"11aa22bb-0000-4000-8000-{place:012}_{place}" for place in range(messages)]
    log = [f"{each},1390000{place:04},{noon.isoformat()}" for place, each in enumerate(ids)]
    (source / "sent.csv").write_text("\n".join(["message_id,phone_number,sent_at", *log, ""]), "utf-8")
    time = f"{noon:%Y-%m-%dT%H:%M}:30Z"
    receipts = [f"smsMsgId={each}&status=DELIVRD&source=2&updateTime={time}&orgCode=000" for each in ids[:-1]]
    (source / "receipts.txt").write_text("\n".join([*receipts, ""]), "utf-8")
    manifest: dict[str, Any] = DysmsReceiptsToObjectStorageOperator(
        task_id="join",
        sent_uri=f"file://{source}/sent.csv",
        receipts_uri=f"file://{source}/receipts.txt",
        output_uri=output_uri,
        send_date=str(day),
        vendor="huawei",
    ).execute({})
    return manifest
