"""The handlers of the admin path, called from Python and over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.quotas import QUOTAS

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_clock_is_set_moved_and_frozen(emulator: Any) -> None:
    instant = datetime(2025, 6, 1, 8, 44, 13, tzinfo=UTC)
    emulator.set_clock(instant, frozen=True)
    assert emulator.now() == instant
    emulator.advance(90)
    assert emulator.now() == instant + timedelta(seconds=90)
    emulator.set_clock(instant)
    assert timedelta(0) <= emulator.now() - instant < timedelta(seconds=5)
    with pytest.raises(InputError, match="time zone"):
        emulator.set_clock(datetime(2025, 6, 1))  # noqa: DTZ001


def test_requests_are_counted_and_kept(emulator: Any, legacy: Callable[..., bytes]) -> None:
    before = emulator.connections()
    legacy("2018-05-01", "QueryMessage", {"MessageId": "7"})
    assert emulator.requests() == {"QueryMessage": {"requests": 1, "throttled": 0, "worst_second": 1}}
    assert emulator.connections() == before + 1
    [call] = emulator.calls()
    assert (call["action"], call["parameters"]["MessageId"]) == ("QueryMessage", "7")
    emulator.quotas(QueryMessage=7)
    emulator.reset("requests")
    assert (emulator.requests(), emulator.connections()) == ({}, 0)
    assert emulator.quotas()["QueryMessage"] == 7


def test_a_reset_forgets_everything(emulator: Any) -> None:
    switches = emulator.switches()
    emulator.configure(total_count="string", latency_ms=1)
    emulator.quotas(QueryMessage=1)
    emulator.fault("reset")
    emulator.add_message(phone_number="13900000000")
    emulator.set_clock(datetime(2020, 1, 1, tzinfo=UTC))
    emulator.reset()
    assert (emulator.switches(), emulator.quotas(), emulator.faults()) == (switches, QUOTAS, [])
    assert emulator.messages() == []
    assert abs(emulator.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_files_are_only_written_in_the_emulators_folder(
    http_post: Any, emulator: Any, admin_path: str, tmp_path: Path
) -> None:
    folder = Path(json.loads(http_post(f"{admin_path}reset", b"{}")[1])["folder"])
    (folder / "link").symlink_to(tmp_path)
    (folder / "file").symlink_to(tmp_path / "file")
    outside = ["../out", str(tmp_path / "out"), "link/out", "file", "a/../../out", ".", str(folder), f"{folder}x/out"]
    for argument in ("log", "truth"):
        for path in outside:
            parameters = {"send_date": "2026-01-05", "messages": 10, argument: path}
            status, told = http_post(f"{admin_path}generate", json.dumps(parameters).encode())
            assert (status, argument in json.loads(told)["error"]) == (400, True), path
    assert list(tmp_path.iterdir()) == []
    assert not (folder.parent / "out").exists()
    assert emulator.messages() == []
    for path in ("log.csv", str(folder / "other.csv")):
        parameters = {"send_date": "2026-01-05", "messages": 10, "log": path}
        assert http_post(f"{admin_path}generate", json.dumps(parameters).encode())[0] == 200
    assert {"log.csv", "other.csv"} <= {each.name for each in folder.iterdir()}
    for each in folder.iterdir():
        each.unlink()
