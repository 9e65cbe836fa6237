"""The link from a task to the vendor's console: the page of the site that the connection's region belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

#: Start pages of the console, as the vendor's documents and SDKs name them. Both ask the visitor to log in.
MAINLAND_CONSOLE = "https://dysms.console.aliyun.com/overview"
INTERNATIONAL_CONSOLE = "https://sms-intl.console.aliyun.com/overview"


class DysmsConsoleLink(BaseOperatorLink):
    """Opens the console of Alibaba Cloud SMS. The address is the same for every message: it names none."""

    name = "Alibaba Cloud SMS console"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the address of the console; Airflow calls this on the worker, after the task.

        :param operator: a task with ``dysms_conn_id``
        """
        from airflow_provider_dysms.api.http.regions import HONG_KONG, MAINLAND

        region = _region(operator)
        return INTERNATIONAL_CONSOLE if region and region not in MAINLAND | HONG_KONG else MAINLAND_CONSOLE


def _region(operator: Any) -> str | None:
    """Return the region of a task's connection; ``None`` if it has none, or if Airflow cannot be asked."""
    from airflow.sdk import BaseHook

    try:
        extra = BaseHook.get_connection(operator.dysms_conn_id).extra_dejson
        region = extra.get("region_id") or extra.get("region")
    except Exception:  # the task has reported it
        return None
    return region if isinstance(region, str) else None
