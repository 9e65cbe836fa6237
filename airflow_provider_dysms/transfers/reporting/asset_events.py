"""Adds the figures of a day to the events of the assets that a transfer writes, for the DAGs that wait for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_dysms.storage.manifest import Manifest

#: Entries of the manifest's ``result`` that the event has.
RESULT_FIGURES = ("send_date", "settled", "rows", "missing", "unlogged")


def add_to_asset_events(manifest: Manifest, outlets: Iterable[Any], context: Mapping[str, Any]) -> None:
    """Add the figures of a day to the event of each asset; without a run there are no events.

    :param manifest: the committed manifest
    :param outlets: the task's ``outlets``
    :param context: the task's context
    """
    if "outlet_events" not in context:
        return
    figures = {name: manifest["result"][name] for name in RESULT_FIGURES}
    figures["statistics_gap"] = manifest["run"]["statistics_gap"]
    for outlet in outlets:
        if isinstance(outlet, (Asset, AssetAlias)):
            context["outlet_events"][outlet].extra |= figures
