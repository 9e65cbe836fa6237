"""Records what this release stores: run it when a stored format has grown, into a folder of that release's version.

``python -m pytest tests/support/record_formats.py`` writes ``tests/stored_formats/recorded/<version>``; pytest does not
collect it by itself. What is recorded stays: later releases must read it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, AirflowRescheduleException, TaskDeferred

from airflow_provider_dysms import __version__
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.operators.dysms import DysmsSendMessageToGlobeOperator, DysmsSendSmsOperator
from airflow_provider_dysms.sensors.dysms import DysmsMessageSensor, DysmsSendDetailsSensor
from airflow_provider_dysms.storage import checkpoints
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator
from support import TESTS

FOLDER = TESTS / "stored_formats" / "recorded" / __version__
SECRET = "the secret of the recordings, 1"
NUMBERS = ["139" + "00001111", "139" + "00002222"]
DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
NOON = dates.day_start(DAY) + timedelta(hours=12)


class Store(dict[str, Any]):
    """Airflow's store of a task's state, as a dict."""

    def __bool__(self) -> bool:
        return True

    def set(self, key: str, value: Any) -> None:
        self[key] = json.loads(json.dumps(value))


def write(name: str, value: object) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / name).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")


@pytest.fixture(autouse=True)
def connection(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator.configure(transition="at_once")
    # The name that the earliest release knows; later ones read it too.
    extra = {"quota_share": 1, "privacy_key": SECRET, "timeout": 2}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(**extra))


def context(**more: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    ti = SimpleNamespace(
        dag_id="recorded", task_id="wait", run_id="recorded", map_index=-1, try_number=1, start_date=now,
        xcom_push=lambda **_: None, get_first_reschedule_date=lambda _: now,
    )  # fmt: skip
    run = SimpleNamespace(run_id="recorded", clear_number=0, start_date=now, run_after=now, data_interval_end=now)
    return {"ti": ti, "task_instance": ti, "dag_run": run, **more}


def abroad(emulator: Emulator, *states: str, **more: Any) -> list[str]:
    """Add one international message per state; return their ids."""
    added = emulator.add_messages([{"phone_number": "+85251246802", "state": state, **more} for state in states])
    return [message["message_id"] for message in added]


def deferred(sensor: Any) -> dict[str, Any]:
    """Return the trigger that a sensor defers to, as Airflow stores it."""
    with pytest.raises(TaskDeferred) as raised:
        sensor.execute(context())
    classpath, kwargs = raised.value.trigger.serialize()
    return {"classpath": classpath, "kwargs": kwargs}


def test_triggers(emulator: Emulator) -> None:
    ids = abroad(emulator, "waiting", "delivered", "waiting")
    biz_id = "900619746936498440^0"
    emulator.add_messages([{"phone_number": n, "biz_id": biz_id, "state": "waiting"} for n in NUMBERS])
    today = dates.beijing_day(datetime.now(UTC))
    waits = {"task_id": "wait", "deferrable": True}
    write(
        "triggers.json",
        {
            "message": deferred(DysmsMessageSensor(message_ids=ids, **waits)),
            "send_details": deferred(
                DysmsSendDetailsSensor(phone_numbers=NUMBERS, biz_id=biz_id, send_date=today, **waits)
            ),
        },
    )


def test_events(emulator: Emulator) -> None:
    recorded = {}
    for name, states, span in (
        ("decided", ["delivered", "failed", "expired"], 60.0),
        ("timeout", ["waiting", "delivered"], 3.0),
    ):
        soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        ids = abroad(emulator, *states, settles_at=soon)
        sensor = DysmsMessageSensor(task_id="wait", message_ids=ids, deferrable=True, fail_on_failed=False)
        trigger = deferred(sensor)
        trigger["kwargs"] |= {"deadline": datetime.now(UTC).timestamp() + span, "poke_interval": 0.2}
        recorded[name] = {"message_ids": ids, "states": states, "payload": event_of(trigger)}
    trigger["kwargs"]["known"] = "not readable"
    recorded["refused"] = {"message_ids": ids, "states": [], "payload": event_of(trigger)}
    write("events.json", recorded)


def event_of(trigger: dict[str, Any]) -> Any:
    """Run a trigger from how it is stored; return the payload of its event."""
    from airflow.sdk._shared.module_loading import import_string

    async def run() -> Any:
        running = import_string(trigger["classpath"])(**trigger["kwargs"])
        try:
            return (await anext(running.run())).payload
        finally:
            await running.cleanup()

    return asyncio.run(run())


def test_reschedule_state(emulator: Emulator) -> None:
    states = ["waiting", "delivered", "waiting"]
    ids = abroad(emulator, *states)
    store = Store()
    sensor = DysmsMessageSensor(task_id="wait", message_ids=ids, mode="reschedule", fail_on_failed=False)
    with pytest.raises(AirflowRescheduleException):
        sensor.execute(context(task_state_store=store))
    write("reschedule_state.json", {"message_ids": ids, "states": states, "store": store})


def test_sends_and_their_notes(run_dag: Callable[..., Any], emulator: Emulator) -> None:
    emulator.add_templates({"SMS_154950909": "您的验证码为${code}"})
    recorded: dict[str, Any] = {}
    for state in ("sent", "about to send", "nothing sent"):
        for kind in ("sms", "message"):
            store = Store()

            def take(context: Any, store: Store = store) -> None:
                context["task_state_store"] = store

            emulator.clear_faults()
            action = "SendSms" if kind == "sms" else "SendMessageToGlobe"
            if state == "about to send":
                emulator.fault("reset", action=action)
            if state == "nothing sent":
                emulator.fault("business", action=action, code="isv.AMOUNT_NOT_ENOUGH")
            with DAG(f"recorded_{kind}_{state.replace(' ', '_')}", schedule=None) as dag:
                if kind == "sms":
                    DysmsSendSmsOperator(
                        task_id="send", phone_numbers=NUMBERS, sign_name="示例", template_code="SMS_154950909",
                        template_param={"code": "731958"}, out_id="recorded-7", settle=0, pre_execute=take,
                    )  # fmt: skip
                else:
                    DysmsSendMessageToGlobeOperator(
                        task_id="send", to="+85251246802", message="Your code is 731958", pre_execute=take
                    )
            run = run_dag(dag)
            recorded[f"{kind}: {state}"] = {
                "state": run.state, "store": dict(store),
                "sent": run.get_task_instance("send").xcom_pull(task_ids="send"),
            }  # fmt: skip
    write("sends.json", recorded)


LOG = [("139" + f"0000{place:04}", f"order-{place}") for place in range(60)]


def send(emulator: Emulator, folder: Path) -> None:
    """A day with every state: delivered, failed, waiting, missing, unlogged and rejected."""
    emulator.add_messages(
        [
            {
                "phone_number": number, "out_id": out_id, "template_code": f"SMS_{place % 3}",
                "sent_at": (NOON + timedelta(seconds=place)).isoformat(),
                "state": "waiting" if place % 20 == 0 else "failed" if place % 10 == 0 else "delivered",
            }
            for place, (number, out_id) in enumerate(LOG[:-2])
        ]
    )  # fmt: skip
    emulator.add_message(phone_number=LOG[1][0], out_id="nobody's", sent_at=NOON.isoformat(), state="delivered")
    rows = [f"{number},{out_id},=1+{place}" for place, (number, out_id) in enumerate(LOG)]
    text = "\n".join(["phone_number,out_id,campaign", *rows, "12,order-x,", ""])
    (folder / "sent.csv").write_text(text, "utf-8")


def audit(folder: Path, out: str, **arguments: Any) -> Any:
    operator = DysmsToObjectStorageOperator(
        task_id="audit", sent_uri=f"file://{folder}/sent.csv", output_uri=f"file://{folder}/{out}", send_date=DAY,
        carry=["campaign"], **arguments,
    )  # fmt: skip
    return operator.execute(context())


def test_partitions(emulator: Emulator, tmp_path: Path) -> None:
    send(emulator, tmp_path)
    shutil.rmtree(FOLDER / "partitions", ignore_errors=True)
    for name, arguments in {
        "jsonl": {"file_format": "jsonl"},
        "jsonl_gzip": {"file_format": "jsonl", "compression": "gzip"},
        "csv": {"file_format": "csv"},
        "csv_gzip_content": {"file_format": "csv", "compression": "gzip", "content": "keep"},
        "parquet": {"file_format": "parquet"},
        "parquet_hashed": {"file_format": "parquet", "phone": "hashed"},
    }.items():
        audit(tmp_path, name, **arguments)
        shutil.copytree(tmp_path / name, FOLDER / "partitions" / name)
    shutil.copy(tmp_path / "sent.csv", FOLDER / "partitions" / "sent.csv")


def test_checkpoints(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "MAX_QUERIES", 10)
    send(emulator, tmp_path)
    emulator.configure(latency_ms=50)
    code = "isp.RAM_PERMISSION_DENY"
    emulator.fault("business", action="QuerySendDetails", code=code, skip=40, times=None)
    kept: dict[str, Any] = {}
    made = checkpoints.Checkpoints.__init__

    def remember(self: Any, store: Any, owner: Any, digest: str, **more: Any) -> None:
        kept.update(digest=digest, owner=list(owner))
        made(self, store, owner, digest, **more)

    monkeypatch.setattr(checkpoints.Checkpoints, "__init__", remember)
    with pytest.raises(AirflowFailException, match=code):
        audit(tmp_path, "out")
    shutil.rmtree(FOLDER / "checkpoints", ignore_errors=True)
    shutil.copytree(tmp_path / "out" / "_spool", FOLDER / "checkpoints" / "_spool")
    write("checkpoints.json", kept)
