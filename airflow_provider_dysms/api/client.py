"""The client of the Dysms API: one method per API action, with the checks that its result is complete and correct.

A client belongs to one event loop. The rate limiters outlive it, so they hold no asyncio object.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING

from airflow_provider_dysms.api import access_probe, pagination
from airflow_provider_dysms.api.counters import Counters
from airflow_provider_dysms.api.http.correlation import OpenQueries
from airflow_provider_dysms.api.protocol import actions, payload_records, send_details_json
from airflow_provider_dysms.api.request_executor import RequestExecutor
from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.model import dates, errors
from airflow_provider_dysms.model.phone_numbers.number import same_number

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    import httpx

    from airflow_provider_dysms.api.auth.signature_time import SignatureTime
    from airflow_provider_dysms.api.settings import Settings
    from airflow_provider_dysms.model.records import (
        MessageReport,
        MessageSent,
        Page,
        SendDetail,
        SendStatistics,
        SmsSent,
    )

_IDENTITY = attrgetter("identity")


class DysmsClient:
    """A client of the Dysms API. Use it as an async context manager, within one event loop.

    :param settings: see :class:`.settings.Settings`
    :param retry: see :class:`.retry.RetryPolicy`; default: its defaults
    :param transport: carries the requests instead of the package's own HTTP engine; is closed with the client
    :param now: returns the current instant
    :param clock: returns seconds that never go back
    :param sleep: waits some seconds
    :param counters: count the requests of several clients together; default: this client's alone
    :raises DysmsInputError: the endpoint, ``ca_bundle`` or ``proxy`` is not usable, or is combined with a ``transport``
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
        counters: Counters | None = None,
    ) -> None:
        self.settings = settings
        self._now = now
        self._sleep = sleep
        self.counters, retry = counters or Counters(), retry or RetryPolicy()
        self._executor = RequestExecutor(
            settings, self.counters, retry=retry, transport=transport, now=now, clock=clock, sleep=sleep
        )
        self._subjects = OpenQueries()

    async def __aenter__(self) -> DysmsClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._executor.aclose()

    async def query_send_details(
        self, phone_number: str, send_date: date, biz_id: str | None = None
    ) -> list[SendDetail]:
        """Return every message sent to a number on a Beijing day, shown to be complete.

        :param phone_number: 11 digits (mainland), or country code and number
        :param send_date: one of the last 30 Beijing days
        :param biz_id: only the messages of one send request; default: all messages
        :raises DysmsWindowError: the service does not keep the day, or dropped it while it was read
        :raises DysmsIncomplete: the listing could not be shown to be complete, or holds other people's messages
        :raises DysmsError: see :mod:`airflow_provider_dysms.model.errors`

        Follows https://help.aliyun.com/document_detail/419277.html
        """
        dates.check_window(send_date, self._now())
        query = (send_date, biz_id)
        self._subjects.add(phone_number, query)
        # Calls made in one turn of the event loop are sent together in the next one, which needs fewer system calls.
        await asyncio.sleep(0)

        async def fetch(page: int, page_size: int) -> Page[SendDetail]:
            def is_proof(found: Page[SendDetail]) -> bool:
                _check_belong(found.records, phone_number, send_date)
                # Another page of the same listing has the same number in its rows, but rarely this page's length.
                is_this_page = 0 < len(found.records) == pagination.records_due(found.total, page, page_size)
                return is_this_page and self._subjects.has_only(phone_number, query)

            call = actions.query_send_details(phone_number, send_date, biz_id, page=page, page_size=page_size)
            found = await self._executor.execute(
                call, payload_records.parse_send_details, parse_fast=send_details_json.read_page, is_proof=is_proof
            )
            self.counters.pages += 1
            return found

        found = await pagination.complete(
            fetch, _IDENTITY, sleep=self._sleep, what=lambda: f"QuerySendDetails of {send_date}"
        )
        # The service returns nothing for a day that it no longer keeps, so the day must still be in the window now.
        ended = self._now()
        dates.check_window(send_date, ended)
        if not found and not dates.is_remembered(send_date, ended + dates.MAX_CLOCK_SKEW):
            raise errors.DysmsWindowError(
                "send_date",
                f"{send_date} leaves the service's memory about now; it returned nothing, and may have dropped the day",
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
        :param last_date: last day; default: only the first day
        :param is_globe: count messages to other countries instead of those to the mainland
        :param template_type: 0 code, 1 notice, 2 promotion, 3 international, 7 digital; default: all
        :param sign_name: count only messages with one signature; default: all
        :raises DysmsIncomplete: the listing could not be shown to be complete, or counts another day, or a day twice
        :raises DysmsError: see :mod:`airflow_provider_dysms.model.errors`

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
            found = await self._executor.execute(call, payload_records.parse_send_statistics)
            self.counters.pages += 1
            for record in found.records:
                if not first_date <= record.send_date <= (last_date or first_date):
                    raise errors.DysmsIncomplete("the response holds counts of another day")
            return found

        what = f"QuerySendStatistics from {first_date}"
        found = await pagination.complete(fetch, lambda day: day.send_date, sleep=self._sleep, what=lambda: what)
        if len({day.send_date for day in found}) < len(found):
            raise errors.DysmsIncomplete(f"{what}: refused, because the response counts a day twice")
        return found

    async def query_message(self, message_id: str) -> MessageReport:
        """Return the report of an international message.

        :param message_id: the id that SendMessageToGlobe returned
        :raises DysmsNotFound: the service has no such message, or does not have it yet
        :raises DysmsIncomplete: the service returned the report of another message
        :raises DysmsError: see :mod:`airflow_provider_dysms.model.errors`

        Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-querymessage
        """

        def is_proof(report: MessageReport) -> bool:
            if report.message_id and report.message_id != message_id:
                raise errors.DysmsIncomplete("QueryMessage: refused, because the response is about another message")
            return bool(report.message_id)

        call = actions.query_message(message_id)
        return await self._executor.execute(call, payload_records.parse_message, is_proof=is_proof)

    async def send_sms(
        self,
        phone_numbers: Sequence[str],
        sign_name: str,
        template_code: str,
        template_param: Mapping[str, object] | str | None = None,
        out_id: str | None = None,
        *,
        signature_time: SignatureTime | None = None,
    ) -> SmsSent:
        """Send one text to up to 1,000 numbers. The request is repeated only if it was certainly not executed.

        :param phone_numbers: 1 to 1,000 phone numbers
        :param sign_name: the registered signature, without brackets
        :param template_code: such as ``SMS_12231000``
        :param template_param: the variables of the template, a mapping or a JSON object as text; default: none
        :param out_id: an id of your own, at most 255 characters; default: none
        :param signature_time: the instant that the request is signed for; default: when it leaves
        :raises DysmsHeldBack: the request did not leave in time; nothing was sent
        :raises DysmsTransportError: the request may or may not have been executed, see its ``request_sent``
        :raises DysmsError: see :mod:`airflow_provider_dysms.model.errors`

        Follows https://help.aliyun.com/document_detail/419273.html
        """
        call = actions.send_sms(phone_numbers, sign_name, template_code, template_param, out_id)
        return await self._executor.execute(
            call, payload_records.parse_sms_sent, idempotent=False, signature_time=signature_time
        )

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
        signature_time: SignatureTime | None = None,
    ) -> MessageSent:
        """Send one international message. The request is repeated only if it was certainly not executed.

        :param to: country code and number
        :param message: the text
        :param sender_id: the sender that the phone shows; this and each default below: the account's
        :param message_type: ``OTP``, ``NOTIFY`` or ``MKT``
        :param task_id: an id of your own, at most 255 characters; default: none
        :param validity_period: seconds for which the carrier may try to deliver the message
        :param channel_id: a channel that the vendor has assigned; default: none
        :param signature_time: the instant that the request is signed for; default: when it leaves
        :raises DysmsHeldBack: the request did not leave in time; nothing was sent
        :raises DysmsTransportError: the request may or may not have been executed, see its ``request_sent``
        :raises DysmsError: see :mod:`airflow_provider_dysms.model.errors`

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
        return await self._executor.execute(
            call, payload_records.parse_message_sent, idempotent=False, signature_time=signature_time
        )

    async def is_signature_refused(self, signed_at: datetime, phone_number: str) -> bool:
        """Return whether the service refuses a mainland request signed at an instant, whatever our clock says.

        :param signed_at: an aware instant, by which a query of the number's details is signed
        :param phone_number: 11 digits (mainland), or country code and number
        :raises DysmsError: the query failed for another reason
        """
        today = dates.beijing_day(self._now())
        return await access_probe.is_signature_refused(self._executor, signed_at, phone_number, today)

    async def access(self) -> dict[str, errors.DysmsError | None]:
        """Send each query once; return ``None`` for each action that is allowed, else its error.

        The queries are today's statistics, one page of the details of a number, and a message that cannot exist.
        """
        return await access_probe.probe_access(self._executor, dates.beijing_day(self._now()))


def _check_belong(records: Sequence[SendDetail], phone_number: str, send_date: date) -> None:
    """Refuse messages of other people and other days. A message may be dated one day off the queried day."""
    first, last = _accepted_instants(send_date)
    same = phone_number  # in the spelling of the last row, so that a different spelling is compared only once
    for record in records:
        if record.phone_number != same:
            if not same_number(phone_number, record.phone_number):
                raise errors.DysmsIncomplete("the response holds messages to another number")
            same = record.phone_number
        if (sent_at := record.sent_at) is not None and not first <= sent_at < last:
            raise errors.DysmsIncomplete("the response holds messages of another day")


@lru_cache(maxsize=2)
def _accepted_instants(day: date) -> tuple[datetime, datetime]:
    return dates.day_start(day - dates.DAY), dates.day_start(day + 2 * dates.DAY)
