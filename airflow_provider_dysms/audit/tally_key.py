"""The fields of a verdict that an audit counts by: equal verdicts share one key and one count."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_dysms.model.choices import INTERNATIONAL, MAINLAND, OTHERS
from airflow_provider_dysms.model.dates import BEIJING, beijing_day
from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.phone_numbers.number import MAINLAND_COUNTRY
from airflow_provider_dysms.model.phone_numbers.redaction import REDACTED
from airflow_provider_dysms.model.safe_text import may_hold_phone

if TYPE_CHECKING:
    from datetime import date

    from airflow_provider_dysms.audit.verdict import Verdict


_UNLOGGED, _FAILED, _WAITING = State.UNLOGGED.value, State.FAILED.value, State.WAITING.value

#: Distinct names of one kind (error codes, signatures) that are counted one by one.
MAX_NAMES = 1000

#: Characters of a name that is counted; codes of carriers have up to 10, signatures up to 16.
MAX_NAME_LENGTH = 64


class CountedNames(dict[str | None, str]):
    """Name in a record -> the name that it is counted under, which may stand in a manifest: ``names[raw]``.

    A name that may hold a phone number is not repeated, nor is one that a number was removed from: rows have the same
    counts before and after. Names from outside are bounded in length and number; the rest is counted as
    :data:`~airflow_provider_dysms.model.choices.OTHERS`. No name is an empty text.
    """

    def __missing__(self, name: str | None) -> str:
        if len(self) >= MAX_NAMES:
            return OTHERS
        counted = self[name] = _counted_name(name or "")
        return counted


def _counted_name(name: str) -> str:
    name = name.strip()
    is_plain = len(name) <= MAX_NAME_LENGTH and name.isprintable()
    return name if is_plain and REDACTED not in name and not may_hold_phone(name) else OTHERS


class TallyKey(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """The key of equal verdicts in the counts of an audit.

    :param delivery_state: the state; for a message without a line, the state of its delivery
    :param day: the Beijing day of the message
    :param has_message_id: whether the message has an id, and so no template
    :param sign_name: the name that the signature is counted under
    :param error_code: the name that the code is counted under; ``None`` if the message has not failed
    :param sent_hour: the Beijing day and hour of a message that waits, such as ``2026-11-28T09``; else ``None``
    """

    state: str
    delivery_state: str
    is_final: bool
    category: str | None
    template_code: str | None
    country: str | None
    segments: int | None
    delivery_seconds: int | None
    day: date | None
    has_message_id: bool
    sign_name: str
    error_code: str | None
    sent_hour: str | None

    @property
    def market(self) -> str:
        """The market whose statistics count the message."""
        return MAINLAND if self.country == MAINLAND_COUNTRY else INTERNATIONAL


def tally_key_of(verdict: Verdict, sign_names: CountedNames, error_codes: CountedNames) -> TallyKey:
    """Return the key that a verdict is counted by.

    :param sign_names: the signatures of the audit so far
    :param error_codes: the codes of failures so far
    """
    state, sent_at = verdict.state, verdict.sent_at
    is_unlogged = state == _UNLOGGED
    return TallyKey(
        state,
        json.loads(verdict.vendor_extra or "{}").get("delivery", state) if is_unlogged else state,
        verdict.is_final,
        verdict.category,
        verdict.template_code,
        verdict.country,
        verdict.segments,
        verdict.delivery_seconds,
        beijing_day(sent_at) if sent_at else None,
        verdict.message_id is not None,
        sign_names[verdict.sign_name],
        error_codes[verdict.error_code] if state == _FAILED else None,
        f"{sent_at.astimezone(BEIJING):%Y-%m-%dT%H}" if sent_at and state == _WAITING else None,
    )
