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
from airflow_provider_dysms.api import actions, codes, errors, signing
from airflow_provider_dysms.api.headers import header_lines
from airflow_provider_dysms.api.keys import Keys
from airflow_provider_dysms.api.lanes import Lane
from airflow_provider_dysms.api.quota import budget
from airflow_provider_dysms.api.transport import HttpTransport, Request, Transport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    import httpx

    from airflow_provider_dysms.api.actions import Call
    from airflow_provider_dysms.api.credentials import Credentials
    from airflow_provider_dysms.api.endpoints import Endpoint
    from airflow_provider_dysms.api.http import Response
    from airflow_provider_dysms.api.retry import RetryPolicy
    from airflow_provider_dysms.api.settings import Settings
    from airflow_provider_dysms.api.signature_time import SignatureTime

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


class Caller:
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
        self._lanes: dict[str, Lane] = {}
        self._keys = Keys(settings.credentials, lambda endpoint: _transport(endpoint, settings, transport))
        self._carrier = transport
        self._transports = {
            endpoint: _transport(endpoint, settings, transport)
            for endpoint in {settings.endpoint(version) for version in (actions.CHINA, actions.INTERNATIONAL)}
        }

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
        repeatable: bool = True,
        signature_time: SignatureTime | None = None,
    ) -> Answer:
        """Send a call until it is answered, or until trying again would be wrong.

        :param parse: reads an answer in every form
        :param quick: reads the body of a good answer in today's form, and returns ``None`` for all else
        :param repeatable: whether it may be tried again where it may have been carried out
        :param signature_time: the one instant that every try is signed for; default: each try its own
        :raises DysmsError: see :mod:`.errors`
        """
        lane = self._lane(call)
        started = self._clock()
        tried, queued, left = 0, 0.0, float("-inf")
        key: Credentials | None = None
        has_other_key = False

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

        while True:
            try:
                response = await lane.transport.send(sign)
                answer = quick(response.body) if response.status == 200 else None
                if answer is None:
                    answer = parse(_judged(call, response))
            except errors.DysmsError as error:
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
                await self._sleep(pause)
            else:
                lane.was_answered(left)
                return answer

    def _lane(self, call: Call) -> Lane:
        lane = self._lanes.get(call.action)
        if lane is None:
            endpoint = self._settings.endpoint(call.version)
            lane = self._lanes[call.action] = Lane(
                signing.Signer(endpoint.netloc, call.action, call.version),
                self._transports[endpoint],
                self._keys,
                budget(endpoint.netloc, self._keys.identity, call.action, self._settings.per_second(call.action)),
                clock=self._clock,
                sleep=self._sleep,
            )
        return lane

    def _signed(self, call: Call, lane: Lane, key: Credentials, date: datetime) -> Request:
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
    from airflow_provider_dysms.api.httpx_transport import HttpxTransport

    return HttpxTransport(endpoint, carrier, timeout=settings.timeout)


def _judged(call: Call, response: Response) -> Mapping[str, object]:
    answer = actions.decode(response.body)
    error = codes.judge(call.action, response.status, answer)
    if isinstance(error, errors.DysmsThrottled):
        error.retry_after = _retry_after(response.headers)
    if error is not None:
        raise error
    assert answer is not None
    return answer


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read the gateway's milliseconds, or HTTP's seconds; anything else is no wish."""
    for name, unit in (("x-acs-retry-after", 1000), ("retry-after", 1)):
        value = headers.get(name, "")
        if value.isascii() and value.isdigit() and len(value) < 10:
            return int(value) / unit
    return None
