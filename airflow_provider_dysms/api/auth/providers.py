"""The configured provider of temporary credentials, and a cache of the credentials that it issued last.

Providers are STS (for a role), an ECS instance, a URI, or the default chain of the machine; :mod:`.alibabacloud` sends
their requests through the package alibabacloud-credentials (the extra ``credentials``). Nothing here belongs to an
event loop, so cached credentials serve all event loops of a task.
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
METADATA_ENDPOINT = Endpoint("http", METADATA_HOST, 80)

#: Seconds before their expiry at which credentials are refreshed; a quarter of their lifetime if that is less.
REFRESH_MARGIN = 300.0
#: Minimum seconds between two refreshes, so that credentials that arrive expired are not refreshed per request.
MIN_REFRESH_INTERVAL = 0.1
#: Seconds after which credentials without a known expiry are refreshed.
UNKNOWN_LIFETIME = 300.0
#: Seconds until the next attempt after a failed refresh, while the old credentials are still valid.
RETRY_INTERVAL = 5.0


@dataclass(frozen=True, slots=True)
class IssuedCredentials:
    """Temporary credentials, as the provider issued them.

    :param credentials: the access key and its token
    :param expires_at: seconds since 1970; ``None`` if the provider does not say
    """

    credentials: Credentials
    expires_at: float | None


class CachedCredentials:
    """The credentials issued last, and when to refresh them. Instants are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self.credentials: Credentials | None = None
        self._refresh_at = self._valid_until = float("-inf")

    def is_due(self, now: float) -> bool:
        """Whether it is time for a refresh."""
        return now >= self._refresh_at

    def is_valid(self, now: float) -> bool:
        """Whether the cached credentials may still be used."""
        return self.credentials is not None and now < self._valid_until

    def store(self, issued: IssuedCredentials, now: float) -> None:
        """Cache credentials that were requested at an instant."""
        lifetime = UNKNOWN_LIFETIME if issued.expires_at is None else issued.expires_at - time.time()
        self.credentials = issued.credentials
        self._refresh_at = now + max(lifetime - min(REFRESH_MARGIN, lifetime / 4), MIN_REFRESH_INTERVAL)
        self._valid_until = float("inf") if issued.expires_at is None else now + lifetime

    def invalidate(self) -> None:
        """Refresh before the next request, because the service refused the cached credentials."""
        self._refresh_at = self._valid_until = float("-inf")

    def postpone(self, now: float) -> None:
        """Wait before the next refresh, because the last one failed."""
        self._refresh_at = now + RETRY_INTERVAL


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsProvider:
    """A provider of temporary credentials, as a connection configures it.

    Two providers are equal if they have the same configuration, whatever credentials they have cached.

    :param auth_type: ``ram_role_arn``, ``ecs_ram_role``, ``oidc_role_arn``, ``credentials_uri`` or ``default``
    :param login: the access key that may assume the role; only for ``ram_role_arn``
    :param role_arn: the role to assume
    :param role_session_name: name of the session in the account's audit trail
    :param role_session_expiration: seconds for which an assumed role is valid, at least 900
    :param policy: JSON policy that restricts the role further
    :param external_id: the external id that the role's owner demands
    :param sts_endpoint: endpoint of STS; ``None`` for ``sts.aliyuncs.com``
    :param role_name: role of the ECS instance; ``None`` to query the instance for it
    :param metadata_endpoint: metadata service of the ECS instance
    :param oidc_provider_arn: the identity provider
    :param oidc_token_file: path of the machine's OIDC token
    :param credentials_uri: URL that returns credentials
    :param allow_custom_endpoint: allow hosts other than STS, the metadata service and this machine
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
    metadata_endpoint: Endpoint = METADATA_ENDPOINT
    oidc_provider_arn: str | None = None
    oidc_token_file: str | None = None
    credentials_uri: str | None = field(default=None, repr=False)
    allow_custom_endpoint: bool = False
    cache: CachedCredentials = field(default_factory=CachedCredentials, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if importlib.util.find_spec("alibabacloud_credentials") is None:
            raise DysmsInputError(
                "auth_type",
                f"{self.auth_type} needs the package alibabacloud-credentials; "
                "install airflow-provider-dysms[credentials]",
            )

    @property
    def identity(self) -> str:
        """The owner of the rate limiters: the same for all credentials that the provider issues."""
        name = self.role_arn or self.role_name or self.credentials_uri
        return f"{self.auth_type} {name}" if name else self.auth_type
