"""The stored form of a wait, for its way from a worker to a triggerer and back. Fields are added, never removed.

Airflow stores it for up to 72 hours, and another release may read it: unknown fields are ignored, and missing fields
have defaults. MySQL stores at most 64 kB of a trigger's arguments, encrypted.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.reports import Report
from airflow_provider_dysms.model.safe_text import safe_text
from airflow_provider_dysms.waits.goal import Goal
from airflow_provider_dysms.waits.wait import Pace, Wait

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 1

#: The arguments that a deadline may come from.
LIMITS = ("timeout", "execution_timeout")

_UNREADABLE_EVENT = "this release cannot read the trigger's event"
_UNREADABLE_SPEC = "this release cannot read the stored wait"

# Most waits of a triggerer share the same goal and pace.
_goal, _pace = lru_cache(Goal), lru_cache(Pace)

#: Bytes that packed reports may unpack to; 1,000 reports need less than a tenth of this.
_MAX_UNPACKED_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitSpec:
    """A wait without its messages. Instants are seconds since 1970, spans are seconds.

    :param digest: digest of the watched messages, which proves that both sides mean the same messages by a position
    :param count: how many messages are watched
    :param needed: how many must arrive
    :param until_all_final: go on until no message is open
    :param started_at: when the wait began
    :param asked_at: when all messages were polled before
    :param deadline: when every open message is polled for the last time
    :param limit: the argument that the deadline comes from: ``timeout`` or ``execution_timeout``
    :param poke_interval: shortest gap between two polls of a message
    :param max_poke_interval: longest gap
    :param grace_period: for how long the service may not know a message
    :param known: reports that are already known, as :func:`pack` writes them
    :param version: of the stored form
    """

    digest: str
    count: int
    needed: int
    started_at: float
    asked_at: float
    deadline: float
    limit: str = "timeout"
    until_all_final: bool = False
    poke_interval: float = 10.0
    max_poke_interval: float = 300.0
    grace_period: float = 300.0
    known: str = ""
    version: int = VERSION

    def stored(self) -> dict[str, Any]:
        """Return the spec as arguments of a trigger."""
        return asdict(self)

    @classmethod
    def restore(cls, stored: Mapping[str, Any]) -> WaitSpec:
        """Read what :meth:`stored` returned, in this release or another.

        :raises ValueError: a field without a default is missing, or a value is impossible
        """
        try:
            spec = cls(**{name: value for name, value in stored.items() if name in cls.__slots__})
            spans = (spec.started_at, spec.asked_at, spec.deadline, spec.poke_interval, spec.max_poke_interval)
            if spec.limit not in LIMITS:
                raise ValueError(_UNREADABLE_SPEC)
            if not 1 <= spec.needed <= spec.count or not all(isinstance(span, (int, float)) for span in spans):
                raise ValueError(_UNREADABLE_SPEC)
        except TypeError:
            raise ValueError(_UNREADABLE_SPEC) from None
        return spec

    def restore_wait(self) -> Wait:
        """Return the wait, which goes on from the stored state.

        :raises ValueError: ``known`` is not readable
        """
        return Wait(
            _goal(self.needed, self.count),
            _pace(self.poke_interval, self.max_poke_interval, self.grace_period),
            started_at=self.started_at,
            asked_at=self.asked_at,
            deadline=self.deadline,
            until_all_final=self.until_all_final,
            known=unpack(self.known),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitResult:
    """How a wait ended in a triggerer: the payload of its event, without phone numbers and texts.

    :param digest: digest of the watched messages, from the :class:`WaitSpec`
    :param ended: ``decided`` (the end is certain), ``timeout`` (the deadline came first), or
        ``refused`` (it was aborted)
    :param limit: the argument that the deadline came from: ``timeout`` or ``execution_timeout``
    :param reports: what is known, by position
    :param absent: positions of messages that the service never knew
    :param error: why it was aborted, without phone numbers
    :param is_lasting: whether the error is permanent: another attempt would end the same way
    """

    digest: str
    ended: str
    limit: str = "timeout"
    reports: Mapping[int, Report]
    absent: frozenset[int] = frozenset()
    error: str | None = None
    is_lasting: bool = True

    def payload(self) -> dict[str, Any]:
        """Return the result as a value that JSON can hold."""
        return {
            "version": VERSION,
            "digest": self.digest,
            "ended": self.ended,
            "limit": self.limit,
            "reports": to_rows(self.reports),
            "absent": sorted(self.absent),
            "error": self.error,
            "is_lasting": self.is_lasting,
        }

    @classmethod
    def restore(cls, payload: object) -> WaitResult:
        """Read what :meth:`payload` returned, in this release or another.

        :raises ValueError: it is not readable
        """
        if not isinstance(payload, dict):
            raise ValueError(_UNREADABLE_EVENT)
        absent, error = payload.get("absent", []), payload.get("error")
        is_valid = (
            isinstance(payload.get("digest"), str)
            and payload.get("ended") in ("decided", "timeout", "refused")
            and payload.get("limit", "timeout") in LIMITS
            and isinstance(absent, list)
            and all(type(position) is int for position in absent)
            and isinstance(error, (str, type(None)))
            and isinstance(payload.get("is_lasting", True), bool)
        )
        if not is_valid:
            raise ValueError(_UNREADABLE_EVENT)
        return cls(
            digest=payload["digest"],
            ended=payload["ended"],
            limit=payload.get("limit", "timeout"),
            reports=from_rows(payload.get("reports", [])),
            absent=frozenset(absent),
            error=None if error is None else safe_text(error),
            is_lasting=payload.get("is_lasting", True),
        )


def to_rows(reports: Mapping[int, Report]) -> list[list[Any]]:
    """Return reports as rows: position, state, code, sent at, received at."""
    return [[position, *report.to_list()] for position, report in sorted(reports.items())]


def from_rows(stored: object) -> dict[int, Report]:
    """Read what :func:`to_rows` returned.

    :raises ValueError: it is not readable
    """
    try:
        return {int(row[0]): Report.from_list(row[1:]) for row in stored}  # type: ignore[attr-defined]
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, OSError):
        raise _unreadable() from None


def pack(reports: Mapping[int, Report]) -> str:
    """Serialize reports, by position, in few bytes."""
    if not reports:
        return ""
    data = json.dumps(to_rows(reports), separators=(",", ":")).encode()
    return base64.b64encode(zlib.compress(data, 9)).decode("ascii")


def unpack(packed: str) -> dict[int, Report]:
    """Read what :func:`pack` wrote.

    :raises ValueError: it is not readable
    """
    if not packed:
        return {}
    decompressor = zlib.decompressobj()
    try:
        data = decompressor.decompress(base64.b64decode(packed, validate=True), _MAX_UNPACKED_BYTES)
        if decompressor.eof:
            return from_rows(json.loads(data))
    except (zlib.error, ValueError, TypeError, RecursionError):
        pass
    raise _unreadable()


def _unreadable() -> ValueError:
    return ValueError("this release cannot read the stored reports")
