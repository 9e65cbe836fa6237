"""The operator that makes a suppression list: numbers that should not be sent to any more, and why."""

from __future__ import annotations

import re
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_provider_dysms import YESTERDAY
from airflow_provider_dysms.arguments import template_values
from airflow_provider_dysms.arguments.dag_parse_checks import CheckedArguments, one_of, optional
from airflow_provider_dysms.arguments.text_with_day import PARTITION, text_with_day
from airflow_provider_dysms.exceptions import airflow_errors, without_frames
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.choices import FileFormat, Phone, Pumping
from airflow_provider_dysms.model.dates import parse_day
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import safe_repr
from airflow_provider_dysms.storage import file_formats
from airflow_provider_dysms.storage.file_formats import EXTENSIONS
from airflow_provider_dysms.suppression.rules import (
    THRESHOLDS,
    SuppressionRules,
    check_days,
    check_template_types,
    check_threshold,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context


class DysmsSuppressionListOperator(CheckedArguments, BaseOperator):
    """Make the list of numbers that should not be sent to any more, from the days of an archive; no request is sent.

    The list is one file, ``suppression_uri/suppression_list/part-0.<ext>``, which readers see whole or not at all, with
    a manifest. It has one row per number, type of template and reason: ``phone_number`` (or ``phone_hash``), ``match``
    (``number`` or ``prefix``), ``template_type``, ``reason``, ``count``, ``first_seen``, ``last_seen``, ``expires_at``,
    ``is_applied``. The send operators take it as ``suppression_uri``.

    ``invalid_number`` stops every type. ``blacklist`` stops the type that the blacklist has refused: a number that
    takes no promotions still gets its one-time code. ``unreachable`` stops notices and promotions. A delivery ends a
    reason; entries of the previous list stay until they expire.

    With ``pumping``, one-time codes are searched for the two shapes of SMS pumping: ``many_in_an_hour`` and
    ``prefix_undelivered``, where a prefix is a number without its last four digits. They stop one-time codes, or are
    only reported.

    The result has ``through``, ``as_of``, the number of ``days`` and ``messages`` that were read, ``missing_days``,
    ``entries`` by reason, ``unknown_templates`` (whose messages count for no type), ``rules``, and ``list_uri``.

    :param output_uri: the archive, the transfer's ``output_uri``; templated
    :param suppression_uri: folder of the list, outside of ``output_uri``; templated
    :param template_types: template code -> ``code``, ``notice`` or ``promotion``; an empty text stands for messages
        without a template, such as international ones; templated
    :param days: number of Beijing days that are read, 1 to 366, default 30
    :param through: the last of them, in any form of ``send_date``; default the day before the end of the run's data
        interval, in Beijing; templated
    :param pumping: ``off`` (default), ``report`` (rows with ``is_applied`` false, which sends do not respect) or
        ``suppress``; only for archives with numbers in clear
    :param phone: ``plain`` (default), or ``hashed`` under the connection's ``privacy_secret``; an archive with hashed
        numbers needs ``hashed``
    :param file_format: ``jsonl`` (default), ``csv`` or ``parquet``
    :param compression: as the transfer takes it
    :param partition: the transfer's ``partition``; templated
    :param thresholds: name -> number, to change some of the defaults of
        ``suppression.rules.SuppressionRules``: ``invalid_after`` 1, ``blacklist_after`` 1,
        ``unreachable_after`` 5 on ``unreachable_days`` 3; ``invalid_days`` 90, ``blacklist_days`` 365,
        ``unreachable_expiry_days`` 30; ``max_codes_per_hour`` 10, ``prefix_min_messages`` 50, ``prefix_min_numbers``
        10, ``prefix_max_delivery_rate`` 0.3, ``pumping_days`` 7
    :param dysms_conn_id: the connection of ``privacy_secret``, only for ``phone="hashed"``, default ``dysms_default``;
        templated
    :raises DysmsTaskFailed: an argument is wrong, or the archive does not fit it; nothing was written
    :raises DysmsTaskError: a day cannot be read, or the store does not answer; Airflow retries the task
    """

    template_fields: Sequence[str] = (
        "output_uri",
        "suppression_uri",
        "template_types",
        "through",
        "partition",
        "dysms_conn_id",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"template_types": "json"}
    readers: ClassVar[dict[str, Any]] = {
        "output_uri": template_values.read_uri,
        "suppression_uri": template_values.read_uri,
        "template_types": template_values.read_mapping,
    }
    checks: ClassVar[dict[str, Any]] = {
        "output_uri": validation.text,
        "suppression_uri": validation.text,
        "template_types": check_template_types,
        "days": check_days,
        "through": lambda argument, value: parse_day(value, argument),
        "pumping": one_of(Pumping),
        "phone": one_of(Phone),
        "file_format": file_formats.check_file_format,
        "compression": optional(one_of(sorted({taken for _, taken in EXTENSIONS if taken}))),
        "partition": text_with_day,
        "dysms_conn_id": validation.text,
    }

    def __init__(
        self,
        *,
        output_uri: str,
        suppression_uri: str,
        template_types: Mapping[str, str],
        days: int = 30,
        through: Any = YESTERDAY,
        pumping: Pumping = "off",
        phone: Phone = "plain",
        file_format: FileFormat = "jsonl",
        compression: str | None = None,
        partition: str = PARTITION,
        thresholds: Mapping[str, float] | None = None,
        dysms_conn_id: str = DysmsHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.output_uri = output_uri
        self.suppression_uri = suppression_uri
        self.template_types = template_types
        self.days = days
        self.through = through
        self.pumping: Pumping = pumping
        self.phone: Phone = phone
        self.file_format = file_format
        self.compression = compression
        self.partition = partition
        self.thresholds = thresholds
        self.dysms_conn_id = dysms_conn_id
        self.check_literals()

    def check_together(self) -> None:
        file_formats.check_compression(self.file_format, self.compression)
        if not isinstance(self.thresholds, (dict, NoneType)):
            raise DysmsInputError("thresholds", f"must map names to numbers, not {safe_repr(self.thresholds)}")
        for name, value in (self.thresholds or {}).items():
            if name not in THRESHOLDS:
                raise DysmsInputError("thresholds", f"has no {name!r}; it may have {', '.join(THRESHOLDS)}")
            check_threshold(name, value)
        if self.pumping != "off" and self.phone == "hashed":
            raise DysmsInputError("pumping", "needs numbers in clear: prefixes cannot be read from hashes")
        if _place(self.suppression_uri).startswith(_place(self.output_uri)):
            raise DysmsInputError(
                "suppression_uri",
                "is in the archive, whose readers and erasures would take the list for a day; use a folder next to it",
            )

    @without_frames
    def execute(self, context: Context) -> dict[str, Any]:
        from datetime import UTC, datetime

        from airflow_provider_dysms.suppression.make_list import make_list

        with airflow_errors():
            self.check_arguments()
            manifest = make_list(
                self.output_uri,
                self.suppression_uri,
                through=parse_day(self.through, "through"),
                days=self.days,
                template_types=self.template_types,
                rules=SuppressionRules(**(self.thresholds or {})),  # type: ignore[arg-type]
                pumping=self.pumping,
                key=DysmsHook(self.dysms_conn_id).privacy_key if self.phone == "hashed" else None,
                partition=self.partition,
                file_format=self.file_format,
                compression=self.compression,
                now=datetime.now(UTC),
            )
        facts: dict[str, Any] = manifest["result"]["suppression"]
        if facts["missing_days"]:
            self.log.warning("These days have not been audited: %s", ", ".join(facts["missing_days"]))
        if facts["unknown_templates"]:
            self.log.warning(
                "The types of these templates are not known, so their messages count for none: %s",
                ", ".join(code or "(none)" for code in facts["unknown_templates"]),
            )
        self.log.info("The list has %s entries: %s", manifest["result"]["rows"], facts["entries"])
        return {**facts, "list_uri": manifest["run"]["data_uri"]}


def _place(uri: object) -> str:
    """Return a folder without the id of its connection."""
    return re.sub("://[^/@]*@", "://", str(uri)).rstrip("/") + "/"
