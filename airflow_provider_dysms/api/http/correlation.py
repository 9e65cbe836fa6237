"""Checks that a response belongs to its request, and not to an earlier request on the same connection.

HTTP/1.1 does not number requests: the next response on a connection is taken for the response to the last request. If a
proxy repeats a response, or sends one too many, each following request gets the response of another one.

There are three checks. A response with rows that name the queried phone number proves itself. A request id that was
seen before shows that a response was repeated. And an extra response arrives soon after the first one: a response that
does not prove itself counts only if its connection then stays silent for a while, and if meanwhile no other request got
the response of another one.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.errors import DysmsMismatched

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

log = logging.getLogger(__name__)

#: Request ids that are remembered: a repeated response comes late, but not after more responses than this.
MAX_REQUEST_IDS = 1024

#: New connections that begin with the same request id until that id is considered constant, and is ignored.
CONSTANT_AFTER = 3

#: Phone numbers that are remembered with their queries.
MAX_OPEN_QUERIES = 4096

#: Seconds for which a connection must stay silent after a response that does not prove itself: the factor times the
#: slowest recent response, but at least the minimum and at most the maximum. By then the missing response has arrived.
MIN_SILENCE, SILENCE_FACTOR, MAX_SILENCE = 0.1, 3.0, 2.0
_DECAY = 0.99

#: A silence consists of PARTS parts. A part that ended more than MAX_DELAY seconds late does not count: a machine that
#: is too busy to wake us in time is too busy to deliver bytes that are on their way. The wait ends after MAX_PARTS
#: parts in any case, or else every empty page would block a process that is always busy.
PARTS, MAX_DELAY, MAX_PARTS = 4, 0.03, 12

_SEVERAL = object()


class RequestIds:
    """The request ids of an endpoint's latest responses, for one event loop.

    :param endpoint: name of the endpoint, for the log
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._seen: dict[str, int] = {}  # id -> number of connections that began with it, oldest first
        self._is_constant = False
        #: Number of responses that belonged to another query.
        self.foreign = 0

    def check(self, request_id: object, *, is_first: bool) -> None:
        """Refuse a response that repeats a request id.

        The first response of a connection cannot repeat an earlier one. So if several connections begin with the same
        id, the endpoint gives every response that id, and ids are not checked from then on.

        :param request_id: the response's request id; a response without one is not checked
        :param is_first: whether the response is the first of its connection
        :raises DysmsMismatched: another request got the same response before
        """
        if self._is_constant or not isinstance(request_id, str) or not request_id:
            return
        seen = self._seen
        connections = seen.get(request_id)
        if connections is None:
            seen[request_id] = int(is_first)
            if len(seen) > MAX_REQUEST_IDS:
                del seen[next(iter(seen))]
        elif not is_first:
            raise DysmsMismatched("the response repeats the request id of an earlier one")
        else:
            seen[request_id] = connections + 1
            self._is_constant = connections + 1 >= CONSTANT_AFTER
            if self._is_constant:
                log.warning(
                    "%s gives every response the same request id, so request ids cannot show that a response was "
                    "repeated on its way. The other checks continue.",
                    self._endpoint,
                )


class OpenQueries:
    """The latest queries by their subject, such as a phone number. For one event loop."""

    def __init__(self) -> None:
        self._queries: dict[str, Hashable] = {}

    def add(self, subject: str, query: Hashable) -> None:
        """Remember a query that is about to be sent."""
        queries = self._queries
        known = queries.setdefault(subject, query)
        if known != query:
            queries[subject] = _SEVERAL
        elif len(queries) > MAX_OPEN_QUERIES:
            del queries[next(iter(queries))]

    def has_only(self, subject: str, query: Hashable) -> bool:
        """Return whether a subject had no other recent query, so that a response that names it is the right one."""
        return self._queries.get(subject) == query


class Silence:
    """The time for which a connection must stay silent after a response that does not prove itself."""

    def __init__(self) -> None:
        self._slowest = 0.0

    def add(self, seconds: float) -> None:
        """Record how long a response took, in seconds."""
        slowest = self._slowest * _DECAY
        self._slowest = seconds if seconds > slowest else slowest

    @property
    def seconds(self) -> float:
        """Seconds of silence that are required now."""
        return min(max(MIN_SILENCE, SILENCE_FACTOR * self._slowest), MAX_SILENCE)

    async def wait(self, listen: Callable[[float], Awaitable[bool]]) -> bool:
        """Wait; return whether the connection stayed silent.

        :param listen: waits the given seconds, or until bytes arrive or the connection ends; returns whether no bytes
            arrived
        """
        loop = asyncio.get_running_loop()
        part, silent_parts, end = self.seconds / PARTS, 0, loop.time() + MAX_SILENCE
        for _ in range(MAX_PARTS):
            started = loop.time()
            if not await listen(part):
                return False
            silent_parts += loop.time() - started < part + MAX_DELAY
            if silent_parts == PARTS or loop.time() >= end:
                break
        return True
