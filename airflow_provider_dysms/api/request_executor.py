"""Executes an API call: sign -> send -> classify -> parse, again and again if the retry policy allows it."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import urlencode

from airflow_provider_dysms import __version__
from airflow_provider_dysms.api.auth import signing
from airflow_provider_dysms.api.auth.refresh import CredentialsResolver
from airflow_provider_dysms.api.http.correlation import RequestIds
from airflow_provider_dysms.api.http.headers import header_lines
from airflow_provider_dysms.api.http.pooled_transport import HttpTransport
from airflow_provider_dysms.api.http.transport import Request, Transport
from airflow_provider_dysms.api.protocol import actions, response_reader
from airflow_provider_dysms.api.rate_limiter import shared_rate_limiter
from airflow_provider_dysms.api.request_queue import RequestQueue
from airflow_provider_dysms.model import errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    import httpx

    from airflow_provider_dysms.api.auth.credentials import Credentials
    from airflow_provider_dysms.api.auth.signature_time import SignatureTime
    from airflow_provider_dysms.api.counters import Counters
    from airflow_provider_dysms.api.http.endpoints import Endpoint
    from airflow_provider_dysms.api.http.transport import Response
    from airflow_provider_dysms.api.protocol.actions import Call
    from airflow_provider_dysms.api.retry import RetryPolicy
    from airflow_provider_dysms.api.settings import Settings

log = logging.getLogger(__name__)

Result = TypeVar("Result")

USER_AGENT_LINE = header_lines({"user-agent": f"airflow-provider-dysms/{__version__}"})
FORM = "application/x-www-form-urlencoded"

# A generator of its own, because a task may seed Python's, and in every process alike. Nonces must be unique, after a
# fork too; they need not be secret.
_nonces = random.Random()  # noqa: S311
os.register_at_fork(after_in_child=_nonces.seed)


class RequestExecutor:
    """The credentials, connections and queues that all calls of a client share.

    :param settings: see :class:`.settings.Settings`
    :param counters: count the requests
    :param retry: decides when a request is sent again
    :param transport: carries the requests instead of the package's own HTTP engine; is closed with the executor
    :param now: returns the current instant
    :param clock: returns seconds that never go back
    :param sleep: waits some seconds
    :raises DysmsInputError: the endpoint, ``ca_bundle`` or ``proxy`` is not usable, or is combined with a ``transport``
    """

    def __init__(
        self,
        settings: Settings,
        counters: Counters,
        *,
        retry: RetryPolicy,
        transport: httpx.AsyncBaseTransport | None,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self.counters = counters
        self.credentials = CredentialsResolver(
            settings.credentials, lambda endpoint: _transport(endpoint, settings, transport)
        )
        self.retry = retry
        self.clock = clock
        self._settings = settings
        self._now = now
        self._sleep = sleep
        self._queues: dict[str, RequestQueue] = {}
        self._httpx_transport = transport
        self._transports = {
            endpoint: _transport(endpoint, settings, transport)
            for endpoint in {settings.endpoint(version) for version in actions.API_VERSIONS}
        }
        self._request_ids = {endpoint: RequestIds(endpoint.netloc) for endpoint in self._transports}

    async def aclose(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(transport.aclose() for transport in self._transports.values()))
        if self._httpx_transport is not None:
            await self._httpx_transport.aclose()

    async def execute(
        self,
        call: Call,
        parse: Callable[[Mapping[str, object]], Result],
        *,
        parse_fast: Callable[[bytes], Result | None] = lambda body: None,
        is_proof: Callable[[Result], bool] = lambda result: False,
        idempotent: bool = True,
        signature_time: SignatureTime | None = None,
    ) -> Result:
        """Send the request of a call until there is a result, or until the retry policy gives up.

        :param parse: turns the decoded payload of a successful response, in any known form, into the result
        :param parse_fast: turns the body of a successful response in today's form into a result with a ``request_id``;
            returns ``None`` for every other body
        :param is_proof: whether a result shows that it answers this call; raises ``DysmsIncomplete`` if the result
            shows that it answers another one
        :param idempotent: whether the request may be sent again although it may have been executed
        :param signature_time: the instant that every attempt is signed for; default: each attempt its own
        :raises DysmsError: see :mod:`airflow_provider_dysms.model.errors`
        """
        execution = _Execution(
            self, self._queue_of(call), call, parse, parse_fast, is_proof, idempotent, signature_time
        )
        while True:
            try:
                return await execution.attempt()
            except errors.DysmsError as error:
                delay = execution.delay_after(error)
                if delay is None:
                    error.is_idempotent = idempotent
                    raise
                log.debug("%s is sent again in %.1f s: %s", call.action, delay, error)
            await self._sleep(delay)

    def sign(
        self, call: Call, queue: RequestQueue, credentials: Credentials, signature_time: SignatureTime | None
    ) -> Request:
        """Return the signed request of a call, with a new nonce."""
        query_string = signing.canonical_query_string(call.query)
        body = urlencode(call.form).encode("ascii") if call.form else b""
        signed = queue.signer.sign(
            query_string,
            body=body,
            content_type=FORM if body else None,
            credentials=credentials,
            date=self._now() if signature_time is None else signature_time.at,
            nonce=f"{_nonces.getrandbits(128):032x}",
        )
        return Request("POST", f"/?{query_string}", signed + USER_AGENT_LINE, body)

    def _queue_of(self, call: Call) -> RequestQueue:
        queue = self._queues.get(call.action)
        if queue is None:
            endpoint = self._settings.endpoint(call.version)
            per_second = self._settings.per_second(call.action)
            queue = self._queues[call.action] = RequestQueue(
                signing.Signer(endpoint.netloc, call.action, call.version),
                self._transports[endpoint],
                self._request_ids[endpoint],
                self.credentials,
                shared_rate_limiter(endpoint.netloc, self.credentials.identity, call.action, per_second),
                clock=self.clock,
                sleep=self._sleep,
            )
        return queue


class _Execution(Generic[Result]):
    """The state of one call over all its attempts; for the parameters see :meth:`RequestExecutor.execute`."""

    def __init__(
        self,
        executor: RequestExecutor,
        queue: RequestQueue,
        call: Call,
        parse: Callable[[Mapping[str, object]], Result],
        parse_fast: Callable[[bytes], Result | None],
        is_proof: Callable[[Result], bool],
        idempotent: bool,
        signature_time: SignatureTime | None,
    ) -> None:
        self._executor = executor
        self._queue = queue
        self._call = call
        self._parse = parse
        self._parse_fast = parse_fast
        self._is_proof = is_proof
        self._idempotent = idempotent
        self._signature_time = signature_time
        self._started = executor.clock()
        self._attempts = 0  # throttled ones not counted
        self._queued = 0.0  # seconds
        self._dispatched_at = float("-inf")
        self._credentials: Credentials | None = None
        self._has_new_credentials = False
        self._fresh = not idempotent  # a connection that carried nothing before has no response of another request
        self._is_proven = False
        self._result: Result | None = None
        self._error: errors.DysmsError | None = None

    async def attempt(self) -> Result:
        """Send one request; return its result, or raise its error."""
        request_ids = self._queue.request_ids
        foreign = request_ids.foreign
        await self._queue.transport.send(self._sign, self._accept, fresh=self._fresh)
        if not self._is_proven and request_ids.foreign != foreign:
            raise errors.DysmsMismatched(f"{self._call.action}: another request got a response that was not its own")
        if self._error is not None:
            raise self._error
        self._queue.record_response(self._dispatched_at)
        assert self._result is not None
        return self._result

    def delay_after(self, error: errors.DysmsError) -> float | None:
        """Record a failed attempt; return the seconds to wait before the next one, or ``None`` to give up."""
        self._error = None  # its traceback leads back here: the cycle would wait for the collector
        now = self._executor.clock()
        if isinstance(error, errors.DysmsThrottled):
            self._executor.counters.throttled += 1
            self._queue.rate_limiter.record_throttle(now, self._dispatched_at, error.retry_after)
        else:
            self._attempts += 1
            if not isinstance(error, errors.DysmsTransportError):
                self._queue.record_response(self._dispatched_at)
        self._fresh = not self._idempotent or isinstance(error, (errors.DysmsIncomplete, errors.DysmsMismatched))
        used = self._credentials
        if used is not None and not self._has_new_credentials and self._executor.credentials.invalidate(error, used):
            self._has_new_credentials = True
            return 0.0
        return self._executor.retry.delay(
            error,
            attempt=self._attempts,
            spent=now - self._started - self._queued,
            throttled_for=now - max(self._queue.responded_at, self._started),
            idempotent=self._idempotent,
            random=random.random,
        )

    async def _sign(self) -> Request:
        """Wait until the request may leave, then sign it."""
        granted_at = self._queue.try_acquire()
        if granted_at is None:
            since = self._executor.clock()
            granted_at = await self._queue.acquire()
            self._queued += granted_at - since
        self._dispatched_at = granted_at
        if self._signature_time is not None:
            self._signature_time.check()
        self._executor.counters.requests += 1
        self._credentials = self._executor.credentials.current
        request = self._executor.sign(self._call, self._queue, self._credentials, self._signature_time)
        self._queue.rate_limiter.record_dispatch(self._executor.clock())
        return request

    def _accept(self, response: Response) -> bool:
        """Read a response; return whether it proves that it belongs to the request."""
        self._is_proven, self._error = False, None
        self._result = self._parse_fast(response.body) if response.status == 200 else None
        if self._result is not None:
            request_id = self._result.request_id  # type: ignore[attr-defined]
        else:
            self._result, self._error, request_id = response_reader.read(
                self._call.action, response.status, response.raw_headers, response.body, self._parse
            )
        is_first = self._fresh if response.is_first is None else response.is_first
        self._queue.request_ids.check(request_id, is_first=is_first)
        if self._error is not None:
            # An error that leads to another attempt, or leaves the execution uncertain anyway, needs no proof.
            is_harmless = self._idempotent and not isinstance(self._error, errors.DysmsNotFound)
            self._is_proven = is_harmless or errors.may_have_executed(self._error)
            return self._is_proven
        assert self._result is not None
        try:
            self._is_proven = self._is_proof(self._result) and self._idempotent
        except errors.DysmsIncomplete:
            self._queue.request_ids.foreign += 1
            raise
        return self._is_proven


def _transport(endpoint: Endpoint, settings: Settings, transport: httpx.AsyncBaseTransport | None) -> Transport:
    if transport is None:
        return HttpTransport(endpoint, timeout=settings.timeout, ca_bundle=settings.ca_bundle, proxy=settings.proxy)
    for name in ("ca_bundle", "proxy"):
        if getattr(settings, name):
            raise errors.DysmsInputError(
                name, "is set in the connection, but the transport that was passed brings its own; set only one of them"
            )
    from airflow_provider_dysms.api.http.httpx_adapter import HttpxTransport

    return HttpxTransport(endpoint, transport, timeout=settings.timeout)
