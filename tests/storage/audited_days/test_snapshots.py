"""The figures of earlier audits that a manifest keeps, so that days can be compared at equal age."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_dysms.model.dates import iso_utc
from airflow_provider_dysms.storage.audited_days.snapshots import (
    MAX_ENTRIES,
    MAX_SNAPSHOTS,
    age_of,
    largest_entries,
    snapshots_after,
    snapshots_in,
)
from airflow_provider_dysms.storage.manifest import is_of_receipts_alone

DAY = date(2026, 11, 28)
END = datetime(2026, 11, 28, 16, tzinfo=UTC)


def result(hours: float, delivered: int = 1, **more: Any) -> dict[str, Any]:
    as_of = iso_utc(END + timedelta(hours=hours), "seconds")
    states = {"delivered": delivered}
    figures = {"by_state": states, "by_template": {"SMS_1": states}, "settled": False}
    return {"send_date": str(DAY), "as_of": as_of, **figures, "unseen": "eNo=", **more}


def audits(*hours: float) -> dict[str, Any]:
    manifest: dict[str, Any] | None = None
    for count, each in enumerate(hours):
        new = result(each, count)
        manifest = {"result": new, "run": {}, "snapshots": snapshots_after(manifest, new)}
    assert manifest is not None
    return manifest


def ages(manifest: dict[str, Any]) -> list[float]:
    as_ofs = [each["as_of"] for each in snapshots_in(manifest)]
    return [age_of(DAY, datetime.fromisoformat(each)) / timedelta(hours=1) for each in as_ofs]


def test_each_audit_keeps_the_figures_of_those_before_it() -> None:
    manifest = audits(9, 33, 57)
    assert [each["by_state"] for each in manifest["snapshots"]] == [{"delivered": 0}, {"delivered": 1}]
    assert ages(manifest) == [9, 33]
    assert "unseen" not in manifest["snapshots"][0]


def test_an_audit_of_receipts_alone_is_still_known_after_the_service_was_asked() -> None:
    (kept,) = snapshots_after({"result": result(9, source="receipts"), "run": {}}, result(33))
    assert is_of_receipts_alone(kept)
    assert not is_of_receipts_alone(audits(9, 33)["snapshots"][0])


def test_an_attempt_after_its_own_commit_is_not_another_audit() -> None:
    manifest = audits(9, 33)
    assert snapshots_after(manifest, result(33)) == manifest["snapshots"]


def test_the_first_audit_and_what_is_not_an_audit_keep_nothing() -> None:
    assert snapshots_after(None, result(9)) == []
    assert snapshots_after(audits(9), {"send_date": str(DAY)}) == []
    assert snapshots_after({"result": {"send_date": str(DAY)}, "run": {}}, result(9)) == []


def test_figures_that_an_earlier_release_did_not_write_are_left_out() -> None:
    (kept,) = snapshots_after(audits(9), result(33))
    assert "by_country" not in kept


@pytest.mark.parametrize("stored", [None, 7, {}, ["x"], [{}], [{"by_state": {}}], [{"by_state": {}, "as_of": "now"}]])
def test_damaged_snapshots_are_left_out(stored: Any) -> None:
    manifest = {**audits(9), "snapshots": stored}
    assert snapshots_in(manifest) == []
    assert len(snapshots_after(manifest, result(33))) == 1


def test_hourly_audits_are_thinned_so_that_each_age_has_one_nearby() -> None:
    kept = ages(audits(*range(-20, 100)))
    assert len(kept) == MAX_SNAPSHOTS
    assert (kept[0], kept[-1]) == (-20, 98)
    for age in range(1, 72):
        assert min(abs(min(each, 72) - age) for each in kept) <= 1 + 0.2 * age, (age, kept)


def test_many_entries_are_shortened_and_the_sums_stay_right() -> None:
    templates = {f"SMS_{place}": {"delivered": place} for place in range(200)}
    (kept,) = snapshots_after({"result": result(9, by_template=templates), "run": {}}, result(33))
    assert len(kept["by_template"]) == MAX_ENTRIES + 1
    assert sum(states["delivered"] for states in kept["by_template"].values()) == sum(range(200))


def test_others_that_are_there_already_stay_others() -> None:
    assert largest_entries({"(others)": 90, "a": 3, "b": 2, "c": 1}, 2) == {"a": 3, "b": 2, "(others)": 91}
