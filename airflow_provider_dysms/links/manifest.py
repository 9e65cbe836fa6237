"""The link from a task to the manifest that it has committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator


class DysmsManifestLink(BaseOperatorLink):
    """Opens the manifest of the day in Airflow's UI, where the task has left it as its result.

    Browsers open neither ``s3://`` nor ``file://``, so the link does not name the file. A task that has committed
    nothing, or leaves no result, has no such link.
    """

    name = "Manifest of the day"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the address of the manifest, without a host; Airflow calls this on the worker, after the task.

        :param operator: a task that tells by ``has_committed`` whether there is a manifest
        :param ti_key: names DAG, run, task and map index
        :returns: an empty text if there is nothing to show
        """
        if not getattr(operator, "has_committed", False) or not operator.do_xcom_push:
            return ""
        return page_of_result(ti_key.dag_id, ti_key.run_id, ti_key.task_id, ti_key.map_index)


def page_of_result(dag_id: str, run_id: str, task_id: str, map_index: int | None) -> str:
    """Return the address of a task's result in Airflow's UI, relative to the host that serves it."""
    from airflow.sdk.configuration import conf

    from airflow_provider_dysms.links.page_addresses import base_path

    prefix = base_path(conf.get("api", "base_url", fallback=None))
    mapped = f"/mapped/{map_index}" if map_index is not None and map_index >= 0 else ""
    dag, run, task = (quote(part, safe="") for part in (dag_id, run_id, task_id))
    return f"{prefix}/dags/{dag}/runs/{run}/tasks/{task}{mapped}/xcom"
