"""Waits in the triggerer until what an earlier try of a send may have left behind can do nothing any more."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: The wall clock is looked at this often (s): it may be set, and the machine may sleep.
LONGEST_SLEEP = 30.0


class DysmsSendTrigger(BaseTrigger):
    """Wait until an instant, and yield one event: when the try began that waits.

    :param moment: the instant, ISO 8601 with a time zone
    :param began: when the waiting try began, in the same form
    """

    def __init__(self, /, **kwargs: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._kwargs = kwargs

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments, as they came."""
        return f"{type(self).__module__}.{type(self).__qualname__}", dict(self._kwargs)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield the event; at once if the arguments cannot be read, because the task looks again in any case."""
        moment = read_instant(self._kwargs.get("moment"))
        while moment is not None and (left := _seconds_to(moment)) > 0:  # noqa: ASYNC110  # no event tells the time
            await asyncio.sleep(min(left, LONGEST_SLEEP))
        yield TriggerEvent({"began": self._kwargs.get("began")})  # type: ignore[no-untyped-call]


def read_instant(value: object) -> datetime | None:
    """Return an instant that was stored as text; ``None`` if it is not one."""
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return instant if instant is not None and instant.tzinfo is not None else None


def _seconds_to(moment: datetime) -> float:
    return (moment - datetime.now(UTC)).total_seconds()
