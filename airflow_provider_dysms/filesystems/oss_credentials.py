"""Gives botocore the credentials of a connection, also temporary ones, which are renewed before they expire."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aiobotocore.credentials import AioCredentials
from aiobotocore.session import AioSession
from botocore.credentials import ReadOnlyCredentials

from airflow_provider_dysms.api.auth.refresh import CredentialsResolver
from airflow_provider_dysms.api.http.pooled_transport import HttpTransport

if TYPE_CHECKING:
    from airflow_provider_dysms.api.auth.credentials import Credentials
    from airflow_provider_dysms.api.auth.providers import CredentialsProvider


def session_of(
    source: Credentials | CredentialsProvider, *, ca_bundle: str | None = None, proxy: str | None = None
) -> AioSession:
    """Return a session whose clients sign with the credentials.

    :param source: an access key, or the provider of temporary ones
    :param ca_bundle: file of PEM certificates for the requests to the provider
    :param proxy: for the requests to the provider
    """
    resolver = CredentialsResolver(source, lambda endpoint: HttpTransport(endpoint, ca_bundle=ca_bundle, proxy=proxy))
    session = AioSession()
    session.register_component("credential_provider", _Resolver(resolver))
    return session


class _Resolver:
    """Takes the place of botocore's own search for credentials."""

    def __init__(self, resolver: CredentialsResolver) -> None:
        self._resolver = resolver

    async def load_credentials(self) -> AioCredentials:
        return _Signer(self._resolver)


class _Signer(AioCredentials):  # type: ignore[misc]
    """Credentials that botocore asks for before it signs a request."""

    def __init__(self, resolver: CredentialsResolver) -> None:
        super().__init__("not-read", "not-read")
        self._resolver = resolver

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        await self._resolver.ensure_fresh(time.monotonic())
        now = self._resolver.current
        return ReadOnlyCredentials(now.access_key_id, now.access_key_secret, now.security_token, None)
