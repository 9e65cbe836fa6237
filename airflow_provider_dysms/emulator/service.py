"""Holds the whole state of the emulated service: keys, messages, switches, planned faults, quotas and past requests."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_dysms.emulator.errors import VERSION_CHINA, VERSION_GLOBE
from airflow_provider_dysms.emulator.faults import FaultPlan
from airflow_provider_dysms.emulator.quotas import Quotas
from airflow_provider_dysms.emulator.signatures import SeenNonces
from airflow_provider_dysms.emulator.state import AccessKey, Clock, Message, Messages
from airflow_provider_dysms.emulator.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

#: The account of a request that must not find any message: no key and no message belongs to it.
NO_ACCOUNT = ""
SITE_OF_VERSION = {VERSION_CHINA: "mainland", VERSION_GLOBE: "international"}
#: Start of the admin path; its token follows. The real service has no path like this.
ADMIN_PATH = "/_emulator/"
#: How many requests are kept with their parameters, and how many characters of each parameter.
MAX_CALLS = 100_000
MAX_PARAMETER_LENGTH = 2_000


class Service:
    """The state that requests read and change.

    :param keys: the access keys that exist at the start and after every reset
    :param switches: the switches at the start and after every reset; default: :class:`.Switches` as documented
    :param folder: the only folder in which the admin path may write files; ``None``: it cannot write any file
    """

    def __init__(
        self, keys: Iterable[AccessKey], *, switches: Switches | None = None, folder: Path | None = None
    ) -> None:
        self._initial_keys = {key.access_key_id: key for key in keys}
        self._initial_switches = switches or Switches()
        self.folder = folder
        self.reset()

    def reset(self) -> None:
        """Forget everything except the initial keys and switches."""
        self.keys = dict(self._initial_keys)
        self.switches = self._initial_switches
        self.clock = Clock()
        self.messages = Messages()
        self.templates: dict[str, str] = {}
        self.faults = FaultPlan()
        self.quotas = Quotas()
        self.reset_requests()

    def reset_requests(self) -> None:
        """Forget all past requests: their nonces, their counts, and the quota that they used up."""
        limits = self.quotas.limits
        self.quotas = Quotas()
        self.quotas.configure(limits)
        self.nonces = SeenNonces()
        self.connections = 0
        self.calls: deque[tuple[str, dict[str, str]]] = deque(maxlen=MAX_CALLS)
        self.forgotten_calls = 0

    def record_call(self, action: str, parameters: dict[str, str]) -> None:
        """Keep a correctly signed request for the admin path; the oldest one is dropped beyond ``MAX_CALLS``."""
        self.forgotten_calls += len(self.calls) == MAX_CALLS
        if max(map(len, parameters.values()), default=0) > MAX_PARAMETER_LENGTH:
            parameters = {name: value[:MAX_PARAMETER_LENGTH] for name, value in parameters.items()}
        self.calls.append((action, parameters))


@dataclass(slots=True)
class Call:
    """A correctly signed request for a known action.

    :param account: the account that owns its access key
    :param version: the API version, which decides the site
    :param site: the site of its access key; ``None``: the key follows the account's site
    :param now: the emulator's time at which the request is answered, seconds since 1970
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

    def can_see(self, message: Message) -> bool:
        """Return whether a message belongs to the site that this request asks."""
        joined = self.switches.sites == "joined"
        return joined or message.site in (None, SITE_OF_VERSION[self.version])

    def store(self, *messages: Message) -> None:
        """Add the messages that this request sends."""
        self.service.messages.add(messages, decides_site=self.site is None)
