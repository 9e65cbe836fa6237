"""Attempts of a send without an operator: plain values in, and a state store that is a dict."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.operators.send_once.task_attempt import TaskAttempt

TEMPLATE = "SMS_154950909"

#: Seconds for which the emulator takes a signature here.
LIFETIME = 6


@pytest.fixture
def sends(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """The emulator, with a connection that may send."""
    emulator.add_templates({TEMPLATE: "${code}"})
    emulator.configure(skew_v3=LIFETIME)
    secret = "a key of the tests, " + "32 characters"
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1, privacy_secret=secret))
    return emulator


@pytest.fixture
def attempt() -> Callable[..., TaskAttempt]:
    """Make attempts of one task; ``state`` is the content of Airflow's task state."""

    def make(number: int = 1, state: dict[str, Any] | None = None, **changed: Any) -> TaskAttempt:
        now = datetime.now(UTC)
        values: dict[str, Any] = {
            "dag_id": "dag",
            "run_id": "run",
            "task_id": "send",
            "number": number,
            "began": now,
            "run_after": now,
            "run_started": now,
        }
        if state is not None:
            values["state_store"] = SimpleNamespace(get=state.get, set=state.__setitem__)
        return TaskAttempt(**{**values, **changed})

    return make
