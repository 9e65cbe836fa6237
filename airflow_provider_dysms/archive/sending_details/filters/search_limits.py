"""How long a span of time a search may have, and how far back it may look: settings, because vendors differ.

Huawei's page "Viewing Sending Details" says 24 hours within 60 days; its general page says 7 days within 90. Our own
archive has neither limit.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.validation import word


class SearchLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of a search.

    :param max_span: longest span of time; ``None`` for any
    :param max_age: how far the span may begin before the current instant; ``None`` for any
    """

    max_span: timedelta | None = None
    max_age: timedelta | None = None


#: Name of a profile -> its limits.
LIMITS: dict[str, SearchLimits] = {
    "none": SearchLimits(),
    "24h": SearchLimits(max_span=timedelta(hours=24), max_age=timedelta(days=60)),
    "7d": SearchLimits(max_span=timedelta(days=7), max_age=timedelta(days=90)),
}


def limits_of(limits: str | SearchLimits) -> SearchLimits:
    """Return the limits of a profile.

    :param limits: its name, or limits of your own
    :raises DysmsInputError: no profile has this name
    """
    if isinstance(limits, SearchLimits):
        return limits
    word("limits", limits, list(LIMITS))
    return LIMITS[limits]


def check_span(limits: SearchLimits, span: timedelta, age: timedelta) -> None:
    """Refuse a span of time that a search may not have.

    :param span: its length
    :param age: from its beginning to the current instant
    :raises DysmsInputError: it is beyond a limit; the message names the limit
    """
    if limits.max_span is not None and span > limits.max_span:
        raise DysmsInputError(
            "sent_from", f"and sent_to are further apart than {in_words(limits.max_span)}; choose a shorter time"
        )
    if limits.max_age is not None and age > limits.max_age:
        raise DysmsInputError(
            "sent_from", f"is more than {in_words(limits.max_age)} before the current time; choose a later time"
        )


def in_words(time: timedelta) -> str:
    """Return a limit in the words of the vendor's page: ``24 hours``, ``60 days``."""
    hours, rest = divmod(time, timedelta(hours=1))
    if rest:
        return f"{time.total_seconds():g} seconds"
    return f"{hours} hours" if hours <= 24 or hours % 24 else f"{hours // 24} days"
