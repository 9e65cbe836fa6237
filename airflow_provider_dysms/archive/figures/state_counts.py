"""Numbers of messages by state, of a day or of a part of it, and the shares that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class StateCounts:
    """Numbers of messages; see :class:`airflow_provider_dysms.model.delivery.State`."""

    delivered: int = 0
    failed: int = 0
    waiting: int = 0
    expired: int = 0
    missing: int = 0
    unlogged: int = 0
    rejected: int = 0

    @classmethod
    def of(cls, states: Mapping[str, Any]) -> StateCounts:
        """Return the counts of a map of a manifest; a state that this release does not know is left out."""
        known = {field.name: states.get(field.name, 0) for field in fields(cls)}
        return cls(**{name: count if type(count) is int else 0 for name, count in known.items()})

    @property
    def recorded(self) -> int:
        """Messages of the log for which the service has a record."""
        return self.delivered + self.failed + self.waiting + self.expired

    @property
    def without_receipt(self) -> int:
        """Messages with a record and without a receipt: those that wait, and those that have waited too long."""
        return self.waiting + self.expired

    @property
    def known(self) -> int:
        """Messages of the log whose outcome is known: a message that waits may still arrive."""
        return self.delivered + self.failed + self.expired

    @property
    def sent(self) -> int:
        """Messages of the log that could be asked about."""
        return self.recorded + self.missing

    @property
    def delivered_share(self) -> float | None:
        """The delivered share of the messages that were sent, from 0 to 1; ``None`` if there are none."""
        return self.delivered / self.sent if self.sent else None

    def as_dict(self) -> dict[str, int]:
        """Return state -> number of messages."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
