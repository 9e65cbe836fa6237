"""Whoever hands out keys that last a while: STS for a role, an ECS instance, a URI, or what the machine has by default.

The package alibabacloud-credentials (the extra ``credentials``) knows what to ask them, see :mod:`.alibabacloud`. Here is
what a connection says about them, and which key is held at the moment. Nothing here belongs to an event loop, so that
one key serves a task's loops one after another.
"""

from __future__ import annotations

import importlib.util
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_dysms.api.http.endpoints import METADATA_HOST, Endpoint
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from airflow_provider_dysms.api.auth.credentials import Credentials

SESSION_NAME = "airflow-provider-dysms"

#: The metadata service of an ECS instance.
METADATA = Endpoint("http", METADATA_HOST, 80)

#: A key is replaced so long (s) before its end, or a quarter of its life where that is less; but not at once (s).
MARGIN = 300.0
SELDOM = 0.1
#: Where nobody says how long a key lasts, it is replaced after so long (s).
UNKNOWN_LIFE = 300.0
#: While a key lives that could not be replaced, the next attempt comes so late (s).
PUT_OFF = 5.0


@dataclass(frozen=True, slots=True)
class IssuedCredentials:
    """A key as it was handed out.

    :param expires_at: seconds since 1970; ``None`` where nobody says
    """

    credentials: Credentials
    expires_at: float | None


class CachedCredentials:
    """The key of the hour, and when it is to be replaced. Seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self.credentials: Credentials | None = None
        self._due = self._end = float("-inf")

    def is_due(self, now: float) -> bool:
        """Whether it is time to ask for another one."""
        return now >= self._due

    def lives(self, now: float) -> bool:
        """Whether it may still be used."""
        return self.credentials is not None and now < self._end

    def take(self, issued: IssuedCredentials, now: float) -> None:
        """Hold a key that was asked for at an instant."""
        life = UNKNOWN_LIFE if issued.expires_at is None else issued.expires_at - time.time()
        self.credentials = issued.credentials
        self._due = now + max(life - min(MARGIN, life / 4), SELDOM)
        self._end = float("inf") if issued.expires_at is None else now + life

    def drop(self) -> None:
        """Use it no more: the service refused it."""
        self._due = self._end = float("-inf")

    def put_off(self, now: float) -> None:
        """Ask for another one later than now."""
        self._due = now + PUT_OFF


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsProvider:
    """Whom to ask for keys, as a connection says it. Equal ones were configured alike, whatever they hold.

    :param auth_type: ``ram_role_arn``, ``ecs_ram_role``, ``oidc_role_arn``, ``credentials_uri`` or ``default``
    :param login: the key that may assume the role, of ``ram_role_arn``
    :param role_arn: the role to assume
    :param role_session_name: what the account's audit trail shows
    :param role_session_expiration: seconds that an assumed role lasts, at least 900
    :param policy: narrows what the role may do, JSON
    :param external_id: what the role's owner asks for
    :param sts_endpoint: of STS; ``None`` for ``sts.aliyuncs.com``
    :param role_name: role of the ECS instance; ``None`` to ask the instance
    :param metadata_endpoint: of the ECS instance
    :param oidc_provider_arn: the identity provider
    :param oidc_token_file: where the machine keeps its OIDC token
    :param credentials_uri: address that answers with a key
    :param allow_custom_endpoint: ask hosts other than those of STS, the metadata service and this machine
    :raises DysmsInputError: the extra ``credentials`` is not installed
    """

    auth_type: str
    login: Credentials | None = None
    role_arn: str | None = None
    role_session_name: str = SESSION_NAME
    role_session_expiration: int = 3600
    policy: str | None = None
    external_id: str | None = field(default=None, repr=False)
    sts_endpoint: Endpoint | None = None
    role_name: str | None = None
    metadata_endpoint: Endpoint = METADATA
    oidc_provider_arn: str | None = None
    oidc_token_file: str | None = None
    credentials_uri: str | None = field(default=None, repr=False)
    allow_custom_endpoint: bool = False
    held: CachedCredentials = field(default_factory=CachedCredentials, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if importlib.util.find_spec("alibabacloud_credentials") is None:
            raise DysmsInputError(
                "auth_type",
                f"{self.auth_type} needs the package alibabacloud-credentials; "
                "install airflow-provider-dysms[credentials]",
            )

    @property
    def identity(self) -> str:
        """To whom budgets belong: the same for every key that it hands out."""
        of_whom = self.role_arn or self.role_name or self.credentials_uri
        return f"{self.auth_type} {of_whom}" if of_whom else self.auth_type
