"""A wait as it is stored while it goes from a worker to a triggerer and back: versioned, compact, only growing.

Airflow keeps it for up to 72 hours, and a newer release may read what an older one wrote: unknown names are left aside,
missing ones have a default. MySQL keeps 64 kB of a trigger's arguments, encrypted.
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

#: What a deadline may come from.
LIMITS = ("timeout", "execution_timeout")

_UNREADABLE_EVENT = "the trigger's event is not what this release can read"

# Most waits of a triggerer have the same ones.
_goal, _pace = lru_cache(Goal), lru_cache(Pace)

#: A report list of 1,000 messages unpacks to less than a tenth of this.
_MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitSpec:
    """Everything of a wait but whom it asks. Instants and spans in seconds.

    :param digest: of the watched messages, so that positions mean the same on both sides
    :param count: how many messages are watched
    :param needed: how many must arrive
    :param until_all_final: go on until nothing is open
    :param started_at: when the wait began
    :param asked_at: when all messages were asked before
    :param deadline: when every open message is asked for the last time
    :param limit: what the deadline comes from: ``timeout`` or ``execution_timeout``
    :param poke_interval: the gap of a young wait
    :param max_poke_interval: the gap of an old one
    :param grace_period: for how long a message may be unknown to the service
    :param known: reports that are known already, as :func:`pack` writes them
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
        """Return it as arguments of a trigger."""
        return asdict(self)

    @classmethod
    def restore(cls, stored: Mapping[str, Any]) -> WaitSpec:
        """Read what :meth:`stored` returned, by this release or another.

        :raises ValueError: something that has no default is missing, or not what it can be
        """
        try:
            plan = cls(**{name: value for name, value in stored.items() if name in cls.__slots__})
            spans = (plan.started_at, plan.asked_at, plan.deadline, plan.poke_interval, plan.max_poke_interval)
            if plan.limit not in LIMITS:
                raise ValueError("the stored wait is not what this release can read")
            if not 1 <= plan.needed <= plan.count or not all(isinstance(span, (int, float)) for span in spans):
                raise ValueError("the stored wait is not what this release can read")
        except TypeError:
            raise ValueError("the stored wait is not what this release can read") from None
        return plan

    def wait(self) -> Wait:
        """Return the wait that goes on where this one was stored.

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
    """How a wait ended in a triggerer: what its event carries. Positions, codes and states; no number, no text.

    :param digest: of the watched messages, as the plan had it
    :param ended: ``decided`` (the outcome is certain), ``timeout`` (the deadline came before), or ``refused``
    :param limit: what the deadline came from: ``timeout`` or ``execution_timeout``
    :param reports: what is known, by position
    :param absent: positions of messages that the service never knew
    :param error: why it was refused, without numbers
    :param is_lasting: whether trying again would end the same
    """

    digest: str
    ended: str
    limit: str = "timeout"
    reports: Mapping[int, Report]
    absent: frozenset[int] = frozenset()
    error: str | None = None
    is_lasting: bool = True

    def payload(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "version": VERSION,
            "digest": self.digest,
            "ended": self.ended,
            "limit": self.limit,
            "reports": rows(self.reports),
            "absent": sorted(self.absent),
            "error": self.error,
            "is_lasting": self.is_lasting,
        }

    @classmethod
    def restore(cls, payload: object) -> WaitResult:
        """Read what :meth:`payload` returned, by this release or another.

        :raises ValueError: it is none
        """
        if not isinstance(payload, dict):
            raise ValueError(_UNREADABLE_EVENT)
        absent, error = payload.get("absent", []), payload.get("error")
        is_sound = (
            isinstance(payload.get("digest"), str)
            and payload.get("ended") in ("decided", "timeout", "refused")
            and payload.get("limit", "timeout") in LIMITS
            and isinstance(absent, list)
            and all(type(position) is int for position in absent)
            and isinstance(error, (str, type(None)))
            and isinstance(payload.get("is_lasting", True), bool)
        )
        if not is_sound:
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


def rows(reports: Mapping[int, Report]) -> list[list[Any]]:
    """Return reports by position as rows: position, state, code, sent, received."""
    return [[position, *report.to_list()] for position, report in sorted(reports.items())]


def from_rows(given: object) -> dict[int, Report]:
    """Read what :func:`rows` returned.

    :raises ValueError: it is none
    """
    try:
        return {int(row[0]): Report.from_list(row[1:]) for row in given}  # type: ignore[attr-defined]
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, OSError):
        raise _unreadable() from None


def pack(reports: Mapping[int, Report]) -> str:
    """Write reports by position in few bytes."""
    if not reports:
        return ""
    return base64.b64encode(zlib.compress(json.dumps(rows(reports), separators=(",", ":")).encode(), 9)).decode("ascii")


def unpack(packed: str) -> dict[int, Report]:
    """Read what :func:`pack` wrote.

    :raises ValueError: it is none
    """
    if not packed:
        return {}
    decompressor = zlib.decompressobj()
    try:
        data = decompressor.decompress(base64.b64decode(packed, validate=True), _MOST_BYTES)
        if decompressor.eof:
            return from_rows(json.loads(data))
    except (zlib.error, ValueError, TypeError, RecursionError):
        pass
    raise _unreadable()


def _unreadable() -> ValueError:
    return ValueError("the stored reports are not what this release can read")
