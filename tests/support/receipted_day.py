"""A day of messages at the emulator with its send log and an archive of receipts, for audits that read both."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from airflow_provider_dysms.model import dates
from airflow_provider_dysms.transfers.dysms_receipts_to_object_storage import DysmsReceiptsToObjectStorageOperator

DAY = dates.beijing_day(datetime.now(UTC)) - dates.DAY
NOON = dates.day_start(DAY) + dates.DAY / 2


def messages(count: int, *, biz_id: bool = True) -> list[dict[str, Any]]:
    """Return messages as the emulator takes them: a tenth has failed, a fiftieth waits."""
    return [
        {
            "phone_number": f"1390000{place:04}",
            **({"biz_id": f"9007{place}^0"} if biz_id else {}),
            "out_id": f"order-{place}",
            "sent_at": (NOON + dates.DAY / 86_400 * place).isoformat(),
            "state": "waiting" if place % 50 == 7 else "failed" if place % 10 == 0 else "delivered",
            "content": "【示例】text",
        }
        for place in range(count)
    ]


def receipt(message: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return the SmsReport of a message that is not waiting."""
    local = f"{dates.parse_instant(message['sent_at']).astimezone(dates.BEIJING):%Y-%m-%d %H:%M:%S}"
    is_delivered = message["state"] == "delivered"
    return {
        "phone_number": message["phone_number"],
        "send_time": local,
        "report_time": local[:-2] + "59",
        "success": is_delivered,
        "err_code": "DELIVERED" if is_delivered else message.get("error_code", "MK:0001"),
        "sms_size": "1",
        "biz_id": message.get("biz_id", f"{message['out_id']}^0"),
        "out_id": message["out_id"],
        **fields,
    }


class ReceiptedDay:
    """A day that was sent, with its log and its receipts."""

    def __init__(self, attempts: Any) -> None:
        self.attempts = attempts

    def send(self, sent: list[dict[str, Any]], *, biz_id: bool = True) -> None:
        self.attempts.emulator.add_messages(sent)
        lines = [
            f"{each['phone_number']},{each['biz_id'] if biz_id else ''},{each['out_id']},{each['sent_at']}"
            for each in sent
        ]
        log = "\n".join(["phone_number,biz_id,out_id,sent_at", *lines, ""])
        (self.attempts.folder / "sent.csv").write_text(log, "utf-8")

    def push(self, *receipts: dict[str, Any]) -> None:
        folder = self.attempts.folder / "receipts"
        folder.mkdir(exist_ok=True)
        lines = [json.dumps({"body": json.dumps([each])}) for each in receipts]
        (folder / "a.jsonl").write_text("\n".join([*lines, ""]), "utf-8")

    def join(self) -> dict[str, Any]:
        """Write the day from its receipts alone, and return its manifest."""
        folder = self.attempts.folder
        manifest: dict[str, Any] = DysmsReceiptsToObjectStorageOperator(
            task_id="join",
            receipts_uri=f"file://{folder}/receipts",
            sent_uri=f"file://{folder}/sent.csv",
            output_uri=f"file://{self.attempts.out}",
            send_date=DAY,
        ).execute({})
        return manifest

    def __call__(self, **arguments: Any) -> dict[str, Any]:
        arguments = {"receipts_uri": f"file://{self.attempts.folder}/receipts", "statistics": "skip", **arguments}
        manifest: dict[str, Any] = self.attempts(**arguments)
        return manifest


def final(sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message for message in sent if message["state"] != "waiting"]
