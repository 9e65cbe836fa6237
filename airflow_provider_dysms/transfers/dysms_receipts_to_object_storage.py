"""The transfer operator for receipts: joins pushed status reports to a day's send log, and writes one file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_provider_dysms import YESTERDAY, metrics
from airflow_provider_dysms.arguments import template_values
from airflow_provider_dysms.arguments.dag_parse_checks import CheckedArguments, one_of, optional
from airflow_provider_dysms.arguments.text_with_day import PARTITION, fill_in_day, text_with_day
from airflow_provider_dysms.exceptions import airflow_errors, without_frames
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.lineage import TellsLineage
from airflow_provider_dysms.links.manifest import DysmsManifestLink
from airflow_provider_dysms.model.choices import Binary, FileFormat, Match, Phone, Refresh, SentFormat, Vendor
from airflow_provider_dysms.storage import file_formats
from airflow_provider_dysms.transfers.argument_checks import SHARED_CHECKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from airflow_provider_dysms.storage.manifest import Manifest


class DysmsReceiptsToObjectStorageOperator(TellsLineage, CheckedArguments, BaseOperator):
    """Join the status reports that vendors push to a day's send log, and write one row per message into object storage.

    The output is that of
    :class:`~airflow_provider_dysms.transfers.dysms_to_object_storage.DysmsToObjectStorageOperator`: the same columns,
    file, manifest and asset events, with ``source: receipts`` and the counts of ``receipts`` in the manifest's
    ``result``. Nothing is asked. For Huawei, which has no API to ask, this is the only way; no connection is needed.

    Receipts are found by message id (Huawei's ``smsMsgId``, or the id of an international message), by number and
    BizId, else by number and OutId. A line that has none of these is ``rejected``. A long message has a receipt for
    each part: it is ``delivered`` when all parts are, and ``failed`` as soon as one is not. Equal receipts collapse; a
    delivery beats a failure; else the latest report wins. Contradictions are counted as ``conflicts``. A message
    without a final receipt is ``waiting``, and ``expired`` 72 hours after it was sent; it is never ``missing``, because
    pushes get lost. A receipt without a line is ``unlogged`` if it says that the message was sent on the day (Huawei's
    do not), else it is counted.

    :param receipts_uri: the archive of pushed requests: a file, a folder or a glob in object storage, with
        ``{send_date:%Y%m%d}`` for the day on which they were received, in Beijing; JSON Lines of requests, or bare
        bodies, one per line; ``.gz``. See docs/receipts.md; templated
    :param sent_uri: the send log: a file, a folder or a glob; ``{send_date:%Y%m%d}`` stands for the day; templated
    :param columns: our name -> the log's column: ``message_id``, or ``phone_number`` with ``biz_id`` or ``out_id``;
        ``country``, ``sent_at``; default: the columns that have our names; templated
    :param carry: columns of the log that are copied to the output; templated
    :param sent_format: ``csv``, ``jsonl`` or ``parquet``; default: detected; templated
    :param encoding: of text files of the log; default: UTF-8; templated
    :param delimiter: of CSV files of the log; default: detected; templated
    :param time_format: how ``sent_at`` is written, in codes of ``strptime``; default: detected; templated
    :param timezone: IANA name of the zone of times without an offset; default ``Asia/Shanghai``; templated
    :param binary: ``hex``: carried Parquet columns of bytes are written as hexadecimal digits
    :param multiline: whether quoted CSV cells may have line ends
    :param max_line_bytes: largest line of the log; default 1 MiB
    :param max_file_bytes: largest file of the log, after it is decompressed; default 4 GiB
    :param vendor: ``aliyun`` or ``huawei``: receipts of the other are rejected; default: recognised per body and line
    :param lookahead_days: days after the day of the log whose receipts are read too, default 3: up to 30
    :param push_conn_id: a connection with Huawei's key of push authentication (login: key, password: secret, extra
        ``path``: of the address that receives); then reports of Huawei without its signature are rejected. Default:
        signatures are not verified
    :param match: ``auto`` (default) and ``biz_id``: by BizId, else OutId; ``out_id``: by OutId alone
    :param send_date: the day of the log; default the day before the end of the run's data interval, in Beijing;
        templated
    :param output_uri: folder in object storage; templated
    :param file_format: ``jsonl`` (default), ``csv`` or ``parquet``
    :param compression: ``gzip`` for jsonl and csv; ``zstd`` (default there), ``snappy`` or ``gzip`` for parquet
    :param csv_safe: for csv: texts that look like formulas are written with an apostrophe in front
    :param partition: folder of the day below ``output_uri``; templated
    :param phone: ``plain`` (default), or ``hashed`` under the ``privacy_secret`` of ``dysms_conn_id``
    :param refresh: ``unsettled`` (default): final rows of the partition stay if the archive has nothing final for them
        any more; ``all``: then the task fails
    :param max_rejected_rate: the share of lines that cannot be looked up above which the task fails, default 0.05
    :param max_rejected_receipts: the share of bodies that cannot be used, or only in part, above which the task fails,
        default 0.05
    :param asset_partitions: on Airflow 3.3, whether the event of an asset in ``outlets`` belongs to the partition of
        the day (default)
    :param dysms_conn_id: the connection whose ``privacy_secret`` hashes numbers; not read otherwise; templated
    :raises DysmsTaskFailed: an argument or the archive is wrong; Airflow does not retry the task
    :raises DysmsTaskError: no file of receipts was found, or a file changed while it was read; Airflow retries the task

    Follows https://support.huaweicloud.com/api-msgsms/sms_05_0003.html and
    https://help.aliyun.com/document_detail/101867.html
    """

    template_fields: Sequence[str] = (
        "receipts_uri",
        "sent_uri",
        "columns",
        "carry",
        "sent_format",
        "encoding",
        "delimiter",
        "time_format",
        "timezone",
        "send_date",
        "output_uri",
        "partition",
        "dysms_conn_id",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"columns": "json", "carry": "json"}
    operator_extra_links = (DysmsManifestLink(),)
    reads, writes = ("sent_uri", "receipts_uri"), ("output_uri",)
    readers: ClassVar[dict[str, Any]] = {
        "receipts_uri": template_values.read_uri,
        "sent_uri": template_values.read_uri,
        "output_uri": template_values.read_uri,
        "columns": template_values.read_mapping,
        "carry": template_values.read_texts,
    }
    checks: ClassVar[dict[str, Any]] = {
        **SHARED_CHECKS,
        "receipts_uri": text_with_day,
        "sent_uri": text_with_day,
        "vendor": optional(one_of(Vendor)),
        "match": one_of(("auto", "biz_id", "out_id")),
    }

    def __init__(
        self,
        *,
        receipts_uri: str,
        sent_uri: str,
        output_uri: str,
        columns: Mapping[str, str] | None = None,
        carry: Sequence[str] | None = (),
        sent_format: SentFormat | None = None,
        encoding: str | None = None,
        delimiter: str | None = None,
        time_format: str | None = None,
        timezone: str | None = None,
        binary: Binary | None = None,
        multiline: bool = False,
        max_line_bytes: int = 1024**2,
        max_file_bytes: int = 4 * 1024**3,
        vendor: Vendor | None = None,
        lookahead_days: int = 3,
        push_conn_id: str | None = None,
        match: Match = "auto",
        send_date: Any = YESTERDAY,
        file_format: FileFormat = "jsonl",
        compression: str | None = None,
        csv_safe: bool = False,
        partition: str = PARTITION,
        phone: Phone = "plain",
        refresh: Refresh = "unsettled",
        max_rejected_rate: float = 0.05,
        max_rejected_receipts: float = 0.05,
        asset_partitions: bool = True,
        dysms_conn_id: str = DysmsHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.receipts_uri = receipts_uri
        self.sent_uri = sent_uri
        self.output_uri = output_uri
        self.columns = columns
        self.carry = carry
        self.sent_format: SentFormat | None = sent_format
        self.encoding = encoding
        self.delimiter = delimiter
        self.time_format = time_format
        self.timezone = timezone
        self.binary: Binary | None = binary
        self.multiline = multiline
        self.max_line_bytes = max_line_bytes
        self.max_file_bytes = max_file_bytes
        self.vendor: Vendor | None = vendor
        self.lookahead_days = lookahead_days
        self.push_conn_id = push_conn_id
        self.match: Match = match
        self.send_date = send_date
        self.file_format = file_format
        self.compression = compression
        self.csv_safe = csv_safe
        self.partition = partition
        self.phone = phone
        self.refresh = refresh
        self.max_rejected_rate = max_rejected_rate
        self.max_rejected_receipts = max_rejected_receipts
        self.asset_partitions = asset_partitions
        self.dysms_conn_id = dysms_conn_id
        self.check_literals()

    def check_together(self) -> None:
        file_formats.check_compression(self.file_format, self.compression)
        file_formats.check_csv_safe(self.file_format, self.csv_safe)

    @without_frames
    def execute(self, context: Context) -> Manifest:
        from airflow_provider_dysms.assets.outlet_events import add_to_outlet_events
        from airflow_provider_dysms.lineage import audit_datasets
        from airflow_provider_dysms.transfers.export_options import ExportOptions
        from airflow_provider_dysms.transfers.from_receipts.export_receipts import export_receipts
        from airflow_provider_dysms.transfers.known_rows.resume import owner_of
        from airflow_provider_dysms.transfers.reporting.xcom_result import for_xcom

        with airflow_errors():
            self.check_arguments()
            options = ExportOptions.from_attributes(self)
            manifest = export_receipts(options, owner=owner_of(context.get("ti")), log=self.log)
        add_to_outlet_events(manifest, self.outlets, context, self.log, partitions=self.asset_partitions)
        metrics.count_rows(manifest["result"]["by_state"])
        self.tell_lineage(*audit_datasets(manifest, self.sent_uri, self.receipts_uri))
        return for_xcom(manifest)

    def _do_render_template_fields(self, parent: Any, *arguments: Any, **named: Any) -> None:
        """Fill in the day too, so that Airflow shows the file of the day. It calls this for mapped tasks as well."""
        super()._do_render_template_fields(parent, *arguments, **named)
        if parent is self:
            fill_in_day(self, ("sent_uri", "partition"))
