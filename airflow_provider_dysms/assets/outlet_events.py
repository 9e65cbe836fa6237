"""Adds the figures of a day, and the day as partition, to the events of a task's assets, which start other DAGs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_dysms.storage.manifest import Manifest

#: Entries of the manifest's ``result`` that the event has.
RESULT_FIGURES = ("send_date", "settled", "rows", "missing", "unlogged")


def add_to_outlet_events(
    manifest: Manifest, outlets: Iterable[Any], context: Mapping[str, Any], log: Any, *, partitions: bool = True
) -> None:
    """Add the figures of a day to the event of each asset; without a run there are no events.

    An alias gets an event of the output folder, whose URI has no connection id.

    :param manifest: the committed manifest
    :param outlets: the task's ``outlets``
    :param context: the task's context
    :param log: the task's logger
    :param partitions: whether the event of an asset belongs to the partition of the day, if this Airflow has partitions
        of events (3.3); an alias cannot carry one
    """
    if "outlet_events" not in context:
        return
    figures = event_figures(manifest)
    for outlet in outlets:
        if isinstance(outlet, AssetAlias):
            output = Asset(uri=manifest["run"]["output_uri"])
            context["outlet_events"][outlet].add(output, extra=figures)
        elif isinstance(outlet, Asset):
            event = context["outlet_events"][outlet]
            event.extra |= figures
            if partitions and hasattr(event, "add_partitions"):
                event.add_partitions(figures["send_date"])
                log.info("The event of the asset %r is one of the partition %s", outlet.name, figures["send_date"])


def event_figures(manifest: Manifest) -> dict[str, Any]:
    """Return the figures of a manifest that an event has.

    :param manifest: a committed manifest, also one of an earlier release, which may lack some
    """
    figures = {name: manifest["result"].get(name) for name in RESULT_FIGURES}
    return {**figures, "statistics_gap": manifest["run"].get("statistics_gap")}
