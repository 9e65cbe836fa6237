"""Finds the messages of a day that have receipts and no line in the log, and counts the receipts of other messages."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_dysms.model.dates import DAY, MIDNIGHT_SLACK
from airflow_provider_dysms.receipts import verdicts
from airflow_provider_dysms.receipts.matching.keys import digits_of, key_of_message
from airflow_provider_dysms.temporary_database import open_temporary_database

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator
    from datetime import datetime

    from airflow_provider_dysms.audit.matching.detail_queries import AuditScope
    from airflow_provider_dysms.audit.verdict import Verdict
    from airflow_provider_dysms.receipts.matching.receipt_index import ReceiptIndex
    from airflow_provider_dysms.receipts.receipt import Receipt

_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder().decode

_ADD = "INSERT INTO unlogged VALUES (?, ?, ?) ON CONFLICT (identity) DO UPDATE SET count = count + excluded.count"


def unlogged_verdicts(
    index: ReceiptIndex, scope: AuditScope, carried: tuple[None, ...], counts: Counter[str]
) -> Iterator[Verdict]:
    """Yield the verdict on each message of the day without a line, in an order that does not depend on the archive's.

    :param index: after the look-ups of every line
    :param carried: an empty cell for each carried column
    :param counts: takes receipts of ``other_days``, and ``unmatched`` ones, which do not say when the message was sent;
        and ``edge`` messages of the day's first ten minutes, which belong to the log of the day before
    """
    database = open_temporary_database()
    try:
        database.execute("CREATE TABLE unlogged (place BLOB, identity BLOB PRIMARY KEY, count INTEGER) WITHOUT ROWID")
        for parts in index.unused():
            sent_at = parts.best.sent_at
            if sent_at is None:
                counts["unmatched"] += parts.count
                continue
            if not _is_on(sent_at, scope):
                counts["other_days"] += parts.count
                continue
            identity = _encode(_identity(parts.best))
            entry = hashlib.blake2b(identity, digest_size=8).digest(), identity, parts.count
            database.execute(_ADD, entry)
        in_order = "SELECT identity, count FROM unlogged ORDER BY place, identity"
        index.arrange((key_of_message(*_decode(identity)),) for identity, _ in database.execute(in_order))
        for number, (identity, count) in enumerate(database.execute(in_order)):
            index.open_group(number)
            message = index.find(*_decode(identity))
            sent_at = message.deciding.sent_at if message is not None else None
            if message is None or sent_at is None or not _is_on(sent_at, scope):
                counts["other_days"] += count
                continue
            if sent_at < scope.start + MIDNIGHT_SLACK:
                counts["edge"] += 1
                continue
            counts["unlogged"] += 1
            yield verdicts.of_unlogged(message, carried, scope.send_date, scope.as_of)
    finally:
        database.close()


def count_unused(index: ReceiptIndex, scope: AuditScope, counts: Counter[str]) -> None:
    """Count the receipts that belong to no line of a log whose unlogged messages the service was asked about.

    :param index: after the look-ups of every line
    :param counts: takes receipts ``without_line`` that say that they are of the day, of ``other_days``, and
        ``unmatched`` ones, which do not say when the message was sent
    """
    for parts in index.unused():
        sent_at = parts.best.sent_at
        kind = "unmatched" if sent_at is None else "without_line" if _is_on(sent_at, scope) else "other_days"
        counts[kind] += parts.count


def _is_on(sent_at: datetime, scope: AuditScope) -> bool:
    return scope.start <= sent_at < scope.start + DAY


def _identity(receipt: Receipt) -> tuple[str, str | None, str | None, str | None, str | None]:
    """Return the arguments of :meth:`ReceiptIndex.find`, equal for all receipts of a message."""
    if receipt.message_id is not None:
        return receipt.vendor, receipt.message_id, None, None, None
    out_id = receipt.out_id if receipt.biz_id is None else None
    return receipt.vendor, None, digits_of(receipt.phone_number or ""), receipt.biz_id, out_id
