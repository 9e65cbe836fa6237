"""The event of each asset has the figures of the day."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from airflow.sdk import Asset, AssetAlias

from airflow_provider_dysms.transfers.reporting.asset_events import add_to_asset_events

RESULT = {"send_date": "2025-06-01", "settled": True, "rows": 3, "missing": 1, "unlogged": 0, "sha256": "abc"}
MANIFEST: dict[str, Any] = {"result": RESULT, "run": {"statistics_gap": False, "requests": 7}}


def test_assets_and_aliases_get_the_figures_and_keep_what_they_have() -> None:
    asset, alias = Asset("s3://bucket/out"), AssetAlias("audits")
    events = {asset: SimpleNamespace(extra={"ours": 1}), alias: SimpleNamespace(extra={})}
    add_to_asset_events(MANIFEST, [asset, alias, "something else"], {"outlet_events": events})
    figures = {
        "send_date": "2025-06-01", "settled": True, "rows": 3, "missing": 1, "unlogged": 0, "statistics_gap": False,
    }  # fmt: skip
    assert events[asset].extra == {"ours": 1, **figures}
    assert events[alias].extra == figures


def test_outside_of_a_run_there_are_no_events() -> None:
    add_to_asset_events(MANIFEST, [Asset("s3://bucket/out")], {})
