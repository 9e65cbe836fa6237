"""The emulator's clock in the hands of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from airflow_provider_dysms.emulator import Emulator

#: Seconds by which a request may be dated wrongly once the clock has been moved: the provider follows the machine's.
_MAX_SKEW = 90 * 86_400


class DysmsClock:
    """Moves the time of the emulator, while the provider goes on with the machine's.

    :param emulator: whose clock it is; its checks of the requests' dates are relaxed when the clock is moved
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def now(self) -> datetime:
        """Return the emulator's time."""
        return self._emulator.now()

    def set(self, now: datetime, *, frozen: bool = False) -> None:
        """Set the clock, which goes on unless it is ``frozen``.

        :param now: a time with a time zone, at most 90 days away
        """
        self._relax()
        self._emulator.set_clock(now, frozen=frozen)

    def advance(self, duration: timedelta) -> None:
        """Move the clock forward, or back if the duration is negative."""
        self._relax()
        self._emulator.advance(duration.total_seconds())

    def deliver(self) -> int:
        """Give every message that waits for its receipt the outcome that it would get; return how many there were."""
        return self._emulator.tick()

    def _relax(self) -> None:
        self._emulator.configure(skew_v3=_MAX_SKEW, skew_v1=_MAX_SKEW)
