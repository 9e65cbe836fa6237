"""The messages that a task sends: read from its arguments and checked before the first request, with their digests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.protocol import actions
from airflow_provider_dysms.arguments.private_fields import normalized_numbers, parameters_in, reveal
from airflow_provider_dysms.arguments.send_arguments import (
    as_int,
    international_number,
    optional_text,
    refuse_repeated,
    required_text,
)
from airflow_provider_dysms.model.dates import beijing_day, iso_utc
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.privacy import digests_under
from airflow_provider_dysms.model.private_struct import PrivateStruct
from airflow_provider_dysms.operators.send_once.journal_entry import Digests

if TYPE_CHECKING:
    from datetime import date, datetime

    from airflow_provider_dysms.hooks.dysms import DysmsHook
    from airflow_provider_dysms.model.privacy import PrivacyKey


class Sms(PrivateStruct, frozen=True, kw_only=True):
    """One text to one or many mainland numbers; ``repr`` shows nothing of it.

    :param phone_numbers: as the API takes them, each once
    :param template_param: the template's variables, or their JSON
    :param out_id: the user's own; ``None`` if one is to be made
    """

    phone_numbers: list[str]
    sign_name: str
    template_code: str
    template_param: Any = None
    out_id: str | None = None

    @classmethod
    def read(
        cls, *, phone_numbers: Any, sign_name: Any, template_code: Any, template_param: Any = None, out_id: Any = None
    ) -> Sms:
        """Read the arguments of ``DysmsSendSmsOperator`` as templates leave them.

        :raises DysmsInputError: one of them cannot be sent
        """
        sms = cls(
            phone_numbers=normalized_numbers("phone_numbers", phone_numbers),
            sign_name=required_text("sign_name", sign_name),
            template_code=required_text("template_code", template_code),
            template_param=parameters_in(template_param),
            out_id=optional_text("out_id", out_id),
        )
        refuse_repeated(sms.phone_numbers)
        actions.send_sms(sms.phone_numbers, sms.sign_name, sms.template_code, sms.template_param, sms.out_id)
        return sms

    def to(self, phone_numbers: list[str]) -> Sms:
        """Return the same text to other numbers."""
        return msgspec.structs.replace(self, phone_numbers=phone_numbers)

    def digests(self, key: PrivacyKey) -> Digests:
        """Return what identifies the message without telling anything about it."""
        numbers = sorted(self.phone_numbers)
        parameters = self.template_param
        if isinstance(parameters, str):  # one digest, whether they came as a mapping or as JSON
            parameters = json.loads(parameters)
        content = _canonical(numbers, self.sign_name, self.template_code, parameters)
        return Digests(key.digests(json.dumps(numbers).encode()), key.digests(content))


class InternationalMessage(PrivateStruct, frozen=True, kw_only=True):
    """One text to one number outside the mainland; ``repr`` shows nothing of it.

    :param to: the number, as the API takes it
    :param options: optional parameters of the API, by the names that the client gives them
    """

    to: str
    text: str
    options: dict[str, Any]

    @classmethod
    def read(
        cls,
        *,
        to: Any,
        message: Any,
        sender_id: Any = None,
        message_type: Any = None,
        vendor_task_id: Any = None,
        validity_period: Any = None,
        channel_id: Any = None,
    ) -> InternationalMessage:
        """Read the arguments of ``DysmsSendMessageToGlobeOperator`` as templates leave them.

        :raises DysmsInputError: one of them cannot be sent
        """
        read = cls(
            to=international_number(to),
            text=required_text("message", reveal(message), None),
            options={
                "sender_id": optional_text("sender_id", sender_id),
                "message_type": optional_text("message_type", message_type),
                "task_id": optional_text("vendor_task_id", vendor_task_id),
                "validity_period": as_int(validity_period),
                "channel_id": optional_text("channel_id", channel_id),
            },
        )
        actions.send_message_to_globe(read.to, read.text, **read.options)  # checks the values
        return read

    def digests(self, hook: DysmsHook) -> Digests:
        """Return what identifies the message without telling anything about it; empty without a key for digests.

        A digest without a key would give the number away. International sends do not need ``privacy_secret``; without
        it the connection's own secret is the key, if there is a permanent one.
        """
        number, content = self.to.encode(), _canonical(self.to, self.text, self.options)
        credentials = hook.settings.credentials  # a connection that cannot be read is not one without a key
        try:
            key = hook.privacy_key
        except DysmsInputError:
            if not isinstance(credentials, Credentials) or credentials.security_token is not None:
                return Digests((), ())
            secret = credentials.access_key_secret
            return Digests(digests_under(secret, number), digests_under(secret, content))
        return Digests(key.digests(number), key.digests(content))


def when_sent(sent_at: datetime, send_date: date | None = None) -> dict[str, Any]:
    """Return the entries ``send_date`` and ``sent_at`` of what a send operator returns.

    :param send_date: the Beijing day under which the service has the message; default: the day of ``sent_at``
    """
    return {"send_date": (send_date or beijing_day(sent_at)).isoformat(), "sent_at": iso_utc(sent_at)}


def _canonical(*parts: object) -> bytes:
    return json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str).encode()
