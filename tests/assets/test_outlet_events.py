"""The event of each asset has the figures of the day, and is one of its partition."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import Asset, AssetAlias
from airflow.sdk.execution_time.context import OutletEventAccessors
from support.features import has_partitioned_events

from airflow_provider_dysms.assets.outlet_events import add_to_outlet_events, event_figures

RESULT = {"send_date": "2025-06-01", "settled": True, "rows": 3, "missing": 1, "unlogged": 0, "sha256": "abc"}
MANIFEST: dict[str, Any] = {
    "result": RESULT,
    "run": {"statistics_gap": False, "requests": 7, "output_uri": "s3://bucket/out"},
}
FIGURES = {
    "send_date": "2025-06-01", "settled": True, "rows": 3, "missing": 1, "unlogged": 0, "statistics_gap": False,
}  # fmt: skip
LOG = logging.getLogger(__name__)
PLACE = "s3://bucket/out"


@pytest.mark.parametrize("partitions", [True, False])
def test_an_asset_gets_the_figures_keeps_what_it_has_and_belongs_to_the_day(partitions: bool) -> None:
    asset = Asset(PLACE)
    events = OutletEventAccessors()
    events[asset].extra = {"ours": 1}
    add_to_outlet_events(MANIFEST, [asset, "something else"], {"outlet_events": events}, LOG, partitions=partitions)
    assert events[asset].extra == {"ours": 1, **FIGURES}
    if has_partitioned_events():
        assert events[asset].partition_keys == ({"2025-06-01"} if partitions else set())


def test_an_alias_gets_an_event_of_the_output_without_a_connection() -> None:
    alias = AssetAlias("audits")
    events = OutletEventAccessors()
    add_to_outlet_events(MANIFEST, [alias], {"outlet_events": events}, LOG)
    (event,) = events[alias].asset_alias_events
    assert (event.dest_asset_key.uri, event.extra) == (PLACE, FIGURES)


def test_an_airflow_without_partitions_of_events_gets_the_figures() -> None:
    asset = Asset(PLACE)
    events = {asset: SimpleNamespace(extra={})}
    add_to_outlet_events(MANIFEST, [asset], {"outlet_events": events}, LOG)
    assert events[asset].extra == FIGURES


def test_outside_of_a_run_there_are_no_events() -> None:
    add_to_outlet_events(MANIFEST, [Asset(PLACE)], {}, LOG)


def test_a_manifest_of_an_earlier_release_may_lack_figures() -> None:
    assert event_figures({"result": {"send_date": "2025-06-01"}, "run": {}}) == {
        **dict.fromkeys(FIGURES),
        "send_date": "2025-06-01",
    }
