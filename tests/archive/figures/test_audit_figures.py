"""The figures of one audit: of the latest, or of a snapshot."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from airflow_provider_dysms.archive.figures.audit_figures import AuditFigures
from airflow_provider_dysms.archive.figures.state_counts import StateCounts

DAY = date(2026, 11, 28)
FOUND = {"as_of": "2026-11-29T01:00:00Z", "by_state": {"delivered": 2}, "delivery_seconds": {"p50": 3, "p95": 19}}


def test_the_age_counts_from_the_end_of_the_day_in_beijing() -> None:
    audit = AuditFigures.of(DAY, FOUND)
    assert (audit.age, audit.is_settled, audit.p95) == (timedelta(hours=9), False, 19)


def test_all_messages_are_a_group_too() -> None:
    assert AuditFigures.of(DAY, FOUND).group(None, "") == StateCounts(2)


def test_a_small_group_of_a_shortened_map_is_not_known_and_not_zero() -> None:
    audit = AuditFigures.of(DAY, {**FOUND, "by_template": {"SMS_1": {"delivered": 2}, "(others)": {"delivered": 1}}})
    assert audit.group("template_code", "SMS_1") == StateCounts(2)
    assert audit.group("template_code", "SMS_2") is None


@pytest.mark.parametrize("missing", ["as_of", "by_state"])
def test_without_a_time_or_states_it_is_not_an_audit(missing: str) -> None:
    with pytest.raises(KeyError):
        AuditFigures.of(DAY, {name: value for name, value in FOUND.items() if name != missing})
