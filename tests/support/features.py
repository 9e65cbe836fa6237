"""What the installed Airflow can do, found by feature."""

from __future__ import annotations

from importlib.util import find_spec


def keeps_task_state() -> bool:
    """Say whether Airflow keeps a state for its task instances: from 3.3 on."""
    return find_spec("airflow.models.task_state_store") is not None


def has_retry_policies() -> bool:
    """Say whether a task can have a retry policy: from 3.3 on."""
    return find_spec("airflow.sdk.definitions.retry_policy") is not None
