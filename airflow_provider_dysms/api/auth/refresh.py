"""Resolves the credentials that sign the next request, and refreshes temporary ones once for all waiting requests."""

from __future__ import annotations

import asyncio
import copy
import logging
import time
from typing import TYPE_CHECKING

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.model.errors import DysmsAuthError, DysmsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_dysms.api.auth.providers import CredentialsProvider
    from airflow_provider_dysms.api.http.endpoints import Endpoint
    from airflow_provider_dysms.api.http.transport import Transport

log = logging.getLogger(__name__)

#: The first part of the codes with which the service refuses an access key or its token.
_REFUSED_CREDENTIALS = ("InvalidSecurityToken", "InvalidAccessKeyId")


class CredentialsResolver:
    """The credentials of one client, within one event loop.

    :param source: a permanent access key, or the provider of temporary ones
    :param transport: returns a transport for an endpoint, over which the provider is queried
    """

    def __init__(self, source: Credentials | CredentialsProvider, transport: Callable[[Endpoint], Transport]) -> None:
        self._source = source
        self._transport = transport
        self._refreshing = asyncio.Lock()
        self._failed_at, self._failure = float("-inf"), DysmsError("")

    @property
    def identity(self) -> str:
        """The owner of the rate limiters."""
        return self._source.identity

    @property
    def current(self) -> Credentials:
        """The credentials to sign with now; :meth:`ensure_fresh` must have been awaited before."""
        if isinstance(self._source, Credentials):
            return self._source
        assert self._source.cache.credentials is not None
        return self._source.cache.credentials

    @property
    def are_fresh(self) -> bool:
        """Whether no refresh is due, so that :meth:`ensure_fresh` would return at once."""
        return isinstance(self._source, Credentials) or not self._source.cache.is_due(time.monotonic())

    async def ensure_fresh(self, since: float) -> None:
        """Refresh the credentials if that is due. If it fails, the old ones are used until they expire.

        :param since: seconds of ``time.monotonic()``; a refresh that failed after it counts for this call too
        :raises DysmsCredentialsError: there are no credentials, and the next attempt will fail too
        :raises DysmsTransportError: there are no credentials at the moment; the request was not sent
        """
        if self.are_fresh or isinstance(self._source, Credentials):  # the second is for mypy
            return
        async with self._refreshing:
            cache = self._source.cache
            if not cache.is_due(time.monotonic()):
                return
            if self._failed_at > since:
                raise copy.copy(self._failure)
            try:
                await self._refresh(self._source)
            except DysmsError as error:
                now = time.monotonic()
                if not cache.is_valid(now):
                    self._failed_at, self._failure = now, error
                    raise
                cache.postpone(now)
                log.warning(
                    "The credentials could not be refreshed, and the old ones are used until they expire. %s", error
                )

    def invalidate(self, error: DysmsError, used: Credentials) -> bool:
        """Drop temporary credentials if the service refused them; return whether the request may have new ones.

        :param error: the service's response to the request
        :param used: the credentials that signed the request; another request may have replaced them by now
        """
        if isinstance(self._source, Credentials) or not _is_about_credentials(error):
            return False
        if self._source.cache.credentials == used:
            self._source.cache.invalidate()
        return True

    async def _refresh(self, provider: CredentialsProvider) -> None:
        from airflow_provider_dysms.api.auth.alibabacloud import issue_credentials

        now = time.monotonic()
        provider.cache.store(await issue_credentials(provider, self._transport), now)


def _is_about_credentials(error: DysmsError) -> bool:
    return isinstance(error, DysmsAuthError) and (error.code or "").startswith(_REFUSED_CREDENTIALS)
