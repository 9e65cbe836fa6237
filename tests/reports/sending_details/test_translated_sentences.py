"""Sentences that other parts of the package write are known here: one that changes there turns these tests red."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_dysms.archive.sending_details.filters.conditions import check_filters
from airflow_provider_dysms.archive.sending_details.filters.phone_filter import PhoneFilter
from airflow_provider_dysms.archive.sending_details.filters.sending_results import ADVICE
from airflow_provider_dysms.archive.sending_details.filters.time_span import TimeSpan, resolve_span
from airflow_provider_dysms.archive.sending_details.notes import notes_of
from airflow_provider_dysms.archive.sending_details.page import SearchedDay
from airflow_provider_dysms.archive.sending_details.query import FindQuery
from airflow_provider_dysms.model.dates import beijing_day
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.reports.sending_details.translated_sentences import translate

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def test_every_note_about_days_has_a_translation() -> None:
    today = beijing_day(NOW)
    days = [
        SearchedDay(day=today, is_audited=False),
        SearchedDay(day=today - timedelta(days=1), is_audited=True, as_of="2026-11-25T20:00:00Z"),
        SearchedDay(day=today - timedelta(days=2), is_audited=True, is_provisional=True, as_of="2026-11-24T09:00:00Z"),
        SearchedDay(
            day=today - timedelta(days=3), is_audited=True, is_of_receipts_alone=True, as_of="2026-11-23T20:00:00Z"
        ),
        SearchedDay(day=today - timedelta(days=4), is_audited=False),
    ]
    notes = [*notes_of(days, TimeSpan(NOW - timedelta(days=5), NOW), [], NOW), ADVICE["Missing"]]
    assert len(notes) >= 5
    for note in notes:
        assert is_chinese(translate(note, "zh")), note
        assert translate(note, "en") == note


@pytest.mark.parametrize(
    "fields",
    [
        {"sent_from": "2026-11-02", "sent_to": "2026-11-01"},
        {"sent_from": "2027-11-02"},
        {"sent_from": "2000-01-01", "sent_to": "2026-11-01"},
        {"country": "China"},
    ],
)
def test_errors_of_the_form_have_a_translation(fields: dict[str, str]) -> None:
    query = FindQuery(output_uri="file:///x", **fields)
    with pytest.raises(DysmsInputError) as refused:
        check_filters(query, None) and resolve_span(query, NOW)
    assert is_chinese(translate(refused.value.problem, "zh", refused.value.argument))


def test_a_sentence_that_is_not_known_stays() -> None:
    assert translate("Something new.", "zh") == "Something new."
    with pytest.raises(DysmsInputError) as refused:
        PhoneFilter.of("12")
    assert is_chinese(translate(refused.value.problem, "zh", refused.value.argument))
