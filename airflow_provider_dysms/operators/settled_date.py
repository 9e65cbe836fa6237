"""The operator that owns the asset of settled days: it succeeds for a settled day, and is skipped for any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_provider_dysms import YESTERDAY
from airflow_provider_dysms.arguments import template_values
from airflow_provider_dysms.arguments.dag_parse_checks import CheckedArguments, flag
from airflow_provider_dysms.arguments.text_with_day import PARTITION, text_with_day
from airflow_provider_dysms.exceptions import airflow_errors, without_frames
from airflow_provider_dysms.lineage import TellsLineage
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.dates import parse_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context


class DysmsSettledDateOperator(TellsLineage, CheckedArguments, BaseOperator):
    """Succeed if a day is settled, so that its asset has an event; be skipped if it is not.

    A declared asset has an event whenever its task succeeds, so the transfer cannot own an asset of settled days: it
    also succeeds for a day that may still change. Put this task behind it, give it the asset, and let other DAGs start
    from that asset. No request is sent to the service: the task reads the day's manifest.

    The result, and the ``extra`` of the event, are the figures of the day: ``send_date``, ``settled``, ``rows``,
    ``missing``, ``unlogged`` and ``statistics_gap``.

    :param output_uri: the transfer's ``output_uri``; templated
    :param send_date: the day, in any form that the transfer takes; default the day before the end of the run's data
        interval, in Beijing, or the run's partition key; templated
    :param partition: the transfer's ``partition``; templated
    :param asset_partitions: as for the transfer: whether, on Airflow 3.3, the event belongs to the partition of the
        day, default true
    :raises AirflowSkipException: the day is not settled, or was never audited; the message says which
    :raises DysmsTaskFailed: an argument is wrong, or the manifest is damaged; Airflow does not retry the task
    :raises DysmsTaskError: the store does not answer; Airflow retries the task
    """

    template_fields: Sequence[str] = ("output_uri", "send_date", "partition")
    reads = ("output_uri",)
    readers: ClassVar[dict[str, Any]] = {"output_uri": template_values.read_uri}
    checks: ClassVar[dict[str, Any]] = {
        "output_uri": validation.text,
        "send_date": lambda argument, value: parse_day(value, argument),
        "partition": text_with_day,
        "asset_partitions": flag,
    }

    def __init__(
        self,
        *,
        output_uri: str,
        send_date: Any = YESTERDAY,
        partition: str = PARTITION,
        asset_partitions: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.output_uri = output_uri
        self.send_date = send_date
        self.partition = partition
        self.asset_partitions = asset_partitions
        self.check_literals()

    @without_frames
    def execute(self, context: Context) -> dict[str, Any]:
        from airflow_provider_dysms.assets.outlet_events import add_to_outlet_events, event_figures
        from airflow_provider_dysms.operators.read_settled import read_settled

        with airflow_errors():
            self.check_arguments()
            manifest = read_settled(self.output_uri, parse_day(self.send_date), partition=self.partition)
        figures = event_figures(manifest)
        self.log.info("%s is settled, with %s rows", figures["send_date"], figures["rows"])
        add_to_outlet_events(manifest, self.outlets, context, self.log, partitions=self.asset_partitions)
        return figures
