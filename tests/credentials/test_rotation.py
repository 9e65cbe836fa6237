"""Credentials that expire every few seconds do not disturb an export or a wait."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.waits.serialization import WaitResult, WaitSpec

DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
EACH_SECOND = 100


def export(folder: Path) -> dict[str, Any]:
    from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

    operator = DysmsToObjectStorageOperator(
        task_id="audit",
        sent_uri=f"file://{folder}/sent.csv",
        output_uri=f"file://{folder}/out",
        send_date=DAY,
        statistics="skip",
        requests_per_second=EACH_SECOND,
    )
    instance = SimpleNamespace(task_id="audit", dag_id="daily", run_id="manual", map_index=-1)
    return operator.execute({"ti": instance})


def wait_for(message_id: str, seconds: float) -> WaitResult:
    from airflow_provider_dysms.triggers.dysms import DysmsMessageTrigger

    now = time.time()
    plan = WaitSpec(
        digest="0123456789abcdef",
        count=1,
        needed=1,
        started_at=now,
        asked_at=now,
        deadline=now + 10 * seconds,
        poke_interval=0.2,
        max_poke_interval=0.2,
        grace_period=5.0,
    )

    async def session() -> WaitResult:
        trigger = DysmsMessageTrigger(message_ids=[message_id], dysms_conn_id="dysms_default", **plan.stored())
        try:
            events = [event async for event in trigger.run()]
        finally:
            await trigger.cleanup()
        return WaitResult.restore(json.loads(json.dumps(events[0].payload)))

    return asyncio.run(session())


@pytest.mark.parametrize(
    ("auth_type", "seconds", "lasts"),
    [
        ("ecs_ram_role", 8, 1),  # from one to two seconds
        pytest.param("ram_role_arn", 300, 4, marks=pytest.mark.rotation),
    ],
)
def test_no_export_and_no_wait_fails_while_keys_come_and_go(
    emulator: Emulator,
    stand_in: Any,
    connect: Callable[..., DysmsHook],
    tmp_path: Path,
    auth_type: str,
    seconds: int,
    lasts: float,
) -> None:
    stand_in.lasts = lasts
    lines = seconds * EACH_SECOND
    noon = dates.day_start(DAY) + timedelta(hours=12)
    numbers = [f"139{place:08}" for place in range(lines)]
    emulator.add_messages([{"phone_number": each, "out_id": each[3:], "sent_at": noon.isoformat()} for each in numbers])
    (tmp_path / "sent.csv").write_text("\n".join(["phone_number,out_id", *(f"{n},{n[3:]}" for n in numbers), ""]))
    emulator.configure(transition="time", receipt_seconds=seconds)
    message_id = connect(auth_type).send_message_to_globe("+85251234567", "Hello").message_id
    endings: list[WaitResult] = []
    waiting = threading.Thread(target=lambda: endings.append(wait_for(message_id, seconds)))
    waiting.start()
    began = time.monotonic()
    manifest = export(tmp_path)
    took = time.monotonic() - began
    waiting.join(timeout=60 + 10 * seconds)

    assert manifest["result"]["by_state"] == {"delivered": lines}
    assert [ending.ended for ending in endings] == ["decided"]
    assert took > seconds / 2
    keys = sum(each.get("Action") == "AssumeRole" or each["path"].endswith("sms-role") for each in stand_in.asked)
    asked = {action: counts["requests"] for action, counts in emulator.requests().items()}
    refused = manifest["run"]["requests"] - asked["QuerySendDetails"]  # the emulator counts what it let in
    print(f"{auth_type}: {keys} keys in {took:.0f} s, {asked}, {refused} asked again with another key, 0 failures")
    assert keys >= took / (lasts + 1)
    assert refused <= lines / 100
    # The threads that the vendor's package starts for ECS roles by default.
    assert not [each for each in threading.enumerate() if each.name.startswith(("APScheduler", "non-blocking"))]
