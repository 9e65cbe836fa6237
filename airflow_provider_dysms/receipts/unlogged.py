"""Finds the messages of a day that have receipts and no line in the log, and counts the receipts of other messages."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_dysms.model.dates import DAY, MIDNIGHT_SLACK
from airflow_provider_dysms.receipts import verdicts
from airflow_provider_dysms.receipts.matching.keys import identity_of
from airflow_provider_dysms.receipts.matching.merge import Message, message_of
from airflow_provider_dysms.temporary_database import open_temporary_database

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator
    from datetime import datetime

    from airflow_provider_dysms.audit.matching.detail_queries import AuditScope
    from airflow_provider_dysms.audit.verdict import Verdict
    from airflow_provider_dysms.receipts.matching.receipt_index import ReceiptIndex

_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Message).decode


def unlogged_verdicts(
    index: ReceiptIndex, scope: AuditScope, carried: tuple[None, ...], counts: Counter[str]
) -> Iterator[Verdict]:
    """Yield the verdict on each message of the day without a line, in an order that does not depend on the archive's.

    :param index: after the look-ups of every line
    :param carried: an empty cell for each carried column
    :param counts: takes receipts of ``other_days``, and ``unmatched`` ones, which do not say when the message was sent;
        ``edge`` messages of the day's first ten minutes, which belong to the log of the day before; and the others of
        the day, which are ``unlogged``
    """
    database = open_temporary_database()
    try:
        database.execute("CREATE TABLE unlogged (place BLOB, message BLOB, PRIMARY KEY (place, message)) WITHOUT ROWID")
        for message in _unused_messages(index):
            sent_at = message.deciding.sent_at
            if sent_at is None:
                counts["unmatched"] += message.count
            elif not _is_on(sent_at, scope):
                counts["other_days"] += message.count
            elif sent_at < scope.start + MIDNIGHT_SLACK:
                counts["edge"] += 1
            else:
                counts["unlogged"] += 1
                place = hashlib.blake2b(_encode(identity_of(message.deciding)), digest_size=8).digest()
                database.execute("INSERT INTO unlogged VALUES (?, ?)", (place, _encode(message)))
        for (packed,) in database.execute("SELECT message FROM unlogged ORDER BY place, message"):
            yield verdicts.of_message(_decode(packed), None, scope.send_date, scope.as_of, carried)
    finally:
        database.close()


def count_unused(index: ReceiptIndex, scope: AuditScope, counts: Counter[str]) -> None:
    """Count the receipts that belong to no line of a log whose unlogged messages the service was asked about.

    :param index: after the look-ups of every line
    :param counts: takes receipts ``without_line`` that say that they are of the day, of ``other_days``, and
        ``unmatched`` ones, which do not say when the message was sent
    """
    for message in _unused_messages(index):
        sent_at = message.deciding.sent_at
        kind = "unmatched" if sent_at is None else "without_line" if _is_on(sent_at, scope) else "other_days"
        counts[kind] += message.count


def _unused_messages(index: ReceiptIndex) -> Iterator[Message]:
    return map(message_of, index.unused())


def _is_on(sent_at: datetime, scope: AuditScope) -> bool:
    return scope.start <= sent_at < scope.start + DAY
