"""The connection that tests of the hook define."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_dysms.hooks.dysms import DysmsHook


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Define the connection ``dysms_default``, as JSON or as a URI."""

    def define(connection: dict[str, Any] | str) -> DysmsHook:
        text = connection if isinstance(connection, str) else json.dumps(connection)
        monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", text)
        return DysmsHook()

    return define
