"""Carries one call to its answer: sign -> send -> judge -> parse, and try again where that is right."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from airflow_provider_dysms import __version__
from airflow_provider_dysms.api.auth import signing
from airflow_provider_dysms.api.auth.refresh import CredentialsResolver
from airflow_provider_dysms.api.http.correlation import RequestIds
from airflow_provider_dysms.api.http.headers import header_lines
from airflow_provider_dysms.api.http.pooled_transport import HttpTransport
from airflow_provider_dysms.api.http.transport import Request, Transport
from airflow_provider_dysms.api.protocol import actions, error_codes
from airflow_provider_dysms.api.rate_limiter import rate_limiter
from airflow_provider_dysms.api.request_queue import RequestQueue
from airflow_provider_dysms.model import errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    import httpx

    from airflow_provider_dysms.api.auth.credentials import Credentials
    from airflow_provider_dysms.api.auth.signature_time import SignatureTime
    from airflow_provider_dysms.api.http.endpoints import Endpoint
    from airflow_provider_dysms.api.http.transport import Response
    from airflow_provider_dysms.api.protocol.actions import Call
    from airflow_provider_dysms.api.retry import RetryPolicy
    from airflow_provider_dysms.api.settings import Settings

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

USER_AGENT_LINE = header_lines({"user-agent": f"airflow-provider-dysms/{__version__}"})
FORM = "application/x-www-form-urlencoded"

# Of its own: a task may seed Python's, and in every process alike. Nonces must be unique, after a fork too, not secret.
_nonces = random.Random()  # noqa: S311
os.register_at_fork(after_in_child=_nonces.seed)


@dataclass(slots=True)
class Counters:
    """What a client has done so far."""

    requests: int = 0
    pages: int = 0
    throttled: int = 0


class RequestExecutor:
    """What all calls of a client share: keys, connections, one line for each action.

    :param settings: see :class:`.settings.Settings`
    :param retry: when a call is tried again
    :param transport: carries the requests instead of the package's own engine, and is closed with the caller
    :param now: returns the current instant
    :param clock: returns seconds that never go back
    :param sleep: waits some seconds
    :raises DysmsInputError: the endpoint, ``ca_bundle`` or ``proxy`` is not usable, or stands beside a ``transport``
    """

    def __init__(
        self,
        settings: Settings,
        *,
        retry: RetryPolicy,
        transport: httpx.AsyncBaseTransport | None,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self.counters = Counters()
        self._settings = settings
        self._retry = retry
        self._now = now
        self._clock = clock
        self._sleep = sleep
        self._lanes: dict[str, RequestQueue] = {}
        self._keys = CredentialsResolver(
            settings.credentials, lambda endpoint: _transport(endpoint, settings, transport)
        )
        self._carrier = transport
        self._transports = {
            endpoint: _transport(endpoint, settings, transport)
            for endpoint in {settings.endpoint(version) for version in (actions.CHINA, actions.INTERNATIONAL)}
        }
        self._request_ids = {endpoint: RequestIds(endpoint.netloc) for endpoint in self._transports}

    async def aclose(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(transport.aclose() for transport in self._transports.values()))
        if self._carrier is not None:
            await self._carrier.aclose()

    async def ask(
        self,
        call: Call,
        parse: Callable[[Mapping[str, object]], Answer],
        *,
        quick: Callable[[bytes], Answer | None] = lambda body: None,
        proves: Callable[[Answer], bool] = lambda answer: False,
        repeatable: bool = True,
        signature_time: SignatureTime | None = None,
    ) -> Answer:
        """Send a call until it is answered, or until trying again would be wrong.

        :param parse: reads an answer in every form
        :param quick: reads the body of a good answer in today's form, with its ``request_id``, and returns ``None`` for
            all else
        :param proves: says whether an answer shows that it is about what was asked; raises ``DysmsIncomplete`` if it
            shows that it is about something else
        :param repeatable: whether it may be tried again where it may have been carried out
        :param signature_time: the one instant that every try is signed for; default: each try its own
        :raises DysmsError: see :mod:`.errors`
        """
        lane = self._lane(call)
        request_ids = lane.request_ids
        started = self._clock()
        tried, queued, left = 0, 0.0, float("-inf")
        key: Credentials | None = None
        has_other_key = False
        fresh = not repeatable  # a connection that carried nothing before has no response of another request
        is_proven = False
        answer: Answer | None = None
        refusal: errors.DysmsError | None = None

        async def sign() -> Request:
            nonlocal queued, left, key
            turn = lane.turn_at_once()
            if turn is None:
                came = self._clock()
                turn = await lane.wait_for_turn()
                queued += turn - came
            left = turn
            if signature_time is not None:
                signature_time.check()
            self.counters.requests += 1
            key = self._keys.current
            request = self._signed(call, lane, key, signature_time.at if signature_time else self._now())
            lane.budget.left(self._clock())
            return request

        def accept(response: Response) -> bool:
            nonlocal answer, refusal, is_proven
            is_proven, refusal = False, None
            answer = quick(response.body) if response.status == 200 else None
            if answer is not None:
                request_id = answer.request_id  # type: ignore[attr-defined]
            else:
                answer, refusal, request_id = _read(call, response, parse)
            is_first = response.is_first
            request_ids.check(request_id, is_first=fresh if is_first is None else is_first)
            if refusal is not None:
                # What is tried again, or is uncertain anyway, needs no proof.
                is_harmless = repeatable and not isinstance(refusal, errors.DysmsNotFound)
                is_proven = is_harmless or errors.may_have_executed(refusal)
                return is_proven
            assert answer is not None
            try:
                is_proven = proves(answer) and repeatable
            except errors.DysmsIncomplete:
                request_ids.foreign += 1
                raise
            return is_proven

        while True:
            try:
                foreign = request_ids.foreign
                await lane.transport.send(sign, accept, fresh=fresh)
                if not is_proven and request_ids.foreign != foreign:
                    raise errors.DysmsMismatched(f"{call.action}: another request got a response that was not its own")
                if refusal is not None:
                    raise refusal
            except errors.DysmsError as error:
                refusal = None  # its traceback leads back here, and the two would wait for the collector
                now = self._clock()
                if isinstance(error, errors.DysmsThrottled):
                    self.counters.throttled += 1
                    lane.budget.throttled(now, left, error.retry_after)
                else:
                    tried += 1
                    if not isinstance(error, errors.DysmsTransportError):
                        lane.was_answered(left)
                if key is not None and not has_other_key and self._keys.refused(error, key):
                    has_other_key = True
                    continue
                pause = self._retry.pause(
                    error,
                    tried=tried,
                    spent=now - started - queued,
                    throttled_for=now - max(lane.answered_at, started),
                    repeatable=repeatable,
                    random=random.random,
                )
                if pause is None:
                    raise
                log.debug("%s is tried again in %.1f s: %s", call.action, pause, error)
                fresh = not repeatable or isinstance(error, (errors.DysmsIncomplete, errors.DysmsMismatched))
                await self._sleep(pause)
            else:
                lane.was_answered(left)
                assert answer is not None
                return answer

    def _lane(self, call: Call) -> RequestQueue:
        lane = self._lanes.get(call.action)
        if lane is None:
            endpoint = self._settings.endpoint(call.version)
            lane = self._lanes[call.action] = RequestQueue(
                signing.Signer(endpoint.netloc, call.action, call.version),
                self._transports[endpoint],
                self._request_ids[endpoint],
                self._keys,
                rate_limiter(endpoint.netloc, self._keys.identity, call.action, self._settings.per_second(call.action)),
                clock=self._clock,
                sleep=self._sleep,
            )
        return lane

    def _signed(self, call: Call, lane: RequestQueue, key: Credentials, date: datetime) -> Request:
        query_string = signing.canonical_query_string(call.query)
        body = urlencode(call.form).encode("ascii") if call.form else b""
        signed = lane.signer.sign(
            query_string,
            body=body,
            content_type=FORM if body else None,
            credentials=key,
            date=date,
            nonce=f"{_nonces.getrandbits(128):032x}",
        )
        return Request("POST", f"/?{query_string}", signed + USER_AGENT_LINE, body)


def _transport(endpoint: Endpoint, settings: Settings, carrier: httpx.AsyncBaseTransport | None) -> Transport:
    if carrier is None:
        return HttpTransport(endpoint, timeout=settings.timeout, ca_bundle=settings.ca_bundle, proxy=settings.proxy)
    for name in ("ca_bundle", "proxy"):
        if getattr(settings, name):
            raise errors.DysmsInputError(
                name, "is set in the connection, and a transport that is passed brings its own; leave one of them out"
            )
    from airflow_provider_dysms.api.http.httpx_adapter import HttpxTransport

    return HttpxTransport(endpoint, carrier, timeout=settings.timeout)


def _read(
    call: Call, response: Response, parse: Callable[[Mapping[str, object]], Answer]
) -> tuple[Answer | None, errors.DysmsError | None, object]:
    """Return what a response says, or which error it is, and its request id."""
    payload = actions.decode(response.body)
    request_id = payload.get("RequestId") if payload is not None else None
    error = error_codes.classify(call.action, response.status, payload)
    if isinstance(error, errors.DysmsThrottled):
        error.retry_after = _retry_after(response.headers)
    if error is not None:
        return None, error, request_id
    assert payload is not None
    try:
        return parse(payload), None, request_id
    except errors.DysmsError as unreadable:
        return None, unreadable, request_id


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read the gateway's milliseconds, or HTTP's seconds; anything else is no wish."""
    for name, unit in (("x-acs-retry-after", 1000), ("retry-after", 1)):
        value = headers.get(name, "")
        if value.isascii() and value.isdigit() and len(value) < 10:
            return int(value) / unit
    return None
