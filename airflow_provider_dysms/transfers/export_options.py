"""The arguments of one export as plain values, so that an export runs without an operator."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.arguments.text_with_day import PARTITION
from airflow_provider_dysms.audit.send_log.options import LogOptions
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model.private_struct import PrivateStruct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_dysms.model.choices import (
        Binary,
        Content,
        FileFormat,
        Match,
        OutsideWindow,
        Phone,
        Refresh,
        SentFormat,
        Statistics,
        Vendor,
    )


class ExportOptions(PrivateStruct, frozen=True, kw_only=True):
    """The rendered and checked arguments of an export; ``repr`` shows none of them.

    Names, meanings and defaults are those of
    :class:`~airflow_provider_dysms.transfers.dysms_to_object_storage.DysmsToObjectStorageOperator` and
    :class:`~airflow_provider_dysms.transfers.dysms_receipts_to_object_storage.DysmsReceiptsToObjectStorageOperator`.
    Only ``send_date`` has no default here: the operators' is a template, and nothing renders it.
    """

    output_uri: str
    send_date: Any
    sent_uri: str | None = None
    phone_numbers: Any = None
    columns: Mapping[str, str] | None = None
    carry: Sequence[str] | None = ()
    sent_format: SentFormat | None = None
    encoding: str | None = None
    delimiter: str | None = None
    time_format: str | None = None
    timezone: str | None = None
    binary: Binary | None = None
    multiline: bool = False
    max_line_bytes: int = 1024**2
    max_file_bytes: int = 4 * 1024**3
    match: Match = "auto"
    file_format: FileFormat = "jsonl"
    compression: str | None = None
    csv_safe: bool = False
    partition: str = PARTITION
    content: Content = "drop"
    phone: Phone = "plain"
    refresh: Refresh = "unsettled"
    resume_within: float = 21_600
    outside_window: OutsideWindow = "fail"
    max_missing_rate: float = 0.05
    max_rejected_rate: float = 0.05
    statistics: Statistics = "record"
    requests_per_second: float | None = None
    receipts_uri: str | None = None
    vendor: Vendor | None = None
    lookahead_days: int = 3
    push_conn_id: str | None = None
    max_rejected_receipts: float = 0.05
    cross_check: float = 0.01
    max_cross_check_differences: float = 0.002
    dysms_conn_id: str = DysmsHook.default_conn_name

    @classmethod
    def from_attributes(cls, source: object) -> ExportOptions:
        """Return the options that an object has as attributes of the same names; the others have their default.

        :param source: such as the transfer operator, after its templates are rendered
        """
        return cls(**{name: getattr(source, name) for name in cls.__struct_fields__ if hasattr(source, name)})

    def log_options(self) -> LogOptions:
        """Return the options that describe how the files of the send log are written.

        :raises DysmsInputError: one of them is not valid
        """
        return LogOptions(**{field.name: getattr(self, field.name) for field in fields(LogOptions) if field.init})
