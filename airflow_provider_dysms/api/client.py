"""The only code that talks to the service: build -> sign -> send -> judge -> parse, and try again where that is right.

One async client serves every caller. It lives and dies with one event loop; what must outlive it (the budgets) has no
asyncio object in it.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from airflow_provider_dysms import __version__
from airflow_provider_dysms.api import actions, dates, details, errors, pages, signing
from airflow_provider_dysms.api.keys import Keys
from airflow_provider_dysms.api.lanes import Lane
from airflow_provider_dysms.api.numbers import same_number
from airflow_provider_dysms.api.quota import budget
from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.api.transport import HttpTransport, Request, Transport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    import httpx

    from airflow_provider_dysms.api.actions import Call
    from airflow_provider_dysms.api.credentials import Credentials
    from airflow_provider_dysms.api.endpoints import Endpoint
    from airflow_provider_dysms.api.http import Response
    from airflow_provider_dysms.api.records import MessageReport, MessageSent, Page, SendDetail, SendStatistics, SmsSent
    from airflow_provider_dysms.api.settings import Settings

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

USER_AGENT = f"airflow-provider-dysms/{__version__}"
FORM = "application/x-www-form-urlencoded"
DAY = timedelta(days=1)

#: The service refuses requests of clocks that are farther off, so its midnight comes at most so long before ours.
MOST_SKEW = timedelta(minutes=15)


@dataclass(slots=True)
class Counters:
    """What a client has done so far."""

    requests: int = 0
    pages: int = 0
    throttled: int = 0


class DysmsClient:
    """Asks the Dysms API. Use it as an async context manager, within one event loop.

    :param settings: see :class:`.settings.Settings`
    :param retry: see :class:`RetryPolicy`
    :param transport: carries the requests instead of the package's own engine, and is closed with the client
    :param now: returns the current instant
    :param clock: returns seconds that never go back
    :param sleep: waits some seconds
    :raises DysmsInputError: the endpoint, ``ca_bundle`` or ``proxy`` is not usable, or stands beside a ``transport``
    """

    def __init__(
        self,
        settings: Settings,
        *,
        retry: RetryPolicy | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.settings = settings
        self.counters = Counters()
        self._retry = retry or RetryPolicy()
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

    async def __aenter__(self) -> DysmsClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(transport.aclose() for transport in self._transports.values()))
        if self._carrier is not None:
            await self._carrier.aclose()

    async def query_send_details(
        self, phone_number: str, send_date: date, biz_id: str | None = None
    ) -> list[SendDetail]:
        """Return every message sent to a number on a Beijing day, shown to be complete.

        :param phone_number: as the API takes it: 11 digits (mainland), or country code and number
        :param send_date: a Beijing day of the last 30
        :param biz_id: only the messages of one request
        :raises DysmsWindowError: the day is outside the window, or left it while it was read
        :raises DysmsIncomplete: the answer could not be shown to be complete, or holds other people's messages
        :raises DysmsError: see :mod:`.errors`

        Follows https://help.aliyun.com/document_detail/419277.html
        """
        dates.check_window(send_date, self._now())

        async def fetch(page: int, page_size: int) -> Page[SendDetail]:
            call = actions.query_send_details(phone_number, send_date, biz_id, page=page, page_size=page_size)
            answer = await self._ask(call, actions.parse_send_details, quick=details.read_page)
            self.counters.pages += 1
            _check_belong(answer.records, phone_number, send_date)
            return answer

        what = f"QuerySendDetails of {send_date}"
        found = await pages.complete(fetch, lambda record: record.never_changing, sleep=self._sleep, what=what)
        # The service answers "nothing" for a day that it has forgotten, so a walk must end within the window too.
        ended = self._now()
        dates.check_window(send_date, ended)
        if not found and dates.days_left(send_date, ended + MOST_SKEW) < 0:
            raise errors.DysmsWindowError(
                "send_date",
                f"{send_date} leaves the service's memory about now; it answers nothing, and may be past it",
            )
        return found

    async def query_send_statistics(
        self,
        first_date: date,
        last_date: date | None = None,
        *,
        is_globe: bool = False,
        template_type: int | None = None,
        sign_name: str | None = None,
    ) -> list[SendStatistics]:
        """Return the counts of each Beijing day, in billed segments.

        :param first_date: first day
        :param last_date: last day; ``None`` for the first alone
        :param is_globe: messages abroad, instead of the mainland
        :param template_type: 0 code, 1 notice, 2 promotion, 3 international, 7 digital
        :param sign_name: only messages of one signature
        :raises DysmsError: see :mod:`.errors`

        Follows https://help.aliyun.com/document_detail/397330.html
        """

        async def fetch(page: int, page_size: int) -> Page[SendStatistics]:
            call = actions.query_send_statistics(
                first_date,
                last_date or first_date,
                is_globe=is_globe,
                template_type=template_type,
                sign_name=sign_name,
                page=page,
                page_size=page_size,
            )
            answer = await self._ask(call, actions.parse_send_statistics)
            self.counters.pages += 1
            for record in answer.records:
                if not first_date <= record.send_date <= (last_date or first_date):
                    raise errors.DysmsIncomplete("the answer holds counts of another day")
            return answer

        what = f"QuerySendStatistics from {first_date}"
        found = await pages.complete(fetch, lambda day: day.send_date, sleep=self._sleep, what=what)
        if len({day.send_date for day in found}) < len(found):
            raise errors.DysmsIncomplete(f"{what}: refused, because the answer counts a day twice")
        return found

    async def query_message(self, message_id: str) -> MessageReport:
        """Return the report of an international message.

        :param message_id: as SendMessageToGlobe returned it
        :raises DysmsNotFound: the service has no such message, or not yet
        :raises DysmsIncomplete: the service answered with another message
        :raises DysmsError: see :mod:`.errors`

        Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-querymessage
        """
        report = await self._ask(actions.query_message(message_id), actions.parse_message)
        if report.message_id and report.message_id != message_id:
            raise errors.DysmsIncomplete("QueryMessage: refused, because the answer is about another message")
        return report

    async def send_sms(
        self,
        phone_numbers: Sequence[str],
        sign_name: str,
        template_code: str,
        template_param: Mapping[str, object] | str | None = None,
        out_id: str | None = None,
    ) -> SmsSent:
        """Send one text to up to 1,000 numbers. It is tried again only where it was certainly not carried out.

        :raises DysmsTransportError: the outcome may be uncertain, see its ``request_sent``
        :raises DysmsError: see :mod:`.errors`

        Follows https://help.aliyun.com/document_detail/419273.html
        """
        call = actions.send_sms(phone_numbers, sign_name, template_code, template_param, out_id)
        return await self._ask(call, actions.parse_sms_sent, repeatable=False)

    async def send_message_to_globe(
        self,
        to: str,
        message: str,
        *,
        sender_id: str | None = None,
        message_type: str | None = None,
        task_id: str | None = None,
        validity_period: int | None = None,
        channel_id: str | None = None,
    ) -> MessageSent:
        """Send one international message. It is tried again only where it was certainly not carried out.

        :raises DysmsTransportError: the outcome may be uncertain, see its ``request_sent``
        :raises DysmsError: see :mod:`.errors`

        Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-sendmessagetoglobe
        """
        call = actions.send_message_to_globe(
            to,
            message,
            sender_id=sender_id,
            message_type=message_type,
            task_id=task_id,
            validity_period=validity_period,
            channel_id=channel_id,
        )
        return await self._ask(call, actions.parse_message_sent, repeatable=False)

    async def access(self) -> dict[str, errors.DysmsError | None]:
        """Return, for a mainland and an international query, ``None`` where it is allowed, else the error.

        Asks for today's statistics, and for a message that cannot exist.
        """
        today = dates.beijing_day(self._now())
        probes = {
            "QuerySendStatistics": actions.query_send_statistics(today, today, is_globe=False, page=1, page_size=1),
            "QueryMessage": actions.query_message("0"),
        }
        found: dict[str, errors.DysmsError | None] = {}
        for action, call in probes.items():
            try:
                await self._ask(call, lambda answer: answer)
            except errors.DysmsNotFound:
                found[action] = None
            except errors.DysmsError as error:
                found[action] = error
            else:
                found[action] = None
        return found

    async def _ask(
        self,
        call: Call,
        parse: Callable[[Mapping[str, object]], Answer],
        *,
        quick: Callable[[bytes], Answer | None] = lambda body: None,
        repeatable: bool = True,
    ) -> Answer:
        """Send a call until it is answered, or until trying again would be wrong.

        :param parse: reads an answer in every form
        :param quick: reads the body of a good answer in today's form, and returns ``None`` for all else
        """
        lane = self._lane(call)
        started = self._clock()
        tried, queued, left = 0, 0.0, float("-inf")
        key: Credentials | None = None
        has_other_key = False

        async def sign() -> Request:
            nonlocal queued, left, key
            came = self._clock()
            left = await lane.wait_for_turn()
            queued += left - came
            self.counters.requests += 1
            key = self._keys.current
            request = self._signed(call, lane.endpoint, key)
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
            endpoint = self.settings.endpoint(call.version)
            lane = self._lanes[call.action] = Lane(
                endpoint,
                self._transports[endpoint],
                self._keys,
                budget(endpoint.netloc, self._keys.identity, call.action, self.settings.per_second(call.action)),
                clock=self._clock,
                sleep=self._sleep,
            )
        return lane

    def _signed(self, call: Call, endpoint: Endpoint, key: Credentials) -> Request:
        query_string = signing.canonical_query_string(call.query)
        body = urlencode(call.form).encode("ascii") if call.form else b""
        headers = signing.sign(
            method="POST",
            host=endpoint.netloc,
            action=call.action,
            version=call.version,
            query_string=query_string,
            body=body,
            content_type=FORM if body else None,
            credentials=key,
            date=self._now(),
            nonce=secrets.token_hex(16),
        )
        headers["user-agent"] = USER_AGENT
        return Request("POST", f"/?{query_string}", headers, body)


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
    error = errors.judge(call.action, response.status, answer)
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


def _check_belong(records: Sequence[SendDetail], phone_number: str, send_date: date) -> None:
    """Refuse other people's messages, and other days'; a message may be dated one day off the day it was asked for."""
    first, last = dates.day_start(send_date - DAY), dates.day_start(send_date + 2 * DAY)
    for record in records:
        if not same_number(phone_number, record.phone_number):
            raise errors.DysmsIncomplete("the answer holds messages to another number")
        if record.sent_at is not None and not first <= record.sent_at < last:
            raise errors.DysmsIncomplete("the answer holds messages of another day")
