"""Attempts of one audit: the real operator on the emulator, from and to a folder of the test."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dysms.api import pagination
from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates

DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
PLENTY = {"QuerySendDetails": 50_000, "QueryMessage": 50_000, "QuerySendStatistics": 20}

#: Somebody names his runs by numbers.
RUN = "manual__2026-01-05T00:00:00+00:00/139" + "00001111"
INSTANCE = {"dag_id": "daily", "run_id": RUN, "map_index": -1}


class Attempts:
    """Runs the operator as a task of one DAG run, again and again, and reads its output.

    :param emulator: whom it asks
    :param folder: logs lie in it, and what is written goes to its ``out``
    """

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.folder = folder
        self.out = folder / "out"

    def __call__(
        self,
        sent: str | None = "sent.csv",
        *,
        task: str = "audit",
        day: date = DAY,
        instance: dict[str, Any] = INSTANCE,
        **arguments: Any,
    ) -> dict[str, Any]:
        """Run one attempt; return the manifest."""
        from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

        if sent is not None:
            arguments["sent_uri"] = f"file://{self.folder}/{sent}"
        arguments = {"output_uri": f"file://{self.out}", "send_date": day, **arguments}
        context = {"ti": SimpleNamespace(task_id=task, **instance)}
        return DysmsToObjectStorageOperator(task_id=task, **arguments).execute(context)

    def connection(self, **extra: Any) -> str:
        """Return the connection as JSON."""
        given = {"quota_share": 1, "quota": PLENTY, "privacy_secret": "k" * 32, **extra}
        return self.emulator.connection_json(**given)

    def send(self, messages: int) -> None:
        """Send one message to each of a count of numbers, each one question; write the log ``sent.csv``."""
        noon = dates.day_start(DAY) + timedelta(hours=12)
        sent = [
            {
                "phone_number": f"1390000{place:04}",
                "out_id": f"order-{place}",
                "sent_at": (noon + timedelta(seconds=place)).isoformat(),
                "state": "waiting" if place % 50 == 0 else "failed" if place % 10 == 0 else "delivered",
            }
            for place in range(messages)
        ]
        self.emulator.add_messages(sent)
        lines = [f"{line['phone_number']},{line['out_id']},{place % 7}" for place, line in enumerate(sent)]
        (self.folder / "sent.csv").write_text("\n".join(["phone_number,out_id,campaign", *lines, ""]), "utf-8")

    def generate(self, messages: int, **how: Any) -> None:
        """Make up the day, and its log ``sent.csv``."""
        self.emulator.generate(send_date=DAY, messages=messages, log=self.folder / "sent.csv", **how)

    def refuse_after(self, questions: int) -> None:
        """Have every query about numbers after this many refused, which ends an attempt at once."""
        self.emulator.fault(
            "business", action="QuerySendDetails", code="isp.RAM_PERMISSION_DENY", skip=questions, times=None
        )

    def asked(self) -> int:
        """Return how many questions about messages came in since the last look."""
        counts = self.emulator.requests()
        self.emulator.reset("requests")
        return sum(counts.get(action, {"requests": 0})["requests"] for action in ("QuerySendDetails", "QueryMessage"))

    def checkpoints(self) -> list[Path]:
        return sorted((self.out / "_spool").rglob("*.segment"))

    def data(self, extension: str = "jsonl") -> bytes:
        return (self.out / f"send_date={DAY}/part-0.{extension}").read_bytes()

    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.data().splitlines()]


@pytest.fixture
def attempts(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Attempts:
    emulator.quotas(**{action: int(quota) for action, quota in PLENTY.items()})
    attempts = Attempts(emulator, tmp_path)
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", attempts.connection())
    return attempts


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries of requests as in production, with hardly a wait before each."""
    policy = RetryPolicy(wait_initial=0.01, wait_account_limit=0.01)
    monkeypatch.setattr("airflow_provider_dysms.api.client.RetryPolicy", lambda: policy)
    monkeypatch.setattr(pagination, "PAUSES", tuple(min(pause, 0.01) for pause in pagination.PAUSES))


@pytest.fixture
def elsewhere(attempts: Attempts) -> Callable[[str], Attempts]:
    """Return attempts that write to another folder."""

    def make(name: str) -> Attempts:
        other = Attempts(attempts.emulator, attempts.folder)
        other.out = attempts.folder / name
        return other

    return make


@pytest.fixture
def audit(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Run the operator by itself on a log below ``tmp_path``, into ``tmp_path/out``; return its manifest.

    ``extra`` and ``connection`` change the connection, everything else is an argument of the operator.
    """
    from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

    emulator.quotas(**PLENTY)

    def run(sent: str | None = None, **arguments: Any) -> dict[str, Any]:
        extra = {"quota_share": 1, "quota": PLENTY, "privacy_secret": "k" * 32, **arguments.pop("extra", {})}
        connection = json.loads(emulator.connection_json(**extra)) | arguments.pop("connection", {})
        monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps(connection))
        if sent is not None:
            arguments["sent_uri"] = f"file://{tmp_path}/{sent}"
        arguments = {"output_uri": f"file://{tmp_path}/out", "send_date": DAY, **arguments}
        return DysmsToObjectStorageOperator(task_id="audit", **arguments).execute({})

    return run
