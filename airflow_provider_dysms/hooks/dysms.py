"""From an Airflow connection to the client of the Dysms API."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from airflow.sdk.bases.hook import BaseHook
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow.sdk.log import mask_secret

from airflow_provider_dysms.api import dates
from airflow_provider_dysms.api.client import DysmsClient, Settings
from airflow_provider_dysms.api.credentials import Credentials
from airflow_provider_dysms.api.errors import DysmsError, DysmsInputError, DysmsRefused
from airflow_provider_dysms.api.numbers import parse_number
from airflow_provider_dysms.api.privacy import PrivacyKey
from airflow_provider_dysms.api.quota import QUOTAS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence

    from airflow.sdk import Connection

    from airflow_provider_dysms.api.records import MessageReport, MessageSent, SendDetail, SendStatistics, SmsSent

Scope = Literal["mainland", "international"]
Result = TypeVar("Result")

AUTH_TYPES = {"access_key": "access_key", "AK": "access_key", "sts": "sts"}


class DysmsTaskError(AirflowException):
    """A task failed in a way that may pass: Airflow tries it again."""


class DysmsTaskFailed(AirflowFailException):
    """A task failed in a way that trying again cannot mend: Airflow does not try it again."""


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Turn errors of the API into those that tell Airflow whether to try the task again."""
    try:
        yield
    except (DysmsInputError, DysmsRefused) as error:
        raise DysmsTaskFailed(str(error)) from error
    except DysmsError as error:
        raise DysmsTaskError(str(error)) from error


class DysmsHook(BaseHook):
    """Queries and sends messages through Alibaba Cloud SMS (Dysms).

    Every method has an async twin of the same name with the prefix ``a``. Inside a task, a sync method may be called
    as often as needed; inside a running event loop it names the twin to await.

    :param dysms_conn_id: the connection, default ``dysms_default``
    :param requests_per_second: takes the place of the connection's ``quota_share``, for every action
    :raises DysmsInputError: with the first call, when a field of the connection is missing or wrong; nothing is asked
    """

    conn_name_attr = "dysms_conn_id"
    default_conn_name = "dysms_default"
    conn_type = "dysms"
    hook_name = "Alibaba Cloud SMS"

    def __init__(self, dysms_conn_id: str = default_conn_name, *, requests_per_second: float | None = None) -> None:
        super().__init__()
        self.dysms_conn_id = dysms_conn_id
        self.requests_per_second = requests_per_second

    @cached_property
    def settings(self) -> Settings:
        """The connection as the client takes it."""
        return self._read_connection()[0]

    @cached_property
    def privacy_key(self) -> PrivacyKey:
        """The connection's ``privacy_key``; :class:`DysmsInputError` where there is none."""
        return PrivacyKey(self._read_connection()[1])

    def client(self) -> DysmsClient:
        """Return a client for one event loop; use it as an async context manager within that loop."""
        return DysmsClient(self.settings)

    def query_send_details(
        self, phone_number: str, send_date: str | date | datetime, biz_id: str | None = None
    ) -> list[SendDetail]:
        """Return every message sent to a number on a Beijing day, shown to be complete.

        :param phone_number: one number, in any format people write
        :param send_date: ``YYYYMMDD``, ``YYYY-MM-DD``, a ``date`` or an aware ``datetime``; one of the last 30 days
        :param biz_id: only the messages of one request
        :raises DysmsInputError: an argument is wrong; nothing was asked
        :raises DysmsError: see :mod:`airflow_provider_dysms.api.errors`

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
        scope: Scope = "mainland",
        template_type: int | None = None,
        sign_name: str | None = None,
    ) -> list[SendStatistics]:
        """Return the counts of each Beijing day from first to last, in billed segments.

        :param first_date: first day, in the forms of ``send_date``
        :param last_date: last day, default the first
        :param scope: ``mainland`` or ``international``
        :param template_type: 0 code, 1 notice, 2 promotion, 3 international, 7 digital; default all
        :param sign_name: only messages of one signature
        :raises DysmsError: see :mod:`airflow_provider_dysms.api.errors`

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
        scope: Scope = "mainland",
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
        :raises DysmsError: see :mod:`airflow_provider_dysms.api.errors`

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
        :raises DysmsError: see :mod:`airflow_provider_dysms.api.errors`

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
        many = [phone_numbers] if phone_numbers is None or isinstance(phone_numbers, (str, int)) else phone_numbers
        numbers = [parse_number(number).digits for number in many]
        async with await self._aclient() as client:
            return await client.send_sms(numbers, sign_name, template_code, template_param, out_id)

    def send_message_to_globe(self, to: str, message: str, **options: Any) -> MessageSent:
        """Send one international message; accepted is not delivered.

        :param to: one number with its country code, not of the mainland
        :param message: the text
        :param options: ``sender_id``, ``message_type`` (OTP, NOTIFY, MKT), ``task_id``, ``validity_period`` (s),
            ``channel_id``
        :raises DysmsTransportError: with ``request_sent``, the message may have been sent
        :raises DysmsError: see :mod:`airflow_provider_dysms.api.errors`

        Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-sendmessagetoglobe
        """
        return self._run(self.asend_message_to_globe, to, message, **options)

    async def asend_message_to_globe(self, to: str, message: str, **options: Any) -> MessageSent:
        """Do what :meth:`send_message_to_globe` does, inside an event loop."""
        number = parse_number(to)
        async with await self._aclient() as client:
            return await client.send_message_to_globe(number.digits, message, **options)

    def test_connection(self) -> tuple[bool, str]:
        """Say whether the connection may query mainland statistics or international messages, naming each."""
        try:
            answers = self._run(self._ask_for_access)
        except (DysmsError, AirflowException) as error:
            return False, str(error)
        sentence = "; ".join(f"{action}: {error or 'allowed'}" for action, error in answers.items())
        return None in answers.values(), sentence

    async def _ask_for_access(self) -> dict[str, DysmsError | None]:
        async with await self._aclient() as client:
            return await client.access()

    def _run(self, twin: Callable[..., Coroutine[Any, Any, Result]], *args: Any, **kwargs: Any) -> Result:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            _ = self.settings  # Airflow is asked for the connection before the loop runs, never inside it
            return asyncio.run(twin(*args, **kwargs))
        name = twin.__name__
        raise RuntimeError(f"{name.removeprefix('a')} cannot run inside an event loop; await {name} instead")

    async def _aclient(self) -> DysmsClient:
        if "settings" not in self.__dict__:
            # The look-up and the parsing of the extras talk to the supervisor, which must not happen on the loop.
            from asgiref.sync import sync_to_async

            await sync_to_async(lambda: self.settings)()
        return self.client()

    def _read_connection(self) -> tuple[Settings, str | None]:
        connection = self.get_connection(self.dysms_conn_id)
        try:
            return _settings(connection, self.requests_per_second)
        except DysmsInputError as error:
            raise type(error)(error.argument, f"(connection {self.dysms_conn_id!r}) {error.problem}") from None


def parse_days(first_date: str | date | datetime, last_date: str | date | datetime | None = None) -> tuple[date, date]:
    """Read the first and the last day of statistics.

    :raises DysmsInputError: no dates, in the wrong order, or in the future
    """
    first = dates.parse_day(first_date, "first_date")
    last = first if last_date is None else dates.parse_day(last_date, "last_date")
    today = dates.beijing_day(datetime.now(UTC))
    if last < first:
        raise DysmsInputError("last_date", f"({last}) lies before first_date ({first}); swap them")
    if last > today:
        argument = "first_date" if last_date is None else "last_date"
        raise DysmsInputError(argument, f"({last}) lies in the future; in Beijing it is {today}")
    return first, last


def is_international(scope: str) -> bool:
    """Read the scope of statistics.

    :raises DysmsInputError: it is neither ``mainland`` nor ``international``
    """
    if scope not in ("mainland", "international"):
        raise DysmsInputError("scope", f"is 'mainland' or 'international', not {scope!r}")
    return scope == "international"


def _settings(connection: Connection, requests_per_second: float | None) -> tuple[Settings, str | None]:
    extra = connection.extra_dejson
    auth_type = extra.get("auth_type") or "access_key"
    if auth_type not in AUTH_TYPES:
        raise DysmsInputError("auth_type", f"{auth_type!r} is not known; use one of {', '.join(AUTH_TYPES)}")
    is_sts = AUTH_TYPES[auth_type] == "sts"
    token = _text(extra, "security_token")
    if is_sts and not token:
        raise DysmsInputError("security_token", "is empty, and auth_type sts needs one")
    secret = connection.password or _text(extra, "access_key_secret") or ""
    privacy_key, proxy = _text(extra, "privacy_key"), _text(extra, "proxy")
    for value in (secret, token, privacy_key, proxy):
        if value:
            mask_secret(value)
    settings = Settings(
        credentials=Credentials(connection.login or _text(extra, "access_key_id") or "", secret, token),
        region_id=_text(extra, "region_id") or _text(extra, "region"),
        host=connection.host or _text(extra, "endpoint"),
        port=connection.port,
        schema=connection.schema or None,
        allow_custom_endpoint=_flag(extra, "allow_custom_endpoint"),
        timeout=_number(extra, "timeout", 10.0, most=600),
        quota_share=_number(extra, "quota_share", 0.4, most=1),
        quota=_quota(extra),
        requests_per_second=(
            None
            if requests_per_second is None
            else _number({"requests_per_second": requests_per_second}, "requests_per_second", 0, most=100_000)
        ),
        ca_bundle=_text(extra, "ca_bundle"),
        proxy=proxy,
    )
    for version in ("2017-05-25", "2018-05-01"):
        settings.endpoint(version)
    return settings, privacy_key


def _text(extra: Mapping[str, Any], name: str) -> str | None:
    value = extra.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise DysmsInputError(name, f"is text, not {type(value).__name__}")
    return value


def _number(extra: Mapping[str, Any], name: str, default: float, *, most: float) -> float:
    value = extra.get(name)
    if value is None or value == "":
        return default
    try:
        number = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0 < number <= most:
        raise DysmsInputError(name, f"is a number above 0 and at most {most:g}")
    return number


def _flag(extra: Mapping[str, Any], name: str) -> bool:
    value = extra.get(name)
    text = str(value).strip().lower()
    if value is None or text in ("", "false", "0", "no"):
        return False
    if text in ("true", "1", "yes"):
        return True
    raise DysmsInputError(name, "is true or false")


def _quota(extra: Mapping[str, Any]) -> dict[str, float]:
    value = extra.get("quota")
    if value is None or value == "":
        return {}
    try:
        quota = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        quota = None
    if not isinstance(quota, dict) or not quota.keys() <= QUOTAS.keys():
        raise DysmsInputError("quota", f'is JSON such as {{"QueryMessage": 600}}, by action: {", ".join(QUOTAS)}')
    return {action: _number(quota, action, QUOTAS[action], most=100_000) for action in quota}
