"""Starts when a day is settled, and once more when a whole week is: the DAG ``dysms_catch_up`` owns the asset.

On Airflow 3.3 the event of a settled day belongs to the partition of the day: the first DAG has one run per day, and
the second one has a run when all seven days of a week, Monday to Sunday in Beijing, are settled. An older Airflow has
no partitions of events: the first DAG starts for each settled day, and the second DAG does not exist.

Set the Airflow variable ``dysms_output_uri``.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from datetime import date, timedelta
from typing import Any

from airflow import sdk
from airflow.sdk import DAG, Asset, ObjectStoragePath, PartitionedAssetTimetable, Variable, task

log = logging.getLogger("airflow.task")

SETTLED = Asset("dysms_settled_days")

#: Whether events of an asset may have partitions.
HAS_ROLLUP = hasattr(sdk, "RollupMapper")


def states_of(day: str) -> Counter[str]:
    """Return how many messages of a day are in each state, from its manifest."""
    manifest = ObjectStoragePath(Variable.get("dysms_output_uri")) / f"_manifests/send_date={day}.json"
    return Counter(json.loads(manifest.read_text("utf-8"))["result"]["by_state"])


with DAG(
    dag_id="dysms_settled_day",
    description="Counts the messages of a day when nothing about it can change any more",
    schedule=PartitionedAssetTimetable(assets=SETTLED) if HAS_ROLLUP else [SETTLED],
    tags=["dysms"],
):

    @task
    def count_day(triggering_asset_events: Any = None) -> dict[str, dict[str, int]]:
        """Log the states of each day whose event has started the run: one, unless several came at once."""
        events = [event for found in triggering_asset_events.values() for event in found]
        states = {day: dict(states_of(day)) for day in sorted({event.extra["send_date"] for event in events})}
        for day, counts in states.items():
            log.info("%s  %s", day, counts)
        return states

    count_day()


if HAS_ROLLUP:
    with DAG(
        dag_id="dysms_settled_week",
        description="Counts the messages of a week when all of its days are settled",
        schedule=PartitionedAssetTimetable(
            assets=SETTLED,
            default_partition_mapper=sdk.RollupMapper(
                upstream_mapper=sdk.StartOfWeekMapper(
                    timezone="Asia/Shanghai", input_format="%Y-%m-%d", output_format="%Y-%m-%d"
                ),
                window=sdk.WeekWindow(),
            ),
        ),
        tags=["dysms"],
    ):

        @task
        def count_week(dag_run: Any = None) -> dict[str, int]:
            """Log the states of the week that the run's partition key begins."""
            monday = date.fromisoformat(dag_run.partition_key)
            days = [monday + timedelta(days=place) for place in range(7)]
            total = sum((states_of(day.isoformat()) for day in days), Counter[str]())
            log.info("%s to %s  %s", days[0], days[-1], dict(total))
            return dict(total)

        count_week()
