"""The verify operator: checks that a partition still matches its manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_provider_dysms import YESTERDAY
from airflow_provider_dysms.arguments import template_values
from airflow_provider_dysms.arguments.dag_parse_checks import CheckedArguments
from airflow_provider_dysms.arguments.text_with_day import PARTITION
from airflow_provider_dysms.exceptions import airflow_errors, without_frames
from airflow_provider_dysms.lineage import TellsLineage
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.dates import parse_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context


class DysmsVerifyPartitionOperator(TellsLineage, CheckedArguments, BaseOperator):
    """Read a day's file back and compare it with its manifest; no request is sent to the service.

    There must be one data file, with the size, the SHA-256, the columns and the number of rows of the manifest, and
    counting its rows must give the manifest's ``by_state``, ``missing``, ``unlogged`` and ``open``. The result has the
    values that were found: ``data``, ``bytes``, ``sha256``, ``rows``, ``by_state``, ``missing``, ``unlogged``,
    ``open``. The file is copied once to an unnamed temporary file (in ``TMPDIR``), and rows are read a few thousand at
    a time.

    :param output_uri: the transfer's ``output_uri``; templated
    :param partition: the transfer's ``partition``; templated
    :param send_date: the day, in any form that the transfer takes; it may be long past; templated
    :raises DysmsTaskError: the partition differs from its manifest, or there is none; the error names each difference.
        Airflow retries the task: the file may be on its way
    :raises DysmsTaskFailed: an argument is wrong; Airflow does not retry the task
    """

    template_fields: Sequence[str] = ("output_uri", "partition", "send_date")
    reads = ("output_uri",)
    readers: ClassVar[dict[str, Any]] = {"output_uri": template_values.read_uri}
    checks: ClassVar[dict[str, Any]] = {
        "output_uri": validation.text,
        "partition": validation.text,
        "send_date": lambda argument, value: parse_day(value, argument),
    }

    def __init__(
        self,
        *,
        output_uri: str,
        partition: str = PARTITION,
        send_date: Any = YESTERDAY,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.output_uri = output_uri
        self.partition = partition
        self.send_date = send_date
        self.check_literals()

    @without_frames
    def execute(self, context: Context) -> dict[str, Any]:
        from airflow_provider_dysms.lineage import verified_dataset
        from airflow_provider_dysms.storage.day_placeholder import render_day
        from airflow_provider_dysms.storage.verify import verify

        with airflow_errors():
            self.check_arguments()
            found = verify(self.output_uri, render_day(self.partition, parse_day(self.send_date), "partition"))
            self.log.info("%s matches its manifest: it has %s rows", found.data, found.rows)
            self.tell_lineage([verified_dataset(self.output_uri, found.rows, found.bytes, found.sha256)], [])
            return found.as_dict()
