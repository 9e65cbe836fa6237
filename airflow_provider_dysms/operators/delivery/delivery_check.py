"""The check operator: fails, warns or branches if a day has delivered less than it should."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator
from airflow.sdk.bases.branch import BranchMixIn

from airflow_provider_dysms import YESTERDAY
from airflow_provider_dysms.arguments import template_values
from airflow_provider_dysms.arguments.dag_parse_checks import CheckedArguments, each, one_of, optional
from airflow_provider_dysms.arguments.text_with_day import PARTITION, text_with_day
from airflow_provider_dysms.delivery_check import limits
from airflow_provider_dysms.exceptions import DysmsDeliveryBad, airflow_errors, without_frames
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.choices import OnBad
from airflow_provider_dysms.model.dates import parse_day
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from airflow_provider_dysms.delivery_check.check_day import DayVerdict


class DysmsDeliveryCheckOperator(CheckedArguments, BaseOperator, BranchMixIn):
    """Judge how a day was delivered: against fixed limits, and against the same weekdays of the weeks before.

    Give it the manifest of an audit, or a day of an archive, and at least one limit. A day is compared with audits of
    the same weekdays that ran as long after their end: a day that ended nine hours ago always has fewer deliveries than
    one that is settled. A group that has no such audit, or too few messages, is not judged, and the result says so.
    Small numbers do not alarm: a limit is broken only if the whole interval of what may lie behind the numbers is
    beyond it, and a drop counts only if usual days do not explain it. ``false_alarm_rate`` holds for all groups and
    limits of a day together. No rows are read, and no request is sent to the service.

    The result lists each group with its figures, and for each limit the value, the bound and the verdict (``good``,
    ``bad`` or ``not judged``). If a group is bad, the task fails with the worst three, and the result is in XCom as
    ``result``.

    :param output_uri: the transfer's ``output_uri``; may be left out if ``manifest`` is given and its store needs no
        connection id; templated
    :param manifest: what the transfer returned; its day is judged. Give either this or ``send_date``; templated
    :param send_date: the day, in any form that the transfer takes; default the day before the end of the run's data
        interval, in Beijing, or the run's partition key; templated
    :param partition: the transfer's ``partition``; templated
    :param min_delivery_rate: lowest delivered share of the messages whose outcome is known, such as 0.9: messages that
        wait are left out, because they may still arrive
    :param max_drop: by how much the delivered share, waiting messages included, may be below that of the same weekdays
        at equal age: 0.03 is three percentage points
    :param max_missing_rate: highest share of messages of which the service has no record; for all messages and by
        country
    :param max_waiting_rate: highest share of messages without a receipt
    :param max_latency_p95: seconds within which 95 % of the delivered messages must have arrived, rounded up to a bound
        of the manifest's buckets; for all messages, by template and by country
    :param by: what is judged in addition to all messages: a list of ``template_code``, ``country`` and ``sign_name``,
        each on its own
    :param min_messages: groups with fewer messages are not judged; default 500
    :param weeks: how many weeks before the day are compared, 2 to 12; default 4
    :param false_alarm_rate: the probability with which a usual day is called bad, default 0.003
    :param on_bad: ``fail`` (default), ``warn`` in the task's log, or ``branch``
    :param good_task_ids: for ``branch``: the tasks that run if nothing is bad
    :param bad_task_ids: for ``branch``: the tasks that run otherwise
    :raises DysmsDeliveryBad: a group is bad, with ``on_bad="fail"``; Airflow does not retry the task
    :raises DysmsTaskFailed: an argument is wrong; Airflow does not retry the task
    :raises DysmsTaskError: the day has not been audited, or the store does not answer; Airflow retries the task
    """

    inherits_from_skipmixin = True

    template_fields: Sequence[str] = ("output_uri", "manifest", "send_date", "partition")
    readers: ClassVar[dict[str, Any]] = {
        "output_uri": template_values.read_uri,
        "manifest": template_values.read_mapping,
    }
    checks: ClassVar[dict[str, Any]] = {
        "output_uri": optional(validation.text),
        "send_date": optional(lambda argument, value: parse_day(value, argument)),
        "partition": text_with_day,
        **limits.CHECKS,
        "on_bad": one_of(OnBad),
        "good_task_ids": optional(each(validation.text)),
        "bad_task_ids": optional(each(validation.text)),
    }

    def __init__(
        self,
        *,
        output_uri: str | None = None,
        manifest: Any = None,
        send_date: Any = None,
        partition: str = PARTITION,
        min_delivery_rate: float | None = None,
        max_drop: float | None = None,
        max_missing_rate: float | None = None,
        max_waiting_rate: float | None = None,
        max_latency_p95: float | None = None,
        by: Sequence[str] = (),
        min_messages: int = limits.MIN_MESSAGES,
        weeks: int = limits.WEEKS,
        false_alarm_rate: float = limits.FALSE_ALARM_RATE,
        on_bad: OnBad = "fail",
        good_task_ids: str | Sequence[str] | None = None,
        bad_task_ids: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.output_uri = output_uri
        self.manifest = manifest
        self.send_date = YESTERDAY if send_date is None and manifest is None else send_date
        self.partition = partition
        self.min_delivery_rate = min_delivery_rate
        self.max_drop = max_drop
        self.max_missing_rate = max_missing_rate
        self.max_waiting_rate = max_waiting_rate
        self.max_latency_p95 = max_latency_p95
        self.by = by
        self.min_messages = min_messages
        self.weeks = weeks
        self.false_alarm_rate = false_alarm_rate
        self.on_bad = on_bad
        self.good_task_ids = good_task_ids
        self.bad_task_ids = bad_task_ids
        self.check_literals()

    def check_together(self) -> None:
        limits.check_any_limit(self)
        if self.manifest is not None and self.send_date is not None:
            raise DysmsInputError("send_date", "is given next to manifest, which has its own day; leave one out")
        if self.manifest is None and self.output_uri is None:
            raise DysmsInputError("output_uri", "is needed to find the day, unless manifest is given")
        has_branches = self.good_task_ids is not None or self.bad_task_ids is not None
        if has_branches != (self.on_bad == "branch"):
            raise DysmsInputError("on_bad", "must be 'branch' if good_task_ids or bad_task_ids is given, and only then")

    @without_frames
    def execute(self, context: Context) -> dict[str, Any]:
        from airflow_provider_dysms.delivery_check.check_archive import check_archive, day_and_folder

        with airflow_errors():
            self.check_arguments()
            day, folder = day_and_folder(self.manifest, self.send_date, self.output_uri)
            checked = limits.CheckLimits(**{name: getattr(self, name) for name in limits.CHECKS})
            verdict = check_archive(folder, day, partition=self.partition, limits=checked, log=self.log)
        return self._end(verdict, context)

    def _end(self, verdict: DayVerdict, context: Context) -> dict[str, Any]:
        result = verdict.as_dict()
        if self.on_bad == "branch":
            self.do_branch(context, (self.good_task_ids if verdict.is_good else self.bad_task_ids) or [])
        if verdict.is_good:
            return result
        problem = f"{verdict.day}: " + "; ".join(verdict.sentences)
        if self.on_bad == "fail":
            context["ti"].xcom_push(key="result", value=result)
            raise DysmsDeliveryBad(f"{problem}. {verdict.summary}", result)
        self.log.warning("%s", problem)
        return result
