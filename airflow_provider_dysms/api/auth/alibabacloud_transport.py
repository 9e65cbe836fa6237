"""Carries what the package alibabacloud-credentials asks by our own transport and under our own rules.

Left to itself the package follows redirects, knows no private CA, and logs URLs that hold tokens. It has no place for
another transport; so its one function that carries requests hands those of our contexts over, and is as it was for
everybody else in the process.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_dysms.api.auth.providers import METADATA
from airflow_provider_dysms.api.http.endpoints import endpoint_of
from airflow_provider_dysms.api.http.headers import header_lines
from airflow_provider_dysms.api.http.pooled_transport import HttpTransport
from airflow_provider_dysms.api.http.transport import Request
from airflow_provider_dysms.api.protocol import actions, error_codes
from airflow_provider_dysms.model import errors
from airflow_provider_dysms.model.dates import ISO_UTC_FORMAT
from airflow_provider_dysms.model.safe_text import is_visible_ascii

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_dysms.api.auth.providers import CredentialsProvider
    from airflow_provider_dysms.api.http.endpoints import Endpoint
    from airflow_provider_dysms.api.http.transport import Response, Transport

#: What is asked by plain HTTP is on this machine or a hop away, or not there at all (s).
NEAR_TIMEOUT = 5.0

_carrier: ContextVar[TransportBridge | None] = ContextVar("dysms_carrier", default=None)
_joining = threading.Lock()
_is_joined = False


class TransportBridge:
    """Carries the package's requests while one key is asked for.

    :param issuer: whom
    :param transport: returns what carries requests to an endpoint
    """

    def __init__(self, issuer: CredentialsProvider, transport: Callable[[Endpoint], Transport]) -> None:
        #: What ended it, if no key comes of it.
        self.failure: errors.DysmsError | None = None
        #: What is wrong with the time until which a key lasts; the package says nothing of it, or asks again.
        self.wrong_expiry: errors.DysmsError | None = None
        self._issuer = issuer
        self._transport = transport

    @contextmanager
    def carrying(self) -> Iterator[None]:
        """Carry what the package asks in this context."""
        token = _carrier.set(self)
        try:
            yield
        finally:
            _carrier.reset(token)

    async def carry(self, asked: Any) -> Any:
        """Carry a ``TeaRequest``; return its ``TeaResponse``."""
        from Tea.core import TeaCore
        from Tea.response import TeaResponse

        if self.failure is not None and errors.is_permanent(self.failure):
            self.failure = None  # the package knows another way; after what passes, its way may be the wrong one
        try:
            answer = await self._send(TeaCore.compose_url(asked), asked)
        except errors.DysmsError as error:
            self.failure = self.failure or error
            raise
        given = TeaResponse()
        given.status_code, given.headers, given.body = answer.status, answer.headers, answer.body
        return given

    async def _send(self, url: str, asked: Any) -> Response:
        parts = urlsplit(url)
        endpoint = self._endpoint(f"{parts.scheme}://{parts.netloc}")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {name.lower(): str(value) for name, value in asked.headers.items()} | {"host": endpoint.netloc}
        if not is_visible_ascii(target) or not "".join(headers.values()).isprintable():
            raise errors.DysmsUnreadable(f"{endpoint.netloc}: what was answered cannot be asked with")
        body = asked.body.encode() if isinstance(asked.body, str) else asked.body or b""
        request = Request(asked.method, target, header_lines(headers), body)

        async def sign() -> Request:
            return request

        if endpoint.scheme == "http":  # this machine's own matter: no proxy stands between
            transport: Transport = HttpTransport(endpoint, timeout=NEAR_TIMEOUT)
        else:
            transport = await asyncio.to_thread(self._transport, endpoint)
        try:
            answer = await transport.send(sign)
        finally:
            await transport.aclose()
        if answer.status != 200:
            error = error_codes.classify(
                asked.query.get("Action", endpoint.netloc), answer.status, actions.decode(answer.body)
            )
            if error is not None:
                raise error
        self.wrong_expiry = self.wrong_expiry or _wrong_expiry(actions.decode(answer.body))
        return answer

    def _endpoint(self, address: str) -> Endpoint:
        if address == METADATA.url:
            return self._issuer.metadata_endpoint
        return endpoint_of(
            f"a host that auth_type {self._issuer.auth_type} leads to",
            address,
            allow_custom=self._issuer.allow_custom_endpoint,
        )


def _wrong_expiry(said: Any) -> errors.DysmsError | None:
    """Return what is wrong with the expiry of a key that was handed out, if an answer holds one."""
    key = said.get("Credentials", said) if isinstance(said, dict) else None
    if not isinstance(key, dict) or "AccessKeyId" not in key or "Expiration" not in key:
        return None
    try:
        end = datetime.strptime(key["Expiration"], ISO_UTC_FORMAT).replace(tzinfo=UTC)
    except (ValueError, TypeError):
        return errors.DysmsCredentialsError(
            "the key that was handed out has an Expiration that is not like 2030-01-01T00:00:00Z"
        )
    now = datetime.now(UTC)
    if end > now:
        return None
    return errors.DysmsCredentialsError(
        f"the key that was handed out expired at {end:{ISO_UTC_FORMAT}}, and this machine's clock says "
        f"{now:{ISO_UTC_FORMAT}}; check that clock, and what keeps the key"
    )


def join() -> None:
    """Import the package, which takes half a second, and have it ask our carriers; it says nothing there any more."""
    global _is_joined
    with _joining:
        if _is_joined:
            return
        import alibabacloud_credentials.provider  # noqa: F401
        from Tea.core import TeaCore

        own = TeaCore.async_do_action

        async def async_do_action(request: Any, runtime_option: Any = None) -> Any:
            carrier = _carrier.get()
            return await (own(request, runtime_option) if carrier is None else carrier.carry(request))

        TeaCore.async_do_action = staticmethod(async_do_action)
        logging.getLogger("credentials").addFilter(lambda _: _carrier.get() is None)
        _is_joined = True
