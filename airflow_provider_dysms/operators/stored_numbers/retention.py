"""The operators that forget: whole days past their time, and people who ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_provider_dysms.arguments import template_values
from airflow_provider_dysms.arguments.dag_parse_checks import CheckedArguments, one_of
from airflow_provider_dysms.arguments.private_fields import PrivateField, PrivatePartial, normalized_numbers
from airflow_provider_dysms.arguments.text_with_day import PARTITION, text_with_day
from airflow_provider_dysms.exceptions import airflow_errors, without_frames
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.choices import Erasure
from airflow_provider_dysms.retention.keep_days import check_keep_days

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context


class DysmsExpireArchiveOperator(CheckedArguments, BaseOperator):
    """Remove the partitions of days past their time, each whole and with its manifest; no request is sent.

    The manifest is removed first, then the data file. So a reader that begins with the manifests never finds a day
    without its data. A run that is killed is finished by the next one. Two more things end with time: checkpoints in
    ``_spool/`` that no retry can use any more (72 hours), and the digests in the records of erasures of days that the
    service has forgotten (31 days).

    The result has ``first_kept``, the number of ``partitions`` that were removed, their ``first`` and ``last`` day, the
    number of partitions that were ``kept``, of ``checkpoints`` and of ``erasures``.

    :param output_uri: the transfer's ``output_uri``; templated
    :param keep_days: complete Beijing days before today that are kept: 31 to 36,500. The service remembers 30 days, and
        a day that it remembers may be audited again
    :param partition: the transfer's ``partition``; templated
    :raises DysmsTaskFailed: an argument is wrong, or the store refuses; Airflow does not retry the task
    :raises DysmsTaskError: the store does not answer; Airflow retries the task
    """

    template_fields: Sequence[str] = ("output_uri", "partition")
    readers: ClassVar[dict[str, Any]] = {"output_uri": template_values.read_uri}
    checks: ClassVar[dict[str, Any]] = {
        "output_uri": validation.text,
        "keep_days": check_keep_days,
        "partition": text_with_day,
    }

    def __init__(self, *, output_uri: str, keep_days: int, partition: str = PARTITION, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_uri = output_uri
        self.keep_days = keep_days
        self.partition = partition
        self.check_literals()

    @without_frames
    def execute(self, context: Context) -> dict[str, Any]:
        from datetime import UTC, datetime

        from airflow_provider_dysms.retention.expire import expire_partitions

        with airflow_errors():
            self.check_arguments()
            expired = expire_partitions(
                self.output_uri,
                keep_days=self.keep_days,
                partition=self.partition,
                now=datetime.now(UTC),
                log=self.log,
            )
        self.log.info(
            "%d partitions before %s were removed, %d are kept",
            *(expired[name] for name in ("partitions", "first_kept", "kept")),
        )
        return expired


class DysmsErasePhoneNumbersOperator(PrivatePartial, CheckedArguments, BaseOperator):
    """Erase people from every partition of an archive, and leave a record that says when and how many, not who.

    Their rows are removed, or kept with a hash in the place of the number; in other rows the number is replaced by
    ``***``. Each partition is committed whole, and the counts in its manifest stay true. Audits of the days up to today
    leave the people out from now on, although the send log still has them: the record, in ``output_uri/_erasures/``,
    has a digest of each number under the connection's ``privacy_secret``. An audit that was under way fails, and its
    retry leaves them out. Checkpoints of unfinished audits are removed; their retries ask again.

    A task that is killed is finished by its retry, with the same record. The result has the ``record``, ``begun_at``,
    ``finished_at``, ``mode``, the number of ``people``, of ``partitions`` that were searched and of those that were
    ``changed``, and how many ``rows``, and ``cells`` of other rows, were erased.

    :param output_uri: the transfer's ``output_uri``; templated
    :param phone_numbers: one or many, up to 100, in any format; templated, and shown as a count. Airflow stores
        literals in a DAG's source and in ``expand`` unchanged: use an XCom, or ``airflow dysms erase``
    :param mode: ``remove`` (default) the rows, or ``hash`` their numbers under the connection's ``privacy_secret``
    :param dysms_conn_id: the connection, default ``dysms_default``, with the ``privacy_secret`` of the archive;
        templated
    :raises DysmsTaskFailed: an argument is wrong, or a partition is hashed with an unknown secret: nothing was erased
    :raises DysmsTaskError: a partition could not be searched, or the store does not answer; Airflow retries the task
    """

    template_fields: Sequence[str] = ("output_uri", "phone_numbers", "dysms_conn_id")
    phone_numbers = PrivateField()
    readers: ClassVar[dict[str, Any]] = {"output_uri": template_values.read_uri}
    checks: ClassVar[dict[str, Any]] = {
        "output_uri": validation.text,
        "mode": one_of(Erasure),
        "dysms_conn_id": validation.text,
    }

    def __init__(
        self,
        *,
        output_uri: str,
        phone_numbers: Any,
        mode: Erasure = "remove",
        dysms_conn_id: str = DysmsHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.output_uri = output_uri
        self.phone_numbers = phone_numbers
        self.mode: Erasure = mode
        self.dysms_conn_id = dysms_conn_id
        self.check_literals()

    @without_frames
    def execute(self, context: Context) -> dict[str, Any]:
        from airflow_provider_dysms.retention.erase import erase_people

        with airflow_errors():
            self.check_arguments()
            return erase_people(
                self.output_uri,
                normalized_numbers("phone_numbers", self.phone_numbers),
                mode=self.mode,
                privacy_key=DysmsHook(self.dysms_conn_id).privacy_key,
                log=self.log,
            )
