"""Reads receipts from archived requests: JSON Lines of requests, or bare bodies, one per line.

A request is an object such as::

    {"received_at": "2026-11-20T01:00:05Z", "content_type": "application/json", "headers": {}, "body": "[...]"}

with ``vendor`` (``aliyun`` or ``huawei``), ``path`` (of the address that received it) and ``isBase64Encoded`` if they
are known. Only ``body`` must be there, as text or as JSON. Nothing is dropped in silence: a report that cannot be used
is counted under its reason, and the first are named by file and line.
"""

from __future__ import annotations

import base64
import binascii
from codecs import BOM_UTF8
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from airflow_provider_dysms.model.dates import MAX_CLOCK_SKEW
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.receipts.archive.lines import lines_of
from airflow_provider_dysms.receipts.formats.json_report import NOTHING, ArchivedRequest
from airflow_provider_dysms.receipts.formats.parse_body import decode_request, parse_body, parse_sms_reports
from airflow_provider_dysms.receipts.formats.values import Unreadable
from airflow_provider_dysms.receipts.receipt import ALIYUN, HUAWEI, VENDORS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from airflow_provider_dysms.receipts.archive.push_signature import PushKey
    from airflow_provider_dysms.receipts.formats.parse_body import ParsedBody
    from airflow_provider_dysms.receipts.receipt import Receipt

#: Reports that cannot be used and are named one by one.
MAX_NAMED = 20

#: Largest line, and largest file after it is unzipped, in bytes.
MAX_LINE_BYTES = 2 * 1024**2
MAX_FILE_BYTES = 4 * 1024**3

_decode_headers = msgspec.json.Decoder(dict[str, str | list[str]]).decode
_decode_text = msgspec.json.Decoder(str).decode


@dataclass(slots=True)
class ArchiveCounts:
    """Counts what was read.

    :param bodies: requests, or bare bodies
    :param receipts: reports that can be used
    :param rejected: reason -> bodies and reports that cannot be used
    :param rejected_bodies: bodies of which something cannot be used
    :param reply_bodies: bodies of replies of recipients, which are not receipts
    :param first_rejected: the first of these bodies: ``file:line``, and a clause that says why
    """

    files: int = 0
    bodies: int = 0
    receipts: int = 0
    rejected_bodies: int = 0
    reply_bodies: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    first_rejected: list[tuple[str, str]] = field(default_factory=list)

    def check_rejected(self, max_rejected_rate: float) -> None:
        """Refuse an archive of which too much cannot be used.

        Bodies are counted, because anybody who finds the address can put thousands of reports into one.

        :param max_rejected_rate: the largest share of the bodies of which something is rejected, from 0 to 1; replies
            of recipients are not receipts, and do not count
        :raises DysmsInputError: the share is higher; the error names the first places
        """
        rejected, bodies = self.rejected_bodies, self.bodies - self.reply_bodies
        if rejected <= max_rejected_rate * bodies:
            return
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(self.rejected.items()))
        named = "; ".join(f"{where} {problem}" for where, problem in self.first_rejected[:5])
        raise DysmsInputError(
            "receipts_uri",
            f"has {rejected} bodies that cannot be used, of {bodies}, more than the share of {max_rejected_rate:g} "
            f"that is allowed: {reasons}; the first are: {named}. Check what writes the archive, or raise "
            "max_rejected_receipts",
        )


class Archive:
    """Reads the receipts of files, one after the other; afterwards ``counts`` says what was found.

    :param as_of: receipts that are dated later than this are rejected, with a tolerance of 15 minutes
    :param vendor: the vendor of every body; default: recognised, or named by the request
    :param push_key: if it is given, reports of Huawei must be signed with it
    """

    def __init__(self, as_of: datetime, *, vendor: str | None = None, push_key: PushKey | None = None) -> None:
        self.counts = ArchiveCounts()
        self._latest = as_of + MAX_CLOCK_SKEW
        self._vendor = vendor
        self._push_key = push_key
        #: Whether it is a reply -> the body that was rejected last.
        self._last_rejected: dict[bool, tuple[int, int]] = {}

    def read(self, files: Iterable[tuple[str, BinaryIO]]) -> Iterator[Receipt]:
        """Yield the receipts of some files.

        :param files: name and open, seekable file of each
        :raises DysmsInputError: a file is too large, or a damaged gzip file
        """
        counts, latest = self.counts, self._latest
        may_be_sms_report = self._vendor != HUAWEI
        for name, file in files:
            counts.files += 1
            for number, line in lines_of(name, file, max_line_bytes=MAX_LINE_BYTES, max_file_bytes=MAX_FILE_BYTES):
                counts.bodies += 1
                receipts = parse_sms_reports(line) if line is not None and may_be_sms_report else ()
                problems: Sequence[Unreadable] = ()
                if not receipts:
                    try:
                        parsed = self._parse(line)
                    except Unreadable as error:
                        self._reject(name, number, error)
                        continue
                    receipts, problems = parsed.receipts, parsed.problems
                for receipt in receipts:
                    sent_at, dated = receipt.sent_at, receipt.reported_at or receipt.sent_at
                    if dated is not None and (dated > latest or (sent_at is not None and sent_at > latest)):
                        self._reject(name, number, Unreadable("is dated in the future", "future"))
                        continue
                    counts.receipts += 1
                    yield receipt
                for problem in problems:
                    self._reject(name, number, problem)

    def _reject(self, name: str, number: int, error: Unreadable) -> None:
        counts, is_reply = self.counts, error.reason == "reply"
        counts.rejected[error.reason] += 1
        body = counts.files, number
        if self._last_rejected.get(is_reply) == body:
            return
        self._last_rejected[is_reply] = body
        if is_reply:
            counts.reply_bodies += 1
        else:
            counts.rejected_bodies += 1
        if len(counts.first_rejected) < MAX_NAMED:
            counts.first_rejected.append((f"{name}:{number}", str(error)))

    def _parse(self, line: bytes | None) -> ParsedBody:
        if line is None:
            raise Unreadable(f"is longer than {MAX_LINE_BYTES} bytes", "too_long")
        line = line.removeprefix(BOM_UTF8)
        if line[:1] != b"{":
            return self._parse_bare(line)
        request = decode_request(line)
        if request.body is NOTHING:
            return self._parse_bare(line)
        vendor = self._vendor_of(request)
        body = _body_of(request)
        parsed = parse_body(body, vendor)
        if self._push_key is not None and any(receipt.vendor == HUAWEI for receipt in parsed.receipts):
            raw = body.encode() if isinstance(body, str) else body
            path = request.path if isinstance(request.path, str) else None
            self._push_key.check(_headers_of(request), raw, path)
        return parsed

    def _parse_bare(self, body: bytes) -> ParsedBody:
        parsed = parse_body(body, self._vendor)
        if self._push_key is not None and any(receipt.vendor == HUAWEI for receipt in parsed.receipts):
            raise Unreadable("is a body without headers, but a key of push authentication is set", "unsigned")
        return parsed

    def _vendor_of(self, request: ArchivedRequest) -> str | None:
        named = request.vendor.strip().lower() if isinstance(request.vendor, str) else request.vendor
        if named is None or named == "":
            return self._vendor
        if named not in VENDORS:
            raise Unreadable(f"names a vendor that is neither {ALIYUN} nor {HUAWEI}", "other_vendor")
        if self._vendor is not None and named != self._vendor:
            raise Unreadable(f"is of another vendor than {self._vendor}", "other_vendor")
        return str(named)


def _body_of(request: ArchivedRequest) -> str | bytes:
    """Return the body of a request: the text, or the JSON that some receivers store instead of it."""
    raw = bytes(request.body)
    if raw[:1] != b'"':
        return raw
    try:
        text = _decode_text(raw)
        if request.is_base64 in (True, "true", "True"):
            return base64.b64decode(text, validate=True)
    except (msgspec.MsgspecError, binascii.Error, ValueError, UnicodeError):
        raise Unreadable("has a body that cannot be decoded") from None
    return text


def _headers_of(request: ArchivedRequest) -> dict[str, str]:
    if request.headers is NOTHING:
        return {}
    try:
        headers = _decode_headers(request.headers)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Unreadable("has headers that are not a map of texts") from None
    return {name: value if isinstance(value, str) else ",".join(value) for name, value in headers.items()}
