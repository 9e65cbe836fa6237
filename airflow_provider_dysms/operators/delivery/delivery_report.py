"""The report operator: writes the delivery report of the last days as one HTML page, with the table behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_provider_dysms import YESTERDAY
from airflow_provider_dysms.arguments import template_values
from airflow_provider_dysms.arguments.dag_parse_checks import CheckedArguments, one_of, optional
from airflow_provider_dysms.arguments.text_with_day import PARTITION, text_with_day
from airflow_provider_dysms.exceptions import airflow_errors, without_frames
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.choices import ReportLanguage
from airflow_provider_dysms.model.dates import parse_day
from airflow_provider_dysms.reports.span import DAYS, check_days

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context


class DysmsDeliveryReportOperator(CheckedArguments, BaseOperator):
    """Write the delivery report of the last days: one HTML page that needs nothing else, and a CSV file next to it.

    The page has the last day in one line, what is wrong in sentences, the trend, failures by cause, templates,
    countries, delivery times, and what still waits, each compared with the same weekdays of the last four weeks at
    equal age. It has no script and loads nothing. Only manifests are read: no rows, and no request is sent to the
    service. The result has ``report_uri`` and ``table_uri``, the figures of the day, and ``findings``.

    :param output_uri: the transfer's ``output_uri``; templated
    :param report_uri: the place of the page, whose name ends with ``.html``; it may contain the day, as in
        ``s3://conn_id@bucket/reports/delivery-{send_date:%Y-%m-%d}.html``. The table is next to it, with ``.csv``;
        templated
    :param days: length of the trend in days, 1 to 92, default 30
    :param send_date: the last day, in any form that the transfer takes; default the day before the end of the run's
        data interval, in Beijing, or the run's partition key; templated
    :param partition: the transfer's ``partition``; templated
    :param language: ``en`` (default) or ``zh``
    :param suppression_uri: folder of the list of :class:`DysmsSuppressionListOperator`, whose numbers to stop the page
        then counts by reason; default ``None``, without them; templated
    :raises DysmsTaskFailed: an argument is wrong, or a store refuses; Airflow does not retry the task
    :raises DysmsTaskError: a store does not answer; Airflow retries the task
    """

    template_fields: Sequence[str] = ("output_uri", "report_uri", "send_date", "partition", "suppression_uri")
    readers: ClassVar[dict[str, Any]] = {
        "output_uri": template_values.read_uri,
        "report_uri": template_values.read_uri,
        "suppression_uri": template_values.read_uri,
    }
    checks: ClassVar[dict[str, Any]] = {
        "output_uri": validation.text,
        "report_uri": text_with_day,
        "days": check_days,
        "send_date": lambda argument, value: parse_day(value, argument),
        "partition": text_with_day,
        "language": one_of(ReportLanguage),
        "suppression_uri": optional(validation.text),
    }

    def __init__(
        self,
        *,
        output_uri: str,
        report_uri: str,
        days: int = DAYS,
        send_date: Any = YESTERDAY,
        partition: str = PARTITION,
        language: ReportLanguage = "en",
        suppression_uri: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.output_uri = output_uri
        self.report_uri = report_uri
        self.days = days
        self.send_date = send_date
        self.partition = partition
        self.language = language
        self.suppression_uri = suppression_uri
        self.check_literals()

    @without_frames
    def execute(self, context: Context) -> dict[str, Any]:
        from datetime import UTC, datetime

        from airflow_provider_dysms.archive.figures.read_figures import days_through, read_figures
        from airflow_provider_dysms.reports.delivery_report import render
        from airflow_provider_dysms.reports.report import build_report
        from airflow_provider_dysms.reports.report_files import ReportFiles
        from airflow_provider_dysms.reports.table import facts
        from airflow_provider_dysms.reports.wording import Wording
        from airflow_provider_dysms.storage.day_placeholder import render_day
        from airflow_provider_dysms.suppression.stopped_numbers import read_stopped

        with airflow_errors():
            self.check_arguments()
            day = parse_day(self.send_date)
            files = ReportFiles.resolve(render_day(self.report_uri, day, "report_uri"))
            span = days_through(day, self.days)
            figures = read_figures(self.output_uri, span, partition=self.partition, now=datetime.now(UTC))
            report = build_report(figures, day, days=self.days)
            stopped = read_stopped(self.suppression_uri) if self.suppression_uri else None
            files.write(render(report, language=self.language, stopped=stopped), report)
        found = facts(report, Wording(self.language))
        if found["receipts_alone_days"]:
            self.log.info("From receipts alone, not cross-checked: %s", ", ".join(found["receipts_alone_days"]))
        for each in found["findings"]:
            self.log.info("%s to %s: %s", each["first_day"], each["last_day"], each["text"])
        self.log.info("The report is %s, and the table behind it %s", files.page_uri, files.table_uri)
        return {"report_uri": files.page_uri, "table_uri": files.table_uri, **found}
