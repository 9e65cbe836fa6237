"""The instant for which a send is signed: it is fixed once, so that the service refuses what is delivered too late.

A paused process goes on as if nothing had happened, and buffers and proxies deliver late. The service refuses a request
whose signature is too old, whatever held it up: so a send is never signed anew, and it does not even leave when its
signature has become old here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from airflow_provider_dysms.model.dates import SIGNATURE_LIFETIME
from airflow_provider_dysms.model.errors import DysmsHeldBack

#: The part of that lifetime within which a request must leave this machine.
SHARE_TO_LEAVE = 1 / 3

#: Counts while the machine is suspended, where there is such a clock.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", None) or time.CLOCK_MONOTONIC


@dataclass(frozen=True, slots=True)
class SignatureTime:
    """When a request is signed, and for how long it may leave.

    :param at: an aware instant in whole seconds
    :param max_age: seconds after which the request must not leave any more; ``inf`` for no limit
    """

    at: datetime
    max_age: float
    _began: float = field(default_factory=lambda: time.clock_gettime(_CLOCK))

    @classmethod
    def begin(cls, lifetime: float = SIGNATURE_LIFETIME) -> SignatureTime:
        """Return the signature time of a request that is to be sent from now on.

        :param lifetime: seconds after which the service refuses it
        """
        return cls(datetime.now(UTC).replace(microsecond=0), lifetime * SHARE_TO_LEAVE)

    @property
    def age(self) -> float:
        """Seconds since it began: a virtual machine that was paused may notice by its wall clock alone."""
        return max(time.clock_gettime(_CLOCK) - self._began, (datetime.now(UTC) - self.at).total_seconds())

    def check(self) -> None:
        """Refuse to let the request leave when it is too old.

        :raises DysmsHeldBack: it has not left, and must not
        """
        if self.age > self.max_age:
            raise DysmsHeldBack(
                f"the request was held back for {self.age:.0f} s, and must leave within {self.max_age:g} s of its "
                "signature; nothing was sent"
            )
