"""The place where the next page begins: opaque text that is safe in a URL, and of use for its own query alone.

A cursor holds the last message's day, time of sending and row, and the span of the search, so that ``last="1h"`` is the
same hour on every page. It is signed with the filters, under the digest of the day's data file: another query or a file
that was written anew does not fit. A number cannot be found out by trying all of them: without the digest nobody can
try, and with it each attempt costs a twentieth of a second.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from airflow_provider_dysms.archive.engines.day_search import Position
from airflow_provider_dysms.archive.sending_details.filters.time_span import TimeSpan
from airflow_provider_dysms.model.dates import EPOCH
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from airflow_provider_dysms.archive.sending_details.filters.conditions import Filters
    from airflow_provider_dysms.archive.sending_details.query import FindQuery

_VERSION = 1
_TICK = timedelta(microseconds=1)

#: Version; day; microseconds of the last message, of the span's start and end; row; messages so far.
_CONTENT = struct.Struct(">BIqqqQQ")
_SIGNATURE_BYTES = 16

#: Characters of a cursor: more than it has.
_MAX_LENGTH = 200

#: Cost of a signature over a number, for scrypt: a twentieth of a second and 16 MiB.
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**14, 8, 1


class Cursor(NamedTuple):
    """The place of the last message of a page.

    :param day: the day of its partition
    :param position: its place in the order of that day
    :param span: the span of the search
    :param shown: number of messages up to it
    """

    day: date
    position: Position
    span: TimeSpan
    shown: int


class UnreadCursor(NamedTuple):
    """A cursor whose signature has not been checked yet."""

    cursor: Cursor
    content: bytes
    signature: bytes

    def check(self, query: FindQuery, filters: Filters, sha256: str | None) -> Cursor:
        """Return the cursor if it belongs to a query.

        :param filters: those of the query
        :param sha256: digest of the data file of the cursor's day; ``None`` without one
        :raises DysmsInputError: it belongs to another query, or the day was audited again
        """
        if sha256 is not None and hmac.compare_digest(self.signature, _signature(self.content, query, filters, sha256)):
            return self.cursor
        raise DysmsInputError(
            "cursor",
            f"belongs to another query, or {self.cursor.day} has been audited again meanwhile; begin with the first "
            "page",
        )


def encode_cursor(cursor: Cursor, query: FindQuery, filters: Filters, sha256: str) -> str:
    """Return a cursor as text.

    :param filters: those of the query
    :param sha256: digest of the data file of the cursor's day
    """
    content = _CONTENT.pack(
        _VERSION,
        cursor.day.toordinal(),
        (cursor.position.moment - EPOCH) // _TICK,
        (cursor.span.start - EPOCH) // _TICK,
        (cursor.span.end - EPOCH) // _TICK,
        cursor.position.row,
        cursor.shown,
    )
    signed = content + _signature(content, query, filters, sha256)
    return base64.urlsafe_b64encode(signed).decode("ascii").rstrip("=")


def decode_cursor(text: object) -> UnreadCursor:
    """Return the content of a cursor, before its signature is checked.

    :raises DysmsInputError: it is not a cursor
    """
    try:
        if isinstance(text, str) and len(text) < _MAX_LENGTH:
            return _unpack(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, OverflowError, struct.error):
        pass
    raise DysmsInputError("cursor", "is not one that a page named as its next_cursor; begin with the first page")


def _unpack(signed: bytes) -> UnreadCursor:
    content, signature = signed[: _CONTENT.size], signed[_CONTENT.size :]
    version, day, moment, start, end, row, shown = _CONTENT.unpack(content)
    span = TimeSpan(EPOCH + start * _TICK, EPOCH + end * _TICK)
    if version != _VERSION or len(signature) != _SIGNATURE_BYTES or not span.is_bounded:
        raise ValueError
    cursor = Cursor(date.fromordinal(day), Position(EPOCH + moment * _TICK, row), span, shown)
    return UnreadCursor(cursor, content, signature)


def _signature(content: bytes, query: FindQuery, filters: Filters, sha256: str) -> bytes:
    key = hashlib.sha256(b"airflow-provider-dysms/cursor/" + sha256.encode()).digest()
    times = [str(time) for time in (query.last, query.sent_from, query.sent_to)]
    facts = [query.output_uri, query.partition, times, filters.states, filters.texts, filters.status_codes]
    if filters.phone is not None:
        forms = msgspec.json.encode(filters.phone.forms)
        facts.append(hashlib.scrypt(forms, salt=key, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P, dklen=16).hex())
    return hmac.digest(key, content + msgspec.json.encode(facts), "sha256")[:_SIGNATURE_BYTES]
