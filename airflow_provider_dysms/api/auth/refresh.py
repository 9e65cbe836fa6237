"""The key that signs the next request: the connection's own, or one that is replaced in time, once for everybody."""

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

#: What a service answers to a key or a token that it does not take (any more).
_OF_THE_KEY = ("InvalidSecurityToken", "InvalidAccessKeyId")


class CredentialsResolver:
    """The keys of one client, within one event loop.

    :param source: a key that stays, or who hands out others
    :param transport: returns what carries requests to an endpoint
    """

    def __init__(self, source: Credentials | CredentialsProvider, transport: Callable[[Endpoint], Transport]) -> None:
        self._source = source
        self._transport = transport
        self._replacing = asyncio.Lock()
        self._failed_at, self._failure = float("-inf"), DysmsError("")

    @property
    def identity(self) -> str:
        """To whom budgets belong."""
        return self._source.identity

    @property
    def current(self) -> Credentials:
        """The key to sign with now, once :meth:`ready` was awaited."""
        if isinstance(self._source, Credentials):
            return self._source
        assert self._source.held.credentials is not None
        return self._source.held.credentials

    @property
    def are_ready(self) -> bool:
        """Whether :meth:`ready` has nothing to do now."""
        return isinstance(self._source, Credentials) or not self._source.held.is_due(time.monotonic())

    async def ready(self, since: float) -> None:
        """Have a key that lasts a while; where it cannot be replaced in time, the old one serves to its end.

        :param since: seconds of ``time.monotonic()``; an attempt that failed after it counts for this one too
        :raises DysmsCredentialsError: there is none, and will be none
        :raises DysmsTransportError: there is none at the moment; the request was not sent
        """
        if self.are_ready or isinstance(self._source, Credentials):  # which is ready; mypy does not know
            return
        async with self._replacing:
            held = self._source.held
            if not held.is_due(time.monotonic()):
                return
            if self._failed_at > since:
                raise copy.copy(self._failure)
            try:
                await self._replace(self._source)
            except DysmsError as error:
                now = time.monotonic()
                if not held.lives(now):
                    self._failed_at, self._failure = now, error
                    raise
                held.put_off(now)
                log.warning("The key could not be replaced yet; the old one serves on. %s", error)

    def refused(self, error: DysmsError, key: Credentials) -> bool:
        """Take note that the service refused a request; say whether there will be another key for it.

        :param error: what the service answered
        :param key: that the request was signed with; others may have it replaced by now
        """
        if isinstance(self._source, Credentials) or not _is_about_the_key(error):
            return False
        if self._source.held.credentials == key:
            self._source.held.drop()
        return True

    async def _replace(self, issuer: CredentialsProvider) -> None:
        from airflow_provider_dysms.api.auth.alibabacloud import issue

        now = time.monotonic()
        issuer.held.take(await issue(issuer, self._transport), now)


def _is_about_the_key(error: DysmsError) -> bool:
    """Say whether the service refused the key itself, or its token."""
    return isinstance(error, DysmsAuthError) and (error.code or "").startswith(_OF_THE_KEY)
