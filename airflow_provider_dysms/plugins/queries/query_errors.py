"""Why a query has no result. Each error has a word, for which the pages have a sentence in each language."""

from __future__ import annotations

from typing import Literal

Reason = Literal["user_busy", "server_busy", "too_slow", "too_large", "cancelled", "died"]


def place_of(error: BaseException) -> str:
    """Return the type of an error and the line that raised it: its text or a stack trace may quote a number."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "an unknown line"
    return f"{type(error).__name__} at {place}"


class QueryFailed(Exception):
    """A query was not begun, or has no result.

    :param reason: ``user_busy`` if the user's query before it still runs, ``server_busy`` if too many users have one,
        ``too_slow`` and ``too_large`` if it was killed at its bound of time or memory, ``cancelled`` if its visitor
        has gone, ``died`` if its process ended without a result
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason
