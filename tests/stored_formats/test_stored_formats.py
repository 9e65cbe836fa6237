"""The stored formats of earlier releases are read by this one: triggers, events, notes, checkpoints, partitions."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk._shared.module_loading import import_string
from support.record_formats import NUMBERS, SECRET, Store, context, event_of

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.operators.dysms import (
    DysmsSendMessageToGlobeOperator,
    DysmsSendSmsOperator,
    DysmsVerifyPartitionOperator,
)
from airflow_provider_dysms.sensors import state_store
from airflow_provider_dysms.sensors.dysms import DysmsMessageSensor
from airflow_provider_dysms.storage.checkpoints import Checkpoints
from airflow_provider_dysms.storage.partition import Partition
from airflow_provider_dysms.waits.targets import WatchedSendDetail, load

RELEASES = sorted(Path(__file__).with_name("recorded").iterdir())


@pytest.fixture(params=RELEASES, ids=lambda folder: folder.name)
def recorded(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param
    return folder


@pytest.fixture(autouse=True)
def connection(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"quota_share": 1, "privacy_key": SECRET, "timeout": 2}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(**extra))


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text("utf-8"))


def test_a_stored_trigger_goes_on_with_its_wait(recorded: Path, emulator: Emulator) -> None:
    trigger = read(recorded, "triggers.json")["message"]
    assert import_string(trigger["classpath"])(**trigger["kwargs"]).serialize() == tuple(trigger.values())
    ids = trigger["kwargs"]["message_ids"]
    emulator.add_messages([{"phone_number": "+85251246802", "message_id": each, "state": "delivered"} for each in ids])
    trigger["kwargs"]["deadline"] = datetime.now(UTC).timestamp() + 30
    trigger["kwargs"]["poke_interval"] = 0.1
    trigger["kwargs"]["started_at"] = trigger["kwargs"]["asked_at"] = datetime.now(UTC).timestamp() - 100
    event = event_of(trigger)
    assert (event["ended"], event["digest"]) == ("decided", trigger["kwargs"]["digest"])
    assert [row[:2] for row in event["reports"]] == [[place, "delivered"] for place in range(len(ids))]


def test_the_numbers_of_a_stored_trigger_are_unsealed(recorded: Path) -> None:
    trigger = read(recorded, "triggers.json")["send_details"]
    watched = load(PrivacyKey(SECRET).unseal(trigger["kwargs"]["sealed"]))
    assert [(each.phone_number, each.biz_id) for each in watched] == [(n, "900619746936498440^0") for n in NUMBERS]
    assert all(isinstance(each, WatchedSendDetail) for each in watched)
    assert import_string(trigger["classpath"])(**trigger["kwargs"]).serialize() == tuple(trigger.values())
    now = datetime.now(UTC).timestamp()
    trigger["kwargs"] |= {"started_at": now - 100, "asked_at": now - 90, "deadline": now - 50}
    event = event_of(trigger)  # its day is long past, or its messages are unknown to this emulator
    assert event["digest"] == trigger["kwargs"]["digest"]
    assert "this release" not in str(event["error"])


def test_a_stored_event_ends_its_task(recorded: Path) -> None:
    events = read(recorded, "events.json")
    decided = events["decided"]
    sensor = DysmsMessageSensor(
        task_id="wait", message_ids=decided["message_ids"], deferrable=True, fail_on_failed=False, wait_for="any"
    )
    event = decided["payload"]
    reports = sensor.execute_complete(context(), event)
    assert [report["state"] for report in reports] == [row[1] for row in event["reports"]]
    for name in ("timeout", "refused"):
        sensor = DysmsMessageSensor(task_id="wait", message_ids=events[name]["message_ids"], deferrable=True)
        with pytest.raises(Exception, match=r"arrived|trigger's arguments") as raised:
            sensor.execute_complete(context(), events[name]["payload"])
        assert type(raised.value).__module__.startswith("airflow")


def test_what_a_rescheduled_sensor_kept_is_known(recorded: Path) -> None:
    stored = read(recorded, "reschedule_state.json")
    digest = stored["store"][state_store.STATE_KEY]["digest"]
    reports = state_store.load_reports(context(task_state_store=stored["store"]), digest, None)
    assert {place: report.state.value for place, report in reports.items()} == dict(enumerate(stored["states"]))


@pytest.mark.parametrize("kind", ["sms", "message"])
@pytest.mark.parametrize("state", ["sent", "about to send", "nothing sent"])
def test_a_note_of_a_send_is_heeded(
    recorded: Path, kind: str, state: str, run_dag: Callable[..., Any], emulator: Emulator
) -> None:
    emulator.add_templates({"SMS_154950909": "您的验证码为${code}"})
    note = read(recorded, "sends.json")[f"{kind}: {state}"]

    def with_note(context: Any) -> None:
        context["task_state_store"] = Store(note["store"])

    arguments: dict[str, Any] = {"task_id": "send", "pre_execute": with_note}
    with DAG(f"reads_note_{kind}_{state.replace(' ', '_')}", schedule=None) as dag:
        if kind == "sms":
            DysmsSendSmsOperator(
                phone_numbers=NUMBERS,
                sign_name="示例",
                template_code="SMS_154950909",
                template_param={"code": "731958"},
                out_id="recorded-7",
                settle=0,
                **arguments,
            )
        else:
            DysmsSendMessageToGlobeOperator(to="+85251246802", message="Your code is 731958", **arguments)
    run = run_dag(dag)
    sends = [call["action"] for call in emulator.calls() if call["action"].startswith("Send")]
    if state == "sent":
        assert run.get_task_instance("send").xcom_pull(task_ids="send") == note["sent"]
        assert sends == []
    elif state == "nothing sent":
        assert (run.state, len(sends)) == ("success", 1)
    elif kind == "message":
        assert (run.state, sends) == ("failed", [])


def test_checkpoints_are_read(recorded: Path, tmp_path: Path) -> None:
    shutil.copytree(recorded / "checkpoints", tmp_path / "out")
    kept_then = read(recorded, "checkpoints.json")
    store = Partition.resolve(f"file://{tmp_path}/out", partition="p", file_format="jsonl", compression=None).store
    (name, *_) = sorted(path.name for path in (tmp_path / "out" / "_spool").rglob("*.segment"))
    began = datetime.strptime(name.split("-")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    now = began + timedelta(minutes=1)
    segments = Checkpoints(store, kept_then["owner"], kept_then["digest"], now=now, resume_within=3600)
    assert len(list(segments.read())) == 40
    assert segments.as_of == began


@pytest.mark.parametrize("how", ["jsonl", "jsonl_gzip", "csv", "csv_gzip_content", "parquet", "parquet_hashed"])
def test_partitions_fit_their_manifests(recorded: Path, how: str, tmp_path: Path) -> None:
    shutil.copytree(recorded / "partitions" / how, tmp_path / "out")
    (manifest,) = (tmp_path / "out" / "_manifests").iterdir()
    result = json.loads(manifest.read_text("utf-8"))["result"]
    verify = DysmsVerifyPartitionOperator(
        task_id="verify", output_uri=f"file://{tmp_path}/out", send_date=result["send_date"]
    )
    found = verify.execute({})
    assert found["rows"] == result["rows"] == 62
    assert Counter(found["by_state"]) == Counter(result["by_state"])
