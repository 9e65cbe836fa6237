"""The only way to the service: each action with what makes its answer complete; :mod:`.request_executor` carries the calls.

One async client serves every caller. It lives and dies with one event loop; what must outlive it (the budgets) has no
asyncio object in it.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING

from airflow_provider_dysms.api import pagination
from airflow_provider_dysms.api.auth.signature_time import SignatureTime
from airflow_provider_dysms.api.http.correlation import Subjects
from airflow_provider_dysms.api.protocol import actions, send_details_json
from airflow_provider_dysms.api.request_executor import RequestExecutor
from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.model import dates, errors
from airflow_provider_dysms.model.phone_numbers.number import same_number

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    import httpx

    from airflow_provider_dysms.api.settings import Settings
    from airflow_provider_dysms.model.records import (
        MessageReport,
        MessageSent,
        Page,
        SendDetail,
        SendStatistics,
        SmsSent,
    )

#: The number that a test of the connection asks for: any will do, and what is known of it is dropped.
PROBED_NUMBER = "13000000000"

_IDENTITY = attrgetter("identity")


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
        self._now = now
        self._sleep = sleep
        self._caller = RequestExecutor(
            settings, retry=retry or RetryPolicy(), transport=transport, now=now, clock=clock, sleep=sleep
        )
        self.counters = self._caller.counters
        self._subjects = Subjects()

    async def __aenter__(self) -> DysmsClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._caller.aclose()

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
        question = (send_date, biz_id)
        self._subjects.add(phone_number, question)
        await asyncio.sleep(0)  # who asks in one turn of the loop sends in the next, together: it costs the kernel less

        async def fetch(page: int, page_size: int) -> Page[SendDetail]:
            def proves(found: Page[SendDetail]) -> bool:
                _check_belong(found.records, phone_number, send_date)
                # Another page of the same listing is about the same number; it is rarely as long as this one must be.
                is_this_page = 0 < len(found.records) == pagination.due(found.total, page, page_size)
                return is_this_page and self._subjects.has_only(phone_number, question)

            call = actions.query_send_details(phone_number, send_date, biz_id, page=page, page_size=page_size)
            answer = await self._caller.ask(
                call, actions.parse_send_details, quick=send_details_json.read_page, proves=proves
            )
            self.counters.pages += 1
            return answer

        found = await pagination.complete(
            fetch, _IDENTITY, sleep=self._sleep, what=lambda: f"QuerySendDetails of {send_date}"
        )
        # The service answers "nothing" for a day that it has forgotten, so a walk must end within the window too.
        ended = self._now()
        dates.check_window(send_date, ended)
        if not found and not dates.is_remembered(send_date, ended + dates.MAX_CLOCK_SKEW):
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
            answer = await self._caller.ask(call, actions.parse_send_statistics)
            self.counters.pages += 1
            for record in answer.records:
                if not first_date <= record.send_date <= (last_date or first_date):
                    raise errors.DysmsIncomplete("the answer holds counts of another day")
            return answer

        what = f"QuerySendStatistics from {first_date}"
        found = await pagination.complete(fetch, lambda day: day.send_date, sleep=self._sleep, what=lambda: what)
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

        def proves(report: MessageReport) -> bool:
            if report.message_id and report.message_id != message_id:
                raise errors.DysmsIncomplete("QueryMessage: refused, because the answer is about another message")
            return bool(report.message_id)

        return await self._caller.ask(actions.query_message(message_id), actions.parse_message, proves=proves)

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
        """Send one text to up to 1,000 numbers. It is tried again only where it was certainly not carried out.

        :param signature_time: the instant that the request is signed for; default: when it leaves
        :raises DysmsHeldBack: it did not leave in time; nothing was sent
        :raises DysmsTransportError: the outcome may be uncertain, see its ``request_sent``
        :raises DysmsError: see :mod:`.errors`

        Follows https://help.aliyun.com/document_detail/419273.html
        """
        call = actions.send_sms(phone_numbers, sign_name, template_code, template_param, out_id)
        return await self._caller.ask(call, actions.parse_sms_sent, repeatable=False, signature_time=signature_time)

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
        """Send one international message. It is tried again only where it was certainly not carried out.

        :param signature_time: the instant that the request is signed for; default: when it leaves
        :raises DysmsHeldBack: it did not leave in time; nothing was sent
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
        return await self._caller.ask(call, actions.parse_message_sent, repeatable=False, signature_time=signature_time)

    async def refuses_signature_of(self, signed_at: datetime, phone_number: str) -> bool:
        """Say whether the service refuses a mainland request that was signed at an instant, whatever our clock says.

        It is asked for details of a number, with a signature of that instant.

        :param signed_at: an aware instant
        :param phone_number: as the API takes it
        :raises DysmsError: see :mod:`.errors`
        """
        call = actions.query_send_details(phone_number, dates.beijing_day(self._now()), page=1, page_size=1)
        signature_time = SignatureTime(signed_at, max_age=float("inf"))
        try:
            await self._caller.ask(call, lambda answer: answer, signature_time=signature_time)
        except errors.DysmsClockError:
            return True
        return False

    async def access(self) -> dict[str, errors.DysmsError | None]:
        """Return for each query ``None`` if it is allowed, else the error.

        Asks for today's statistics, one page of the details of a number, and a message that cannot exist.
        """
        today = dates.beijing_day(self._now())
        probes = (
            actions.query_send_details(PROBED_NUMBER, today, page=1, page_size=1),
            actions.query_send_statistics(today, today, is_globe=False, page=1, page_size=1),
            actions.query_message("0"),
        )
        found = await asyncio.gather(*map(self._probed, probes))
        return {call.action: error for call, error in zip(probes, found, strict=True)}

    async def _probed(self, call: actions.Call) -> errors.DysmsError | None:
        try:
            await self._caller.ask(call, lambda answer: answer)
        except errors.DysmsNotFound:
            return None
        except errors.DysmsError as error:
            # The service looks at the number only of those who may ask.
            return None if (error.code or "").endswith("MOBILE_NUMBER_ILLEGAL") else error
        return None


def _check_belong(records: Sequence[SendDetail], phone_number: str, send_date: date) -> None:
    """Refuse other people's messages, and other days'; a message may be dated one day off the day it was asked for."""
    first, last = _around(send_date)
    same = phone_number
    for record in records:
        if record.phone_number != same:
            if not same_number(phone_number, record.phone_number):
                raise errors.DysmsIncomplete("the answer holds messages to another number")
            same = record.phone_number
        if (sent_at := record.sent_at) is not None and not first <= sent_at < last:
            raise errors.DysmsIncomplete("the answer holds messages of another day")


@lru_cache(maxsize=2)
def _around(day: date) -> tuple[datetime, datetime]:
    return dates.day_start(day - dates.DAY), dates.day_start(day + 2 * dates.DAY)
