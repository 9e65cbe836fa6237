"""The connections that the emulator prints and returns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass


def test_the_connection_has_the_form_of_airflow(emulator: Any) -> None:
    connection = json.loads(emulator.connection_json(quota_share=1))
    assert connection == emulator.connection(quota_share=1)
    assert connection["extra"] == {"region_id": "cn-hangzhou", "quota_share": 1}
    assert emulator.url == f"{connection['schema']}://{connection['host']}:{connection['port']}"
