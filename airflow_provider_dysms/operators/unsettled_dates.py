"""The catch-up operator: returns the days of the window that still have to be audited, for a mapped transfer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_provider_dysms import YESTERDAY
from airflow_provider_dysms.arguments import template_values
from airflow_provider_dysms.arguments.dag_parse_checks import CheckedArguments, optional
from airflow_provider_dysms.arguments.text_with_day import PARTITION, text_with_day
from airflow_provider_dysms.exceptions import airflow_errors, without_frames
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.dates import WINDOW_DAYS, parse_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

#: Largest ``limit``: Airflow maps a task over this many values by default.
MAX_LIMIT = 1024


class DysmsUnsettledDatesOperator(CheckedArguments, BaseOperator):
    """Return the days that still have to be audited, as ``YYYY-MM-DD``; map the transfer over them.

    A day has to be audited if it has no manifest, if it was not over when it was audited (``provisional``), or if its
    rows may still change (not ``settled``). A settled day is sealed: it is never returned. The manifests are listed
    once, those of the days in question are read, and no request is sent to the service::

        days = DysmsUnsettledDatesOperator(task_id="days", output_uri=OUTPUT, sent_uri=SENT)
        DysmsToObjectStorageOperator.partial(
            task_id="audit", output_uri=OUTPUT, sent_uri=SENT, outside_window="skip", max_active_tis_per_dag=1
        ).expand(send_date=days.output)

    The order: first the day that the service forgets after today, then ``through``, then the others, the oldest first.
    So a backlog loses no day, and does not delay the newest. In a run of a backfill only the run's own day,
    ``through``, is returned, because the other runs of the backfill have the others. A day that the service does not
    remember is never returned; if it remembers none of the days, the task is skipped.

    A manifest that is damaged, or that belongs to something else, is named in the task's log, and its day counts as
    unsettled. Data files are not looked at: ``DysmsVerifyPartitionOperator`` compares them with their manifests.

    :param output_uri: the transfer's ``output_uri``; templated
    :param through: the last day, in any form of ``send_date``; default the day before the end of the run's data
        interval, in Beijing, or the run's partition key; it must not be in the future; templated
    :param lookback_days: how many days are looked at, ``through`` included: 1 to 30, default 30
    :param limit: largest number of days that are returned, 1 to 1,024; the others are left to the next run; default all
    :param sent_uri: the transfer's ``sent_uri``; then a day without a send log yet is named in the task's log and left
        out until it has one. Default: logs are not looked for, and the transfer fails for a day without one; templated
    :param partition: the transfer's ``partition``; templated
    :raises DysmsTaskFailed: an argument is wrong, or the store refuses to list; Airflow does not retry the task
    :raises DysmsTaskError: the store does not answer; Airflow retries the task
    """

    template_fields: Sequence[str] = ("output_uri", "through", "sent_uri", "partition")
    readers: ClassVar[dict[str, Any]] = {
        "output_uri": template_values.read_uri,
        "sent_uri": template_values.read_uri,
    }
    checks: ClassVar[dict[str, Any]] = {
        "output_uri": validation.text,
        "through": lambda argument, value: parse_day(value, argument),
        "lookback_days": lambda argument, value: validation.whole_number(argument, value, "days", 1, WINDOW_DAYS),
        "limit": optional(lambda argument, value: validation.whole_number(argument, value, "days", 1, MAX_LIMIT)),
        "sent_uri": optional(text_with_day),
        "partition": text_with_day,
    }

    def __init__(
        self,
        *,
        output_uri: str,
        through: Any = YESTERDAY,
        lookback_days: int = WINDOW_DAYS,
        limit: int | None = None,
        sent_uri: str | None = None,
        partition: str = PARTITION,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.output_uri = output_uri
        self.through = through
        self.lookback_days = lookback_days
        self.limit = limit
        self.sent_uri = sent_uri
        self.partition = partition
        self.check_literals()

    @without_frames
    def execute(self, context: Context) -> list[str]:
        from datetime import UTC, datetime

        from airflow_provider_dysms import metrics
        from airflow_provider_dysms.operators.find_unsettled import find_unsettled

        is_backfill = _is_backfill(context)
        with airflow_errors():
            self.check_arguments()
            days = find_unsettled(
                output_uri=self.output_uri,
                through=parse_day(self.through, "through"),
                lookback_days=1 if is_backfill else self.lookback_days,
                limit=self.limit,
                partition=self.partition,
                sent_uri=self.sent_uri,
                now=datetime.now(UTC),
                log=self.log,
                # A run of a backfill looks at one day alone.
                report=(lambda unsettled: None) if is_backfill else metrics.report_unsettled_days,
            )
        return [day.isoformat() for day in days]


def _is_backfill(context: Context) -> bool:
    run_type = getattr(context.get("dag_run"), "run_type", None)
    return getattr(run_type, "value", run_type) == "backfill"
