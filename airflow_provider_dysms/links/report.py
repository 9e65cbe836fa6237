"""The link from an audit to the delivery report of its day, among the pages in Airflow's UI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator


class DysmsReportLink(BaseOperatorLink):
    """Opens the delivery report of the day that a task has audited.

    There is a link if the pages are on, and the option ``[dysms] archives`` names the folder that the task writes to.
    """

    name = "SMS delivery of the day"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the address of the report, without a host; Airflow calls this on the worker, after the task.

        :param operator: a task with ``send_date`` and ``output_uri`` that tells by ``has_committed`` whether it wrote
        :returns: an empty text if there is nothing to show
        """
        if not getattr(operator, "has_committed", False):
            return ""
        return report_address(operator)


def report_address(operator: Any) -> str:
    """Return the address of the report of a task's day; an empty text if no page shows it."""
    from airflow.sdk.configuration import conf

    from airflow_provider_dysms.links.page_addresses import archive_of, page_path, report_query
    from airflow_provider_dysms.model.dates import parse_day
    from airflow_provider_dysms.model.errors import DysmsInputError

    if not conf.getboolean("dysms", "pages", fallback=True):
        return ""
    archive = archive_of(conf.get("dysms", "archives", fallback=None), operator.output_uri)
    try:
        day = parse_day(operator.send_date)
    except DysmsInputError:
        return ""
    path = page_path(conf.get("api", "base_url", fallback=None), "report")
    return f"{path}?{report_query(archive, day)}" if archive else ""
