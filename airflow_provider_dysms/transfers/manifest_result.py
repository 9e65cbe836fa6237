"""Builds the ``result`` of an export's manifest, and lists every field of the manifest.

``result`` depends on the log, the records and ``as_of`` alone: equal inputs and arguments give an equal result in every
attempt, on every worker. The manifest has ``version``, and

* ``result``: ``send_date``; ``as_of`` (when the first attempt began whose responses are used) and ``oldest_answer``
  (the same for the oldest response that a row is based on); ``lines`` of the log; ``asked``, the number of queries;
  ``rows``; counts ``by_state``, ``by_category``, ``failed_by_category`` and ``by_template``; ``missing``; ``unlogged``;
  ``ambiguous`` (records that match another line as well); ``edge`` (records of the day's first ten minutes without a
  line, which belong to the log of the day before); ``off_day`` (records that are dated one day off); ``repeated``
  lines; ``multiline`` (lines of a CSV log that have a line end inside a quoted cell); ``rejected`` by reason; ``open``
  (not final); ``segments``; ``delivery_seconds`` p50 and p95; counts ``by_country`` and ``by_sign_name``, and of
  failures ``failed_by_code`` and ``failed_by_fault``; ``waiting_by_hour``; ``latency``, delivery times in buckets, see
  :mod:`~airflow_provider_dysms.audit.latency_buckets`; ``keyed`` (false for a list of numbers);
  ``parameters``; ``data``, ``columns``, ``bytes``, ``sha256``; ``settled``: nothing can change any more;
  ``provisional``: the day was not over, so that it may have more messages by now (both as of the oldest response);
  ``erased``, if people were erased from the archive: ``lines`` that this audit left out, and the ``rows`` and
  ``cells`` that were removed, in all and by ``erasures``; and
  ``unseen``, packed for the next refresh: the part of each number in the counts that rows do not show (``ambiguous``,
  ``edge``, ``off_day``)
* also in ``result``, if receipts were read: ``source`` and ``receipts``, see :mod:`.from_receipts.receipt_facts`
* ``run``, which describes one attempt alone: ``requests``, ``pages``, ``throttled``; ``resumed``, the numbers and
  message ids that an earlier attempt had looked up, and ``taken_over``, those that were final in the partition;
  ``days_left`` in the window; ``replaced`` files; ``output_uri`` and ``data_uri``, the places that were written,
  without the connection id; ``statistics``: the vendor's segments of the day compared with ours, with what explains the
  difference, or the code with which they were refused (see :func:`.statistics.query_statistics`); and
  ``statistics_gap``, whether the two differ by more than 5 %
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.dates import DAY, MIDNIGHT_SLACK, day_start, iso_utc

if TYPE_CHECKING:
    from datetime import date, datetime

    from airflow_provider_dysms.audit.send_log.log import SendLog
    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.storage.manifest import Manifest
    from airflow_provider_dysms.transfers.export_options import ExportOptions
    from airflow_provider_dysms.transfers.pipeline import Pipeline

_COPIED = ("match", "content", "phone", "refresh", "max_missing_rate", "max_rejected_rate", "statistics")


def result_before_queries(
    options: ExportOptions, send_log: SendLog, send_date: date, privacy_key: PrivacyKey | None
) -> dict[str, Any]:
    """Return the entries of the result that are known before the service is asked.

    :param privacy_key: the key that numbers are hashed with; ``None`` if they are written in clear
    """
    return {
        "send_date": send_date.isoformat(),
        "keyed": send_log.has_match_keys,
        "multiline": send_log.multiline,
        "parameters": {
            **{name: getattr(options, name) for name in _COPIED},
            "columns": dict(options.columns) if options.columns else None,
            "carry": list(send_log.carry),
            "hashed_by": privacy_key.fingerprint if privacy_key else None,
            "file_format": options.file_format,
            "compression": options.compression,
            "csv_safe": options.csv_safe,
        },
    }


def result_of(
    pipeline: Pipeline, known: dict[str, Any], send_date: date, as_of: datetime, previous: Manifest | None
) -> dict[str, Any]:
    """Return the whole result.

    :param pipeline: after its run
    :param known: what :func:`result_before_queries` returned
    :param as_of: when the first of the attempts began whose responses are used
    :param previous: the partition's manifest, which knows what was erased; ``None`` if there is none
    """
    tally, oldest = pipeline.tally, pipeline.oldest_answer
    return {
        **tally.as_dict(),
        **known,
        "as_of": iso_utc(as_of, "seconds"),
        "oldest_answer": iso_utc(oldest, "seconds"),
        "provisional": is_provisional(send_date, oldest),
        "settled": tally.settled(send_date, oldest, has_match_keys=known["keyed"] or not tally.lines),
        "unseen": pipeline.hidden_counts.text(),
        **_erased(tally.erased, previous),
    }


def _erased(lines: int, previous: Manifest | None) -> dict[str, Any]:
    """Return what the result says of people who were erased; nothing if nobody was."""
    earlier = (previous["result"].get("erased") if previous else None) or {}
    return {"erased": {**earlier, "lines": lines}} if earlier or lines else {}


def is_provisional(send_date: date, as_of: datetime) -> bool:
    """Return whether a day was not over when it was asked about: more messages of it may have followed.

    :param as_of: the oldest instant at which a response was asked for
    """
    return as_of < day_start(send_date) + DAY + MIDNIGHT_SLACK
