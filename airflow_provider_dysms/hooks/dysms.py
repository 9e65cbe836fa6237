"""The hook: queries and sends messages through an Airflow connection."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.sdk.bases.hook import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_provider_dysms import metrics
from airflow_provider_dysms.arguments.requested_days import is_international, parse_days
from airflow_provider_dysms.exceptions import DysmsConnectionNotFound as DysmsConnectionNotFound
from airflow_provider_dysms.exceptions import DysmsSendUncertain as DysmsSendUncertain
from airflow_provider_dysms.exceptions import DysmsTaskError as DysmsTaskError
from airflow_provider_dysms.exceptions import DysmsTaskFailed as DysmsTaskFailed
from airflow_provider_dysms.exceptions import airflow_errors as airflow_errors
from airflow_provider_dysms.hooks import event_loop
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.phone_numbers.parse import parse_number

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
    from datetime import date, datetime

    import httpx

    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.api.retry import RetryPolicy
    from airflow_provider_dysms.api.settings import Settings
    from airflow_provider_dysms.model.choices import Market
    from airflow_provider_dysms.model.privacy import PrivacyKey, PrivacySecrets
    from airflow_provider_dysms.model.records import MessageReport, MessageSent, SendDetail, SendStatistics, SmsSent

Result = TypeVar("Result")


class DysmsHook(BaseHook):
    """Queries and sends messages through Alibaba Cloud SMS (Dysms).

    Every method has an async twin of the same name with the prefix ``a``. Inside a task, a sync method may be called
    as often as needed; inside a running event loop it names the twin to await.

    :param dysms_conn_id: id of the connection, default ``dysms_default``
    :param requests_per_second: limit for each action; replaces the connection's ``quota_share``
    :param transport: an httpx transport that replaces the package's own HTTP engine, for tests or other kinds of
        proxies. It brings its own certificates and proxies. Each call closes it at the end, so it must be reusable
    :raises DysmsInputError: at the first call, if a field of the connection is missing or wrong; no request is made
    """

    conn_name_attr = "dysms_conn_id"
    default_conn_name = "dysms_default"
    conn_type = "dysms"
    hook_name = "Alibaba Cloud SMS"

    def __init__(
        self,
        dysms_conn_id: str = default_conn_name,
        *,
        requests_per_second: float | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__()
        self.dysms_conn_id = dysms_conn_id
        self.requests_per_second = requests_per_second
        self.transport = transport

    @property
    def settings(self) -> Settings:
        """The client's settings, read from the connection."""
        return self._connection[0]

    @property
    def privacy_key(self) -> PrivacyKey:
        """The key derived from the connection's ``privacy_secret``.

        :raises DysmsInputError: the connection has no ``privacy_secret``
        """
        from airflow_provider_dysms.model.privacy import PrivacyKey

        return PrivacyKey(*self._connection[1])

    def read(self) -> tuple[Settings, PrivacySecrets]:
        """Return the client's settings, and the secrets under which numbers are hashed and sealed.

        It asks Airflow, so on an event loop it must be wrapped in ``sync_to_async``.

        :raises DysmsConnectionNotFound: Airflow does not know the connection, or could not be asked
        :raises DysmsInputError: a field of the connection is missing or wrong
        """
        return self._connection

    def run(self, session: Callable[[DysmsClient], Awaitable[Result]], *, retry: RetryPolicy | None = None) -> Result:
        """Run a coroutine function with a client in a new event loop, so that a task can make many requests at once.

        :param session: coroutine function that takes the client
        :param retry: how the client retries temporary errors; default the client's own policy
        :returns: the result of ``session``
        :raises RuntimeError: an event loop is already running
        """
        _ = self.settings  # looks the connection up before the loop runs: that must not happen inside it

        async def run_session() -> Result:
            async with self._client(retry) as client:
                return await session(client)

        with metrics.counted_requests():
            return event_loop.run(run_session())

    def query_send_details(
        self, phone_number: str, send_date: str | date | datetime, biz_id: str | None = None
    ) -> list[SendDetail]:
        """Return every message sent to a number on a Beijing day, proven to be complete.

        :param phone_number: one number, in any format people write
        :param send_date: ``YYYYMMDD``, ``YYYY-MM-DD``, a ``date`` or an aware ``datetime``; one of the last 30 days
        :param biz_id: only the messages of one request
        :raises DysmsInputError: an argument is wrong; no request was made
        :raises DysmsError: see :mod:`airflow_provider_dysms.model.errors`

        Follows https://help.aliyun.com/document_detail/419277.html
        """
        return self._run(self.aquery_send_details, phone_number, send_date, biz_id)

    async def aquery_send_details(
        self, phone_number: str, send_date: str | date | datetime, biz_id: str | None = None
    ) -> list[SendDetail]:
        """Do what :meth:`query_send_details` does, inside an event loop."""
        number, day = parse_number(phone_number), dates.parse_day(send_date)
        async with await self._aclient() as client:
            return await client.query_send_details(number.digits, day, biz_id)

    def query_send_statistics(
        self,
        first_date: str | date | datetime,
        last_date: str | date | datetime | None = None,
        *,
        scope: Market = "mainland",
        template_type: int | None = None,
        sign_name: str | None = None,
    ) -> list[SendStatistics]:
        """Return the counts of each Beijing day from first to last, in billed segments.

        :param first_date: first day, in the forms of ``send_date``
        :param last_date: last day, default ``first_date``
        :param scope: ``mainland`` or ``international``
        :param template_type: 0 code, 1 notice, 2 promotion, 3 international, 7 digital; default all
        :param sign_name: only messages of one signature
        :raises DysmsError: see :mod:`airflow_provider_dysms.model.errors`

        Follows https://help.aliyun.com/document_detail/397330.html
        """
        return self._run(
            self.aquery_send_statistics,
            first_date,
            last_date,
            scope=scope,
            template_type=template_type,
            sign_name=sign_name,
        )

    async def aquery_send_statistics(
        self,
        first_date: str | date | datetime,
        last_date: str | date | datetime | None = None,
        *,
        scope: Market = "mainland",
        template_type: int | None = None,
        sign_name: str | None = None,
    ) -> list[SendStatistics]:
        """Do what :meth:`query_send_statistics` does, inside an event loop."""
        first, last = parse_days(first_date, last_date)
        is_globe = is_international(scope)
        async with await self._aclient() as client:
            return await client.query_send_statistics(
                first, last, is_globe=is_globe, template_type=template_type, sign_name=sign_name
            )

    def query_message(self, message_id: str) -> MessageReport:
        """Return the report of an international message.

        :param message_id: as SendMessageToGlobe returned it
        :raises DysmsNotFound: the service has no such message, or not yet
        :raises DysmsError: see :mod:`airflow_provider_dysms.model.errors`

        Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-querymessage
        """
        return self._run(self.aquery_message, message_id)

    async def aquery_message(self, message_id: str) -> MessageReport:
        """Do what :meth:`query_message` does, inside an event loop."""
        async with await self._aclient() as client:
            return await client.query_message(message_id)

    def send_sms(
        self,
        phone_numbers: str | Sequence[str],
        sign_name: str,
        template_code: str,
        template_param: Mapping[str, object] | str | None = None,
        out_id: str | None = None,
    ) -> SmsSent:
        """Send one text to one number or up to 1,000; accepted is not delivered.

        :param phone_numbers: one or many, in any format people write
        :param sign_name: signature, without brackets
        :param template_code: such as ``SMS_123456789``
        :param template_param: the template's variables, or their JSON
        :param out_id: your own id, below 256 characters; without it a resend cannot be told from the first send
        :raises DysmsTransportError: with ``request_sent``, the message may have been sent
        :raises DysmsError: see :mod:`airflow_provider_dysms.model.errors`

        Follows https://help.aliyun.com/document_detail/419273.html
        """
        return self._run(self.asend_sms, phone_numbers, sign_name, template_code, template_param, out_id)

    async def asend_sms(
        self,
        phone_numbers: str | Sequence[str],
        sign_name: str,
        template_code: str,
        template_param: Mapping[str, object] | str | None = None,
        out_id: str | None = None,
    ) -> SmsSent:
        """Do what :meth:`send_sms` does, inside an event loop."""
        is_single = phone_numbers is None or isinstance(phone_numbers, (str, int))
        raw_numbers = [phone_numbers] if is_single else phone_numbers
        numbers = [parse_number(number).digits for number in raw_numbers]
        async with await self._aclient() as client:
            return await client.send_sms(numbers, sign_name, template_code, template_param, out_id)

    def send_message_to_globe(self, to: str, message: str, **options: Any) -> MessageSent:
        """Send one international message; accepted is not delivered.

        :param to: one number with its country code, not of the mainland
        :param message: the text
        :param options: ``sender_id``, ``message_type`` (OTP, NOTIFY, MKT), ``task_id``, ``validity_period`` (s),
            ``channel_id``
        :raises DysmsTransportError: with ``request_sent``, the message may have been sent
        :raises DysmsError: see :mod:`airflow_provider_dysms.model.errors`

        Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-sendmessagetoglobe
        """
        return self._run(self.asend_message_to_globe, to, message, **options)

    async def asend_message_to_globe(self, to: str, message: str, **options: Any) -> MessageSent:
        """Do what :meth:`send_message_to_globe` does, inside an event loop."""
        number = parse_number(to)
        async with await self._aclient() as client:
            return await client.send_message_to_globe(number.digits, message, **options)

    def test_connection(self) -> tuple[bool, str]:
        """Say in plain sentences which queries the connection may make. No message is sent, and no record is returned.

        :returns: whether at least one query is allowed, and the sentences
        """
        from airflow_provider_dysms.hooks.access_check import check_access

        return check_access(self.dysms_conn_id, run=self.run, get_connection=self.get_connection)

    def _run(self, twin: Callable[..., Coroutine[Any, Any, Result]], *args: Any, **kwargs: Any) -> Result:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            _ = self.settings  # as in run()
            with metrics.counted_requests():
                return event_loop.run(twin(*args, **kwargs))
        name = twin.__name__
        raise RuntimeError(f"{name.removeprefix('a')} cannot run inside an event loop; await {name} instead")

    async def _aclient(self) -> DysmsClient:
        if "_connection" not in self.__dict__:
            # The look-up and the parsing of the extras call the supervisor, which must not happen on the event loop.
            from asgiref.sync import sync_to_async

            await sync_to_async(lambda: self.settings)()
        return self._client()

    def _client(self, retry: RetryPolicy | None = None) -> DysmsClient:
        from airflow_provider_dysms.api.client import DysmsClient  # loads the HTTP engine, which DAG files do not need

        return metrics.count_client(DysmsClient(self.settings, retry=retry, transport=self.transport))

    @cached_property
    def _connection(self) -> tuple[Settings, PrivacySecrets]:
        try:
            connection = self.get_connection(self.dysms_conn_id)
        except AirflowNotFoundException:
            raise DysmsConnectionNotFound(
                f"dysms_conn_id: the connection {self.dysms_conn_id!r} is not defined, or Airflow could not be asked; "
                "create it with the connection type dysms"
            ) from None
        from airflow_provider_dysms.hooks.connection_settings import read_connection

        try:
            return read_connection(connection, self.requests_per_second)
        except DysmsInputError as error:
            raise type(error)(error.argument, f"(connection {self.dysms_conn_id!r}) {error.problem}") from None
