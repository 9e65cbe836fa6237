"""The service as one object: what it knows, how it is set, and what it is about to do wrong."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_dysms.emulator.errors import VERSION_CHINA, VERSION_GLOBE
from airflow_provider_dysms.emulator.faults import FaultPlan
from airflow_provider_dysms.emulator.quotas import Quotas
from airflow_provider_dysms.emulator.signatures import Nonces
from airflow_provider_dysms.emulator.state import Clock, Key, Message, Messages
from airflow_provider_dysms.emulator.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

#: An account that no key opens and no message belongs to.
NOBODY = ""
SITE_OF_VERSION = {VERSION_CHINA: "mainland", VERSION_GLOBE: "international"}
#: Everything under it is the emulator's own; the service has nothing there. The token of the admin path follows.
ADMIN_PATH = "/_emulator/"
#: How many requests are remembered with their parameters, and how long a parameter is remembered (characters).
REMEMBERED = 100_000
MAX_REMEMBERED_TEXT = 2_000


class Service:
    """Everything that a request can touch.

    :param keys: the access keys that are there from the start, and after every reset
    :param switches: the switches that are set from the start, and after every reset
    :param folder: nowhere else are files written that the admin path asks for; ``None``: nowhere at all
    """

    def __init__(self, keys: Iterable[Key], *, switches: Switches | None = None, folder: Path | None = None) -> None:
        self._first_keys = {key.access_key_id: key for key in keys}
        self._first_switches = switches or Switches()
        self.folder = folder
        self.reset()

    def reset(self) -> None:
        """Forget everything but the first keys."""
        self.keys = dict(self._first_keys)
        self.switches = self._first_switches
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
        self.calls_forgotten = 0

    def remember(self, action: str, parameters: dict[str, str]) -> None:
        """Remember a request that was let in; the oldest is forgotten when the ring is full."""
        self.calls_forgotten += len(self.calls) == REMEMBERED
        if max(map(len, parameters.values()), default=0) > MAX_REMEMBERED_TEXT:
            parameters = {name: value[:MAX_REMEMBERED_TEXT] for name, value in parameters.items()}
        self.calls.append((action, parameters))


@dataclass(slots=True)
class Call:
    """One request that was let in.

    :param version: the API version, which decides the site
    :param site: the site of its key; ``None``: its key is of the account's site
    :param now: the emulator's time at which it is answered
    """

    service: Service
    account: str
    action: str
    version: str
    site: str | None
    parameters: Mapping[str, str]
    request_id: str
    now: float

    @property
    def switches(self) -> Switches:
        """The service's switches."""
        return self.service.switches

    def sees(self, message: Message) -> bool:
        """Whether a message is one of the site that is asked."""
        joined = self.switches.sites == "joined"
        return joined or message.site in (None, SITE_OF_VERSION[self.version])

    def accept(self, *messages: Message) -> None:
        """Take in messages that are sent."""
        self.service.messages.add(messages, decides_site=self.site is None)
