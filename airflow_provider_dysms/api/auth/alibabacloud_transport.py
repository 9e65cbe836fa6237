"""A bridge that sends the requests of the package alibabacloud-credentials over our own HTTP transport.

On its own, the package follows redirects, does not know a private CA, and logs URLs that contain tokens. It has no
option for another transport, so the bridge replaces its one function that sends requests. The replacement acts only in
contexts in which we request credentials, and calls the original for all other code of the process.
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

from airflow_provider_dysms.api.auth.providers import METADATA_ENDPOINT
from airflow_provider_dysms.api.http.endpoints import endpoint_of
from airflow_provider_dysms.api.http.headers import header_lines
from airflow_provider_dysms.api.http.pooled_transport import HttpTransport
from airflow_provider_dysms.api.http.transport import Request
from airflow_provider_dysms.api.protocol import error_codes, responses
from airflow_provider_dysms.model import errors
from airflow_provider_dysms.model.dates import ISO_UTC_FORMAT
from airflow_provider_dysms.model.safe_text import is_visible_ascii

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_dysms.api.auth.providers import CredentialsProvider
    from airflow_provider_dysms.api.http.endpoints import Endpoint
    from airflow_provider_dysms.api.http.transport import Response, Transport

#: Seconds for a request by plain HTTP: its server is on this machine or one hop away.
PLAIN_HTTP_TIMEOUT = 5.0

_active_bridge: ContextVar[TransportBridge | None] = ContextVar("dysms_transport_bridge", default=None)
_installing = threading.Lock()
_is_installed = False


class TransportBridge:
    """Sends the package's HTTP requests while one set of credentials is requested.

    :param provider: the provider that is queried
    :param transport: returns a transport for an endpoint
    """

    def __init__(self, provider: CredentialsProvider, transport: Callable[[Endpoint], Transport]) -> None:
        #: The error that ended the request, if there are no credentials.
        self.failure: errors.DysmsError | None = None
        #: What is wrong with the expiry of the credentials; the package ignores it, or sends its request again.
        self.expiry_error: errors.DysmsError | None = None
        self._provider = provider
        self._transport = transport

    @contextmanager
    def active(self) -> Iterator[None]:
        """Send the package's requests of this context over the bridge."""
        token = _active_bridge.set(self)
        try:
            yield
        finally:
            _active_bridge.reset(token)

    async def send(self, request: Any) -> Any:
        """Send a ``TeaRequest``; return its ``TeaResponse``."""
        from Tea.core import TeaCore
        from Tea.response import TeaResponse

        if self.failure is not None and errors.is_permanent(self.failure):
            self.failure = None  # the package tries another way; a temporary failure is kept, and ends the request
        try:
            response = await self._send(TeaCore.compose_url(request), request)
        except errors.DysmsError as error:
            self.failure = self.failure or error
            raise
        tea_response = TeaResponse()
        tea_response.status_code, tea_response.body = response.status, response.body
        tea_response.headers = response.headers
        return tea_response

    async def _send(self, url: str, tea_request: Any) -> Response:
        parts = urlsplit(url)
        endpoint = self._endpoint(f"{parts.scheme}://{parts.netloc}")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {name.lower(): str(value) for name, value in tea_request.headers.items()} | {"host": endpoint.netloc}
        if not is_visible_ascii(target) or not "".join(headers.values()).isprintable():
            raise errors.DysmsUnreadable(f"{endpoint.netloc}: the response has a value that cannot be sent")
        body = tea_request.body.encode() if isinstance(tea_request.body, str) else tea_request.body or b""
        request = Request(tea_request.method, target, header_lines(headers), body)

        async def sign() -> Request:
            return request

        if endpoint.scheme == "http":  # this machine or the metadata service: never through a proxy
            transport: Transport = HttpTransport(endpoint, timeout=PLAIN_HTTP_TIMEOUT)
        else:
            transport = await asyncio.to_thread(self._transport, endpoint)
        try:
            response = await transport.send(sign)
        finally:
            await transport.aclose()
        payload = responses.decode(response.body)
        if response.status != 200:
            error = error_codes.classify(tea_request.query.get("Action", endpoint.netloc), response.status, payload)
            if error is not None:
                raise error
        self.expiry_error = self.expiry_error or _expiry_error(payload)
        return response

    def _endpoint(self, address: str) -> Endpoint:
        if address == METADATA_ENDPOINT.url:
            return self._provider.metadata_endpoint
        return endpoint_of(
            f"a host that auth_type {self._provider.auth_type} leads to",
            address,
            allow_custom=self._provider.allow_custom_endpoint,
        )


def _expiry_error(payload: Any) -> errors.DysmsError | None:
    """Return what is wrong with the expiry of issued credentials; ``None`` also for a response without credentials."""
    key = payload.get("Credentials", payload) if isinstance(payload, dict) else None
    if not isinstance(key, dict) or "AccessKeyId" not in key or "Expiration" not in key:
        return None
    try:
        end = datetime.strptime(key["Expiration"], ISO_UTC_FORMAT).replace(tzinfo=UTC)
    except (ValueError, TypeError):
        return errors.DysmsCredentialsError(
            "the issued credentials have an Expiration that is not like 2030-01-01T00:00:00Z"
        )
    now = datetime.now(UTC)
    if end > now:
        return None
    return errors.DysmsCredentialsError(
        f"the issued credentials expired at {end:{ISO_UTC_FORMAT}}, and this machine's clock says "
        f"{now:{ISO_UTC_FORMAT}}; check that clock, and the source of the credentials"
    )


def install_bridge() -> None:
    """Import the package, which takes half a second, and connect it to active bridges; mute its log while one is."""
    global _is_installed
    with _installing:
        if _is_installed:
            return
        import alibabacloud_credentials.provider  # noqa: F401
        from Tea.core import TeaCore

        original = TeaCore.async_do_action

        async def async_do_action(request: Any, runtime_option: Any = None) -> Any:
            bridge = _active_bridge.get()
            return await (original(request, runtime_option) if bridge is None else bridge.send(request))

        TeaCore.async_do_action = staticmethod(async_do_action)
        logging.getLogger("credentials").addFilter(lambda _: _active_bridge.get() is None)
        _is_installed = True
