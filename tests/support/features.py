"""The abilities of the installed Airflow, found by feature."""

from __future__ import annotations

from importlib.util import find_spec


def keeps_task_state() -> bool:
    """Say whether Airflow keeps a state for its task instances: from 3.3 on."""
    return find_spec("airflow.models.task_state_store") is not None


def has_retry_policies() -> bool:
    """Say whether a task can have a retry policy: from 3.3 on."""
    return find_spec("airflow.sdk.definitions.retry_policy") is not None


def has_partitioned_events() -> bool:
    """Say whether an event of an asset may belong to a partition of its own: from 3.3 on."""
    from airflow.sdk.execution_time.context import OutletEventAccessor

    return hasattr(OutletEventAccessor, "add_partitions")


def has_local_partition_keys() -> bool:
    """Say whether CronPartitionTimetable writes keys in its own zone, and backfills by key: from 3.3 on, not in UTC."""
    from airflow.timetables.trigger import CronPartitionTimetable

    return hasattr(CronPartitionTimetable, "iter_partition_dagrun_infos")
