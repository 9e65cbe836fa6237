"""The settings of a client: credentials, endpoint, request rate, timeout, certificates and proxy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_dysms.api.http import endpoints
from airflow_provider_dysms.api.rate_limiter import QUOTAS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.api.auth.credentials import Credentials
    from airflow_provider_dysms.api.auth.providers import CredentialsProvider


#: Seconds for connecting, and the same again for one request with its response.
TIMEOUT = 10.0

#: Our share of the account's quotas: two triggerers are usual, and other programs use the account too.
QUOTA_SHARE = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a client, as a connection names them.

    :param credentials: a permanent access key, or the provider of temporary ones
    :param region_id: chooses the endpoint; ``None`` for the API version's own default
    :param host: host that replaces the region's, for both API versions; with ``port`` and ``schema``
    :param allow_custom_endpoint: allow hosts other than the service's own and this machine
    :param timeout: seconds for connecting, and the same again for one request with its response
    :param quota_share: our share of the account's quotas, above 0 and at most 1
    :param quota: requests per second by action, for accounts whose quotas were raised
    :param requests_per_second: our rate for every action, instead of the share; never above the quota
    :param ca_bundle: file of PEM certificates to trust instead of the system's
    :param proxy: ``http://[user:password@]host:port``
    """

    credentials: Credentials | CredentialsProvider
    region_id: str | None = None
    host: str | None = None
    port: int | None = None
    schema: str | None = None
    allow_custom_endpoint: bool = False
    timeout: float = TIMEOUT
    quota_share: float = QUOTA_SHARE
    quota: Mapping[str, float] = field(default_factory=dict)
    requests_per_second: float | None = None
    ca_bundle: str | None = None
    proxy: str | None = field(default=None, repr=False)

    def endpoint(self, version: str) -> endpoints.Endpoint:
        """Return the endpoint of an API version.

        :raises DysmsInputError: the region or the override is not usable
        """
        return endpoints.resolve(
            version,
            self.region_id,
            host=self.host,
            port=self.port,
            schema=self.schema,
            allow_custom=self.allow_custom_endpoint,
        )

    def per_second(self, action: str) -> float:
        """Return our share of the account's quota for an action, in requests per second."""
        quota = self.quota.get(action, QUOTAS[action])
        return quota * self.quota_share if self.requests_per_second is None else min(self.requests_per_second, quota)
