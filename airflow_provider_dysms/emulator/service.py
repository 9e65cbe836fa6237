"""The service as one object: what it knows, how it is set, and what it is about to do wrong."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_dysms.emulator.faults import FaultPlan
from airflow_provider_dysms.emulator.quotas import Quotas
from airflow_provider_dysms.emulator.signatures import Nonces
from airflow_provider_dysms.emulator.state import Clock, Key, Messages
from airflow_provider_dysms.emulator.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Everything under it is the emulator's own; the service has nothing there.
ADMIN_PATH = "/_emulator/"
#: How many requests are remembered with their parameters.
REMEMBERED = 100_000


class Service:
    """Everything that a request can touch.

    :param keys: the access keys that are there from the start, and after every reset
    """

    def __init__(self, keys: Iterable[Key]) -> None:
        self._first_keys = {key.access_key_id: key for key in keys}
        self.reset()

    def reset(self) -> None:
        """Forget everything but the first keys."""
        self.keys = dict(self._first_keys)
        self.switches = Switches()
        self.clock = Clock()
        self.messages = Messages()
        self.templates: dict[str, str] = {}
        self.faults = FaultPlan()
        self.quotas = Quotas()
        self.reset_requests()

    def reset_requests(self) -> None:
        """Forget the requests: their nonces, their count, and what they used of the quotas."""
        limits = self.quotas.limits
        self.quotas = Quotas()
        self.quotas.configure(limits)
        self.nonces = Nonces()
        self.connections = 0
        self.calls: deque[tuple[str, dict[str, str]]] = deque(maxlen=REMEMBERED)


@dataclass(slots=True)
class Call:
    """One request that was let in.

    :param now: the emulator's time at which it is answered
    """

    service: Service
    account: str
    action: str
    parameters: Mapping[str, str]
    request_id: str
    now: float

    @property
    def switches(self) -> Switches:
        """The service's switches."""
        return self.service.switches
