"""The fields of a verdict that an audit counts by: equal verdicts share one key and one count."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_dysms.model.choices import INTERNATIONAL, MAINLAND
from airflow_provider_dysms.model.dates import beijing_day
from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.phone_numbers.number import MAINLAND_COUNTRY

if TYPE_CHECKING:
    from datetime import date

    from airflow_provider_dysms.audit.verdict import Verdict


_UNLOGGED = State.UNLOGGED.value


class TallyKey(msgspec.Struct, frozen=True, gc=False):
    """The key of equal verdicts in the counts of an audit.

    :param delivery_state: the state; for a message without a line, the state of its delivery
    :param day: the Beijing day of the message
    :param has_message_id: whether the message has an id, and so no template
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

    @property
    def market(self) -> str:
        """The market whose statistics count the message."""
        return MAINLAND if self.country == MAINLAND_COUNTRY else INTERNATIONAL


def tally_key_of(verdict: Verdict) -> TallyKey:
    """Return the key that a verdict is counted by."""
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
    )
