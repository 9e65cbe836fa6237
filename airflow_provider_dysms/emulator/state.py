"""What the service knows: accounts and their keys, messages, and what time it is.

Instants are seconds since 1970 as floats: a day of a million messages is sorted, cut and written from them.
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
DAY = 86_400
#: An account belongs to one of the vendor's sites.
SITES = ("mainland", "international")
STATES = ("delivered", "failed", "waiting", "expired")
#: Numbers that a blacklist stopped are in no statistics (https://help.aliyun.com wordpower/455876).
_BLACKLIST = re.compile(
    "MOBILE_IN_BLACK|USER_REJECT|MB:1077|ID:0141|DB:014[14]|MX:0013|MOBFAIL|2:70|(MB|DB)?BLACK|BLOCKED|PUBLOKD|BWLIST"
    r"|SC:00(?!17|18)\d\d"
)
_SENT_AT = attrgetter("sent_at")


def day_of(instant: float) -> int:
    """Return the Beijing day of an instant, counted from 1970-01-01."""
    return int((instant + BEIJING_OFFSET) // DAY)


def day_number(day: date) -> int:
    """Return a Beijing day, counted from 1970-01-01."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def beijing(instant: float) -> str:
    """Return an instant as QuerySendDetails writes it."""
    return wall_clock(instant, 8)


def wall_clock(instant: float, hours: float) -> str:
    """Return an instant as a clock shows it that is so many hours ahead of UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(instant + hours * 3600))


def utc(instant: float) -> str:
    """Return an instant in UTC, ISO 8601 with Z, whole seconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(instant))


@dataclass(slots=True, kw_only=True, eq=False)
class Message:
    """One message.

    :param outcome: what becomes of it: one of ``STATES``
    :param settles_at: the instant from which the outcome shows; until then it is waiting
    :param visible_at: the instant from which the service knows the message at all; ``None``: by the switches
    :param content: the text; ``{n}`` in it stands for ``code`` if there is one, so that a million share a few texts
    :param site: ``mainland`` or ``international``, the site whose account sent it; ``None``: both know it
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
    #: The last row that was made of it, and of what: thousands of answers a second repeat it.
    shown: tuple[Switches, str, dict[str, Any]] | None = field(default=None, init=False, repr=False)

    @property
    def text(self) -> str:
        """The text as it was sent."""
        return self.content if self.code is None else self.content.replace("{n}", self.code)

    @property
    def is_billable(self) -> bool:
        """Whether statistics count it: no blacklist stopped it."""
        return self.error_code is None or not _BLACKLIST.fullmatch(self.error_code)

    def state_at(self, now: float) -> str:
        """Return the state that the service shows at an instant."""
        return self.outcome if now >= self.settles_at else "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An access key: a user's own, or a temporary one with its token.

    :param account: whose it is; quotas and messages belong to the account
    :param expires_at: the instant from which its token is refused
    :param actions: the actions that it may use; ``None``: all
    :param site: ``mainland`` or ``international``; ``None``: the site of the account's first message
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
    """The emulator's own time: the machine's, until it is set."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._frozen: float | None = None

    def now(self) -> float:
        """Return the instant."""
        return time.time() + self._offset if self._frozen is None else self._frozen

    def set(self, instant: float, *, frozen: bool = False) -> None:
        """Set the clock; it goes on from there unless it is frozen."""
        self._offset = instant - time.time()
        self._frozen = instant if frozen else None

    def advance(self, seconds: float) -> None:
        """Move the clock."""
        self.set(self.now() + seconds, frozen=self._frozen is not None)


def visible_at(message: Message, delay: float) -> float:
    """Return the instant from which a query finds a message.

    :param delay: seconds after the send, unless the message says itself
    """
    return message.sent_at + delay if message.visible_at is None else message.visible_at


class Messages:
    """Every message, found by number and day, by id, and by day.

    A day may have a million: most numbers have one message, which stands in the index without a list around it.
    """

    def __init__(self) -> None:
        self._of_number: dict[tuple[str, int], dict[str, Message | list[Message]]] = {}
        self._of_day: dict[tuple[str, int], list[Message]] = {}
        self._of_id: dict[str, dict[str, Message]] = {}
        self._site_of: dict[str, str] = {}
        self._serial = itertools.count(1)

    def __iter__(self) -> Iterator[Message]:
        return itertools.chain.from_iterable(self._of_day.values())

    def __len__(self) -> int:
        return sum(map(len, self._of_day.values()))

    def serial(self) -> int:
        """Return the next number for an id."""
        return next(self._serial)

    def add(self, messages: Iterable[Message], *, decides_site: bool = True) -> None:
        """Take messages in.

        :param decides_site: whether the first of them decides the site of its account, unless that is decided
        """
        for message in messages:
            account, number, day = message.account, message.phone_number, day_of(message.sent_at)
            of_number = self._of_number.setdefault((account, day), {})
            others = of_number.get(number)
            if others is None:
                of_number[number] = message
            elif isinstance(others, list):
                insort(others, message, key=_SENT_AT)
            else:
                of_number[number] = pair = [others]
                insort(pair, message, key=_SENT_AT)
            self._of_day.setdefault((account, day), []).append(message)
            if message.message_id is not None:
                self._of_id.setdefault(account, {})[message.message_id] = message
            if decides_site and message.site is not None:
                self._site_of.setdefault(account, message.site)

    def remove(self, message: Message) -> None:
        """Forget a message."""
        account, number, day = message.account, message.phone_number, day_of(message.sent_at)
        others = self._of_number[account, day][number]
        if isinstance(others, list) and len(others) > 1:
            others.remove(message)
        else:
            del self._of_number[account, day][number]
        self._of_day[account, day].remove(message)
        if message.message_id is not None:
            self._of_id.get(account, {}).pop(message.message_id, None)

    def of_number(self, account: str, phone_number: str, day: int) -> list[Message]:
        """Return the messages to a number on a Beijing day, oldest first."""
        found = self._of_number.get((account, day), {}).get(phone_number, [])
        return found if isinstance(found, list) else [found]

    def of_day(self, account: str, day: int) -> list[Message]:
        """Return the messages of a Beijing day, in no order."""
        return self._of_day.get((account, day), [])

    def by_id(self, account: str, message_id: str) -> Message | None:
        """Return the message with an id."""
        return self._of_id.get(account, {}).get(message_id)

    def site_of(self, account: str) -> str | None:
        """Return the site of an account: that of its first message; ``None`` until there is one."""
        return self._site_of.get(account)

    def tick(self, now: float) -> int:
        """Give every message that still waits for its outcome the outcome; return how many."""
        pending = [message for message in self if message.settles_at > now]
        for message in pending:
            message.settles_at = now
            if message.outcome != "waiting":
                message.received_at = now
        return len(pending)


def instant_of(value: object, name: str) -> float:
    """Read an instant: seconds since 1970, or ISO 8601 with a zone.

    :raises InputError: it is neither
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
    raise InputError(f"{name} must be ISO 8601 with a zone, such as 2025-06-01T08:44:13Z")
