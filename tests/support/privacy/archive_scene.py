"""The scene of the DAG ``canary_archive``: a day of an archive, a day past its time, and receipts that were pushed."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model import dates
from airflow_provider_dysms.receipts.archive.push_signature import ALGORITHM, PushKey
from support.known_archives import put_day, verdict

if TYPE_CHECKING:
    from support.privacy.scene import Scene

#: Numbers that the DAG passes on.
NUMBERS = ("found", "found_refused", "blocked", "also_blocked", "free", "erased", "erased_hashed", "erased_refused")

#: Messages that failed, so that the day is bad.
BULK = 30

#: Complete days before today on which the partition past its time was sent.
OLD = 50


def plant_archive(scene: Scene) -> None:
    """Fill the service, the send logs and the archives of receipts."""
    number, folder = scene.canaries.number, scene.folder
    failed = {"state": "failed"}
    stories: dict[str, dict[str, Any]] = {
        **{name: {} for name in ("free", "erased", "erased_hashed")},
        # What a carrier writes there is anybody's guess.
        "found": {**failed, "error_code": f"NO ROUTE TO {number('found')}"},
        **{name: {**failed, "error_code": "MOBILE_IN_BLACK"} for name in ("blocked", "also_blocked")},
        **{f"bulk_{place}": {**failed, "error_code": "MOBILE_NOT_ON_SERVICE"} for place in range(BULK)},
    }
    for name, story in stories.items():
        text = "erased" if name == "erased" else "archived"
        _message(scene, name, text, template_code="SMS_1", **story)
    _write_log(folder / "sent" / "archive.csv", [[number(name), name, ""] for name in stories])
    _plant_receipts(scene)


def plant_old_day(scene: Scene) -> None:
    """Write the partition past its time; it is among what is searched."""
    old = scene.day - timedelta(days=OLD)
    put_day(f"file://{scene.folder}/out/archive", old, [verdict(old, scene.canaries.number("expired"))])


def _plant_receipts(scene: Scene) -> None:
    number = scene.canaries.number
    log: dict[str, list[list[str]]] = {"receipts": [], "contradicted": []}
    reports: dict[str, list[Any]] = {"receipts": [], "contradicted": []}
    for name, archive in (("pushed", "receipts"), ("pushed_failed", "receipts"), ("contradicted", "contradicted")):
        state = {"state": "failed", "error_code": f"NO ROUTE TO {number(name)}"} if name == "pushed_failed" else {}
        message = _message(scene, name, "pushed", **state)
        log[archive].append([number(name), name, message["biz_id"]])
        success = not state and name != "contradicted"
        reports[archive].append(_report(scene.day, message, success=success, **state))
    unmatched = _report(scene.day, {"phone_number": number("unmatched"), "biz_id": "1^0", "out_id": "unmatched"})
    text = scene.canaries.text("reply")
    unusable = [
        f'[{{"phone_number": "{number("unreadable")}", "content": "{text}',
        {"phone_number": number("no_state"), "content": text, "success": number("no_state")},
        _forged(scene),
    ]
    _write_archive(scene.folder / "receipts", "usable.jsonl", [*reports["receipts"], unmatched])
    _write_archive(scene.folder / "receipts", "unusable.jsonl", unusable)
    _write_archive(scene.folder / "contradicted", "a.jsonl", reports["contradicted"])
    for archive, lines in log.items():
        _write_log(scene.folder / "sent" / f"{archive}.csv", lines)


def _forged(scene: Scene) -> dict[str, Any]:
    """Return a request that looks like Huawei's, with a signature under another key."""
    key = PushKey(scene.canaries.secret("push id"), scene.canaries.secret("another push key"), "/receipts")
    body = f"smsMsgId=11aa22bb-0000-4000-8000-000000000001_1&status=DELIVRD&to=%2B86{scene.canaries.number('forged')}"
    signed = {"x-sdk-date": "20260101T000000Z"}
    signature = key.signature(signed, list(signed), body.encode(), key.path)
    authorization = f"{ALGORITHM} Access={key.access_key}, SignedHeaders=x-sdk-date, Signature={signature}"
    headers = {"X-Sdk-Date": signed["x-sdk-date"], "Authorization": authorization}
    return {"vendor": "huawei", "content_type": "application/x-www-form-urlencoded", "headers": headers, "body": body}


def _message(scene: Scene, name: str, text: str, **story: Any) -> dict[str, Any]:
    content = f"【示例】{scene.canaries.text(text)}"
    return scene.emulator.add_message(phone_number=scene.canaries.number(name), content=content, out_id=name, **story)


def _report(day: date, message: dict[str, Any], *, success: bool = True, **fields: Any) -> dict[str, Any]:
    """Return an SmsReport of Alibaba Cloud."""
    code = fields.get("error_code", "DELIVERED" if success else "UNDELIV")
    sent_at = dates.day_start(day).astimezone(dates.BEIJING)
    return {
        **{name: message[name] for name in ("phone_number", "biz_id", "out_id")},
        **{"send_time": f"{sent_at:%Y-%m-%d %H:%M:%S}", "report_time": f"{sent_at:%Y-%m-%d %H:%M}:01"},
        **{"success": success, "err_code": code, "sms_size": "1"},
    }


def _write_archive(folder: Path, name: str, bodies: list[Any]) -> None:
    """Write requests as a receiver stores them.

    :param bodies: reports, bodies that are text, and requests
    """
    folder.mkdir(exist_ok=True)
    with (folder / name).open("w") as archive:
        for each in bodies:
            body = each if isinstance(each, str) else json.dumps([each])
            request = each if isinstance(each, dict) and "headers" in each else {"body": body}
            archive.write(json.dumps(request) + "\n")


def _write_log(path: Path, rows: list[list[str]]) -> None:
    with path.open("w") as log:
        csv.writer(log).writerows([["phone_number", "out_id", "biz_id"], *rows])
