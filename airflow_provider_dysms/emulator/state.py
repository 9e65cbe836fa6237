"""The emulator's data: access keys, messages and the clock, with the functions that convert its instants.

Instants are seconds since 1970 as floats, which keeps a day of a million messages small and fast to sort.
"""

from __future__ import annotations

import itertools
import re
import time
from bisect import insort
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.emulator.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_dysms.emulator.switches import Switches

BEIJING_OFFSET = 8 * 3600
SECONDS_PER_DAY = 86_400
#: The vendor's two sites. An account belongs to one of them.
SITES = ("mainland", "international")
STATES = ("delivered", "failed", "waiting", "expired")
#: Error codes of messages that a blacklist stopped. Statistics do not count these messages
#: (https://help.aliyun.com wordpower/455876).
_BLACKLIST = re.compile(
    "MOBILE_IN_BLACK|USER_REJECT|MB:1077|ID:0141|DB:014[14]|MX:0013|MOBFAIL|2:70|(MB|DB)?BLACK|BLOCKED|PUBLOKD|BWLIST"
    r"|SC:00(?!17|18)\d\d"
)
_SENT_AT = attrgetter("sent_at")


def beijing_day_of(instant: float) -> int:
    """Return the number of the Beijing day of an instant, counted from 1970-01-01."""
    return int((instant + BEIJING_OFFSET) // SECONDS_PER_DAY)


def day_number(day: date) -> int:
    """Return the number of a day, counted from 1970-01-01."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def beijing_text(instant: float) -> str:
    """Return an instant in Beijing time, in the form of QuerySendDetails: ``2025-06-01 16:44:13``."""
    return wall_clock_text(instant, 8)


def wall_clock_text(instant: float, hours: float) -> str:
    """Return an instant as local time, ``YYYY-MM-DD hh:mm:ss``.

    :param hours: offset of the local time from UTC
    """
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(instant + hours * 3600))


def utc_text(instant: float) -> str:
    """Return an instant in UTC, in ISO 8601 form with Z and whole seconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(instant))


@dataclass(slots=True, kw_only=True, eq=False)
class Message:
    """One message that the service knows.

    :param phone_number: digits, in the form of the API
    :param international: whether the number is outside the mainland
    :param outcome: the final state, one of ``STATES``
    :param settles_at: the instant at which the outcome becomes visible; before it, the message is waiting
    :param visible_at: the instant at which queries start to find the message; ``None``: a switch decides
    :param content: the text; ``{n}`` stands for ``code`` if there is one, so that a million messages share a few texts
    :param site: ``mainland`` or ``international``, the site whose account sent it; ``None``: both sites find it
    :param cached_row: the last row built from the message, with the switches and state it was built for
    """

    account: str
    phone_number: str
    international: bool
    sent_at: float
    outcome: str
    error_code: str | None = None
    received_at: float | None = None
    settles_at: float = float("-inf")
    visible_at: float | None = float("-inf")
    template_code: str | None = None
    template_type: int = 0
    sign_name: str | None = None
    content: str = ""
    code: str | None = None
    segments: int = 1
    out_id: str | None = None
    biz_id: str | None = None
    message_id: str | None = None
    site: str | None = None
    # The same rows are served thousands of times per second.
    cached_row: tuple[Switches, str, dict[str, Any]] | None = field(default=None, init=False, repr=False)

    @property
    def text(self) -> str:
        """The complete text."""
        return self.content if self.code is None else self.content.replace("{n}", self.code)

    @property
    def is_billable(self) -> bool:
        """Whether statistics count the message, because no blacklist stopped it."""
        return self.error_code is None or not _BLACKLIST.fullmatch(self.error_code)

    def state_at(self, now: float) -> str:
        """Return the state that queries report at an instant."""
        return self.outcome if now >= self.settles_at else "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """An access key: a permanent one, or a temporary one with its security token.

    :param account: the account that owns the key, with its quotas and messages
    :param active: whether the key is enabled
    :param expires_at: the instant at which the security token expires, default never
    :param actions: the actions that the key may use, default all
    :param site: ``mainland`` or ``international``; default the site of the account's first message
    :raises InputError: the site is unknown
    """

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)
    account: str = "main"
    active: bool = True
    expires_at: float | None = None
    actions: tuple[str, ...] | None = None
    site: str | None = None

    def __post_init__(self) -> None:
        if self.site not in (None, *SITES):
            raise InputError(f"site must be one of {', '.join(SITES)}")


class Clock:
    """The emulator's clock, which follows the machine's clock until it is set."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._frozen: float | None = None

    def now(self) -> float:
        """Return the current instant."""
        return time.time() + self._offset if self._frozen is None else self._frozen

    def set(self, instant: float, *, frozen: bool = False) -> None:
        """Set the clock, which keeps running unless it is ``frozen``."""
        self._offset = instant - time.time()
        self._frozen = instant if frozen else None

    def advance(self, seconds: float) -> None:
        """Move the clock forward by some seconds, or back if they are negative."""
        self.set(self.now() + seconds, frozen=self._frozen is not None)


def first_visible_at(message: Message, delay: float) -> float:
    """Return the instant at which queries start to find a message.

    :param delay: seconds after the send; used if the message has no ``visible_at`` of its own
    """
    return message.sent_at + delay if message.visible_at is None else message.visible_at


class Messages:
    """All messages, indexed by number and day, by day, and by message id.

    A day may have a million messages, most of them the only one to their number. The index holds such a message without
    a list around it, to save memory.
    """

    def __init__(self) -> None:
        self._by_number: dict[tuple[str, int], dict[str, Message | list[Message]]] = {}
        self._by_day: dict[tuple[str, int], list[Message]] = {}
        self._by_id: dict[str, dict[str, Message]] = {}
        self._site_of: dict[str, str] = {}
        self._serial = itertools.count(1)

    def __iter__(self) -> Iterator[Message]:
        return itertools.chain.from_iterable(self._by_day.values())

    def __len__(self) -> int:
        return sum(map(len, self._by_day.values()))

    def next_serial(self) -> int:
        """Return a new number to build an id from."""
        return next(self._serial)

    def add(self, messages: Iterable[Message], *, decides_site: bool = True) -> None:
        """Add messages.

        :param decides_site: whether the first message of an account decides the account's site
        """
        for message in messages:
            account, number, day = message.account, message.phone_number, beijing_day_of(message.sent_at)
            by_number = self._by_number.setdefault((account, day), {})
            existing = by_number.get(number)
            if existing is None:
                by_number[number] = message
            elif isinstance(existing, list):
                insort(existing, message, key=_SENT_AT)
            else:
                by_number[number] = pair = [existing]
                insort(pair, message, key=_SENT_AT)
            self._by_day.setdefault((account, day), []).append(message)
            if message.message_id is not None:
                self._by_id.setdefault(account, {})[message.message_id] = message
            if decides_site and message.site is not None:
                self._site_of.setdefault(account, message.site)

    def remove(self, message: Message) -> None:
        """Remove a message."""
        account, number, day = message.account, message.phone_number, beijing_day_of(message.sent_at)
        existing = self._by_number[account, day][number]
        if isinstance(existing, list) and len(existing) > 1:
            existing.remove(message)
        else:
            del self._by_number[account, day][number]
        self._by_day[account, day].remove(message)
        if message.message_id is not None:
            self._by_id.get(account, {}).pop(message.message_id, None)

    def for_number(self, account: str, phone_number: str, day: int) -> list[Message]:
        """Return the messages to a number on a Beijing day, oldest first."""
        found = self._by_number.get((account, day), {}).get(phone_number, [])
        return found if isinstance(found, list) else [found]

    def for_day(self, account: str, day: int) -> list[Message]:
        """Return the messages of a Beijing day in no particular order."""
        return self._by_day.get((account, day), [])

    def find_by_id(self, account: str, message_id: str) -> Message | None:
        """Return the message with a message id, or ``None``."""
        return self._by_id.get(account, {}).get(message_id)

    def site_of(self, account: str) -> str | None:
        """Return the site of an account, which its first message decides; ``None`` before that."""
        return self._site_of.get(account)

    def settle_all(self, now: float) -> int:
        """Give every message that has not settled its outcome now; return how many there were."""
        pending = [message for message in self if message.settles_at > now]
        for message in pending:
            message.settles_at = now
            if message.outcome != "waiting":
                message.received_at = now
        return len(pending)


def parse_instant(value: object, name: str) -> float:
    """Convert an instant to seconds since 1970.

    :param value: seconds since 1970, or ISO 8601 with a time zone
    :param name: name of the field, for the error
    :raises InputError: the value is neither
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            instant = None
        if instant is not None and instant.tzinfo is not None:
            return (instant - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1)
    raise InputError(f"{name} must be ISO 8601 with a time zone, such as 2025-06-01T08:44:13Z")
