"""The trigger of a repeated send: waits until the service must refuse every request of the earlier attempt."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: Longest sleep in seconds; then the clock is read again, because it may be set, and the machine may be suspended.
MAX_SLEEP = 30.0


class DysmsSendTrigger(BaseTrigger):
    """Waits until an instant, and yields one event, which says when the waiting attempt began.

    :param moment: the instant, ISO 8601 with a time zone
    :param began: when the waiting attempt began, in the same form
    """

    def __init__(self, /, **kwargs: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._kwargs = kwargs

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments, unchanged."""
        return f"{type(self).__module__}.{type(self).__qualname__}", dict(self._kwargs)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield the event; at once if the arguments cannot be read, because the task checks the time again anyway."""
        moment = read_instant(self._kwargs.get("moment"))
        while moment is not None and (remaining := _seconds_until(moment)) > 0:  # noqa: ASYNC110  # nothing signals this moment
            await asyncio.sleep(min(remaining, MAX_SLEEP))
        yield TriggerEvent({"began": self._kwargs.get("began")})  # type: ignore[no-untyped-call]


def read_instant(value: object) -> datetime | None:
    """Read an instant that was stored as text; return ``None`` if it is not readable or has no time zone."""
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return instant if instant is not None and instant.tzinfo is not None else None


def _seconds_until(moment: datetime) -> float:
    return (moment - datetime.now(UTC)).total_seconds()
