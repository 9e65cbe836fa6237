"""A seeded day: its log and its truth are those of the emulator."""

from __future__ import annotations

import pytest

from airflow_provider_dysms.testing import DysmsDay

pytestmark = pytest.mark.slow


def test_the_truth_has_one_row_for_each_message_with_its_verdict(dysms_day: DysmsDay) -> None:
    assert len(dysms_day.truth) == sum(dysms_day.by_state.values()) == 200
    assert dysms_day.by_state["delivered"] > 100
    assert {"state", "phone_number", "biz_id", "message_id", "error_code"} <= dysms_day.truth[0].keys()
    assert dysms_day.sent_uri == f"file://{dysms_day.log}"
