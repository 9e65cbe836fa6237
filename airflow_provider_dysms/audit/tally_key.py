"""What the counts of an audit know of a verdict: all verdicts of one kind are counted at once."""

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
    """A kind of verdict.

    :param became: the state, or of a message without a line what became of it
    :param day: the Beijing day of the message
    :param is_by_id: whether the message has an id, and thus no template
    """

    state: str
    became: str
    is_final: bool
    category: str | None
    template_code: str | None
    country: str | None
    segments: int | None
    delivery_seconds: int | None
    day: date | None
    is_by_id: bool

    @property
    def scope(self) -> str:
        """In which of the two counts of the day's statistics it is."""
        return MAINLAND if self.country == MAINLAND_COUNTRY else INTERNATIONAL


def tally_key_of(verdict: Verdict) -> TallyKey:
    """Return the kind of a verdict."""
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
