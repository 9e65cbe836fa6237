"""Whether a response belongs to its request.

HTTP/1.1 numbers nothing: the next response on a connection is taken for the answer to the last request. If something on
the way repeats a response, or sends one too many, the requests that follow get the response of another one.

Three signs tell. Rows that name what was asked prove themselves. A request id that came before tells that a response
was repeated. And one response too many comes to light on a silent connection: a response that does not prove itself
counts only when its connection has been silent for a while, and when no other request got the response of another one
meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.errors import DysmsMismatched

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

log = logging.getLogger(__name__)

#: A response that is repeated comes late, but not later than so many others.
MAX_REQUEST_IDS = 1024

#: An id with which so many fresh connections begin says nothing.
CONSTANT_AFTER = 3

#: Phone numbers that are remembered with what was asked about them.
MAX_SUBJECTS = 4096

#: A connection must stay silent for so long (s) after a response that does not prove itself, and for so many times the
#: slowest response of late: the one that is missing would be here by then. Never longer than the last (s).
MIN_SILENCE, SILENCE_FACTOR, MAX_SILENCE = 0.1, 3.0, 2.0
_FORGETTING = 0.99

#: A silence is listened to in so many parts, and a part that ended later (s) than it should does not count: a machine
#: that is too busy to wake us in time is too busy to deliver what is under way. Listening ends after so many parts, or
#: empty pages would hold up a process that is always busy.
PARTS, MAX_DELAY, MAX_PARTS = 4, 0.03, 12

_SEVERAL = object()


class RequestIds:
    """The request ids of an endpoint's latest responses. For one event loop.

    :param endpoint: its name, for the log
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._seen: dict[str, int] = {}  # how many connections began with each, the oldest first
        self._is_constant = False
        #: How many responses were about something that was not asked.
        self.foreign = 0

    def check(self, request_id: object, *, is_first: bool) -> None:
        """Refuse a response that repeats a request id.

        The first response of a connection cannot be an earlier one's, so an id with which several connections begin is
        the endpoint's way: from then on it says nothing.

        :param request_id: as the response has it; a response without one is not judged
        :param is_first: whether the response is the first of its connection
        :raises DysmsMismatched: the response was given to another request before
        """
        if self._is_constant or not isinstance(request_id, str) or not request_id:
            return
        seen = self._seen
        begun = seen.get(request_id)
        if begun is None:
            seen[request_id] = int(is_first)
            if len(seen) > MAX_REQUEST_IDS:
                del seen[next(iter(seen))]
        elif not is_first:
            raise DysmsMismatched("the response repeats the request id of an earlier one")
        else:
            seen[request_id] = begun + 1
            self._is_constant = begun + 1 >= CONSTANT_AFTER
            if self._is_constant:
                log.warning(
                    "%s gives every response the same request id, so that id cannot tell whether a response was "
                    "repeated on its way; the other checks go on.",
                    self._endpoint,
                )


class Subjects:
    """What was asked lately about whom. For one event loop."""

    def __init__(self) -> None:
        self._questions: dict[str, Hashable] = {}

    def add(self, subject: str, question: Hashable) -> None:
        """Remember what is about to be asked about a subject, such as a phone number."""
        questions = self._questions
        known = questions.setdefault(subject, question)
        if known != question:
            questions[subject] = _SEVERAL
        elif len(questions) > MAX_SUBJECTS:
            del questions[next(iter(questions))]

    def has_only(self, subject: str, question: Hashable) -> bool:
        """Say whether nothing else was asked about a subject lately: then what names the subject is the answer."""
        return self._questions.get(subject) == question


class Silence:
    """How long a connection must be silent after a response that does not prove itself."""

    def __init__(self) -> None:
        self._slowest = 0.0

    def add(self, seconds: float) -> None:
        """Take note of how long a response took."""
        slowest = self._slowest * _FORGETTING
        self._slowest = seconds if seconds > slowest else slowest

    @property
    def seconds(self) -> float:
        return min(max(MIN_SILENCE, SILENCE_FACTOR * self._slowest), MAX_SILENCE)

    async def wait(self, listen: Callable[[float], Awaitable[bool]]) -> bool:
        """Wait for a silence; return whether it was kept.

        :param listen: waits so many seconds, or until something comes or nothing can come any more; returns whether
            nothing came
        """
        loop = asyncio.get_running_loop()
        part, kept, end = self.seconds / PARTS, 0, loop.time() + MAX_SILENCE
        for _ in range(MAX_PARTS):
            begun = loop.time()
            if not await listen(part):
                return False
            kept += loop.time() - begun < part + MAX_DELAY
            if kept == PARTS or loop.time() >= end:
                break
        return True
