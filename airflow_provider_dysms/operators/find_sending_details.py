"""The operator that searches the archive: messages by number, template, result, time and more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_provider_dysms.arguments import template_values
from airflow_provider_dysms.arguments.dag_parse_checks import CheckedArguments, flag, one_of, optional
from airflow_provider_dysms.arguments.private_fields import PrivateField, PrivatePartial
from airflow_provider_dysms.arguments.text_with_day import PARTITION, text_with_day
from airflow_provider_dysms.exceptions import airflow_errors, without_frames
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.lineage import Dataset, TellsLineage
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.choices import MessageState, SearchLimit, SendingResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

#: Largest ``max_records`` for XCom, and for a file.
MAX_IN_XCOM, MAX_IN_FILE = 1_000, 1_000_000


class DysmsFindSendingDetailsOperator(PrivatePartial, TellsLineage, CheckedArguments, BaseOperator):
    """Find messages in the archive that audits have left, the newest first; no request is sent to the service.

    The filters are those of a vendor's page of sending details; a message must pass all of them. The result is a dict:
    ``records`` (a list of dicts, without phone numbers and without the texts of messages), ``total`` (``count``,
    ``is_exact``), ``sent_from``, ``sent_to``, ``days`` (each with ``as_of``), ``not_audited``, ``audited_until``,
    ``notes``. With ``details_uri`` the records are written to that file instead, with numbers and texts as the archive
    has them, and the result has ``details_uri`` and ``rows`` in the place of ``records``.

    :param output_uri: the folder of the archive, the transfer's ``output_uri``; templated
    :param phone_number: one number in any way people write it; never shown; templated
    :param template_code: code of the template; templated
    :param result: ``Successful``, ``Sending``, ``Failed`` (failed, rejected or expired), ``Missing``, ``Unlogged``
    :param state: one of our states, such as ``expired``
    :param sign_name: signature; templated
    :param country: ISO code of the number's country; templated
    :param error_code: status code, such as ``DELIVRD`` or ``EXPIRED``; templated
    :param carried: your own column -> its text; also ``out_id``, ``biz_id``, ``message_id``; templated
    :param sent_from: beginning of the time of sending: a Beijing day, an aware datetime, or text such as
        ``2026-11-28 09:00``; default 30 days before the end; templated
    :param sent_to: its end, exclusive; default the current time; templated
    :param last: in their place, the time before the current time: ``1h``, ``24h``; templated
    :param limits: limits on the time: ``none`` (default), ``24h`` (within 60 days), ``7d`` (within 90)
    :param max_records: largest number of records, default 100; at most 1,000 in XCom and 1,000,000 in a file
    :param exact_total: whether every message is counted; default false: the total may be "at least"
    :param details_uri: file for the records, ``.jsonl``, ``.csv`` or ``.parquet``, which is replaced; templated
    :param partition: the transfer's ``partition``; templated
    :param dysms_conn_id: the connection whose ``privacy_secret`` numbers are hashed with, if they are; it is read only
        if ``phone_number`` is given; templated
    :raises DysmsTaskFailed: an argument is wrong, or numbers are hashed under another secret; Airflow does not retry it
    :raises DysmsTaskError: a day is not what its manifest says, or the store does not answer; Airflow retries it
    """

    template_fields: Sequence[str] = (
        *("output_uri", "phone_number", "template_code", "sign_name", "country", "error_code", "carried"),
        *("sent_from", "sent_to", "last", "details_uri", "partition", "dysms_conn_id"),
    )
    phone_number = PrivateField()
    reads = ("output_uri",)
    writes = ("details_uri",)
    readers: ClassVar[dict[str, Any]] = {
        "output_uri": template_values.read_uri,
        "details_uri": template_values.read_uri,
        "carried": template_values.read_mapping,
        **dict.fromkeys(("template_code", "sign_name", "country", "error_code", "last"), template_values.read_text),
    }
    checks: ClassVar[dict[str, Any]] = {
        "output_uri": validation.text,
        **dict.fromkeys(("template_code", "sign_name", "country", "error_code"), optional(validation.text)),
        "result": optional(one_of(SendingResult)),
        "state": optional(one_of(MessageState)),
        "last": optional(validation.text),
        "limits": one_of(SearchLimit),
        "exact_total": flag,
        "details_uri": optional(validation.text),
        "partition": text_with_day,
        "dysms_conn_id": validation.text,
    }

    def __init__(
        self,
        *,
        output_uri: str,
        phone_number: Any = None,
        template_code: str | None = None,
        result: SendingResult | None = None,
        state: MessageState | None = None,
        sign_name: str | None = None,
        country: str | None = None,
        error_code: str | None = None,
        carried: Mapping[str, str] | None = None,
        sent_from: Any = None,
        sent_to: Any = None,
        last: str | None = None,
        limits: SearchLimit = "none",
        max_records: int = 100,
        exact_total: bool = False,
        details_uri: str | None = None,
        partition: str = PARTITION,
        dysms_conn_id: str = DysmsHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.output_uri = output_uri
        self.phone_number = phone_number
        self.template_code = template_code
        self.result = result
        self.state = state
        self.sign_name = sign_name
        self.country = country
        self.error_code = error_code
        self.carried = carried
        self.sent_from = sent_from
        self.sent_to = sent_to
        self.last = last
        self.limits = limits
        self.max_records = max_records
        self.exact_total = exact_total
        self.details_uri = details_uri
        self.partition = partition
        self.dysms_conn_id = dysms_conn_id
        self.check_literals()

    def check_together(self) -> None:
        highest = MAX_IN_XCOM if self.details_uri is None else MAX_IN_FILE
        validation.whole_number("max_records", self.max_records, "records", 1, highest)

    @without_frames
    def execute(self, context: Context) -> dict[str, Any]:
        from airflow_provider_dysms.operators.search_archive import FILTERS, search_archive

        with airflow_errors():
            self.check_arguments()
            result = search_archive(
                {name: getattr(self, name) for name in FILTERS},
                phone_number=self.phone_number,
                hook=DysmsHook(self.dysms_conn_id),
                max_records=self.max_records,
                exact_total=self.exact_total,
                details_uri=self.details_uri,
            )
            for note in result["notes"]:
                self.log.info("%s", note)
        written = [] if self.details_uri is None else [Dataset(self.details_uri, rows=result["rows"])]
        self.tell_lineage([Dataset(self.output_uri)], written)
        return result
