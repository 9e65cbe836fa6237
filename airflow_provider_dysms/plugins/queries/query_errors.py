"""Why a query has no result. Each error has a word, for which the pages have a sentence in each language."""

from __future__ import annotations

from typing import Literal

Reason = Literal["user_busy", "server_busy", "too_slow", "too_large", "cancelled", "died"]


class QueryFailed(Exception):
    """A query was not begun, or has no result.

    :param reason: ``user_busy`` if the user's query before it still runs, ``server_busy`` if too many users have one,
        ``too_slow`` and ``too_large`` if it was killed at its bound of time or memory, ``cancelled`` if its visitor
        has gone, ``died`` if its process ended without a result
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason
