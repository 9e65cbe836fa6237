"""The instant that a send is signed for: fixed once, so that the service refuses the request if it arrives too late.

A paused process continues as if nothing had happened, and buffers and proxies deliver late. The service refuses a
request with a signature that is too old, whatever delayed it. So a send is never signed again for a later instant, and
it does not leave this machine if its signature has become too old here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from airflow_provider_dysms.model.dates import SIGNATURE_LIFETIME
from airflow_provider_dysms.model.errors import DysmsHeldBack

#: The share of a signature's lifetime within which the request must leave this machine.
DISPATCH_SHARE = 1 / 3

#: A clock that also counts while the machine is suspended, if the system has one.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", None) or time.CLOCK_MONOTONIC


@dataclass(frozen=True, slots=True)
class SignatureTime:
    """The instant that a request is signed for, and the time within which it must leave.

    :param at: an aware instant in whole seconds
    :param max_age: seconds after which the request must not leave; ``inf`` for no limit
    """

    at: datetime
    max_age: float
    _began: float = field(default_factory=lambda: time.clock_gettime(_CLOCK))

    @classmethod
    def begin(cls, lifetime: float = SIGNATURE_LIFETIME) -> SignatureTime:
        """Return the signature time of a request that is sent from now on.

        :param lifetime: seconds after which the service refuses the signature
        """
        return cls(datetime.now(UTC).replace(microsecond=0), lifetime * DISPATCH_SHARE)

    @property
    def age(self) -> float:
        """Seconds since it began, by two clocks: a pause of a virtual machine may show on its wall clock alone."""
        return max(time.clock_gettime(_CLOCK) - self._began, (datetime.now(UTC) - self.at).total_seconds())

    def check(self) -> None:
        """Check that the request may still leave.

        :raises DysmsHeldBack: the signature is too old; nothing was sent
        """
        if self.age > self.max_age:
            raise DysmsHeldBack(
                f"the request was held back for {self.age:.0f} s, and must leave within {self.max_age:g} s of its "
                "signature; nothing was sent"
            )
