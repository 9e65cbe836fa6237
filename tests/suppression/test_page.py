"""Every snippet of docs/suppression.md runs, and its figures are the defaults."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.known_archives import failed, put_day, verdict

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.suppression.rules import SuppressionRules

PAGE = (Path(__file__).parents[2] / "docs/suppression.md").read_text("utf-8")
SNIPPETS = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
#: The snippet is scheduled at 03:00 UTC, and a run reads the days before the last of these times.
SCHEDULED = (datetime.now(UTC) - timedelta(hours=3)).replace(hour=3, minute=0, second=0, microsecond=0)
DAY = dates.beijing_day(SCHEDULED) - timedelta(days=1)
LISTED, FREE = "139" + "00001111", "139" + "00003333"


def test_the_snippets_make_a_list_and_send_to_the_others(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_dag: Callable[..., Any]
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1, privacy_secret="k" * 32))
    messages = [failed(DAY, LISTED, "blacklist", template_code="SMS_100000002"), verdict(DAY, FREE, second=1)]
    put_day(f"file://{tmp_path}/audits", DAY, messages)
    (tmp_path / "recipients.txt").write_text(f"{LISTED}\n{FREE}\n")
    assert len(SNIPPETS) == 2
    for snippet in SNIPPETS:
        names: dict[str, Any] = {}
        exec(snippet.replace("s3://aws_default@my-bucket", f"file://{tmp_path}"), names)
        assert {task.state for task in run_dag(names["dag"]).get_task_instances()} == {"success"}
    assert {message["phone_number"] for message in emulator.messages()} == {FREE}


def test_the_page_has_the_defaults() -> None:
    rules = SuppressionRules()
    for name in ("max_codes_per_hour", "prefix_min_messages", "prefix_min_numbers", "prefix_max_delivery_rate"):
        assert f"`{name}` {getattr(rules, name)}" in PAGE
    assert f"| `unreachable` (off, suspended, in arrears) | {rules.unreachable_after} failures on 3 days" in PAGE
    assert all(f"`{name}`" in PAGE for name in rules.__slots__)
