"""The page of found messages: complete in itself, in both languages, and without numbers unless they are asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.archives import DAYS, NUMBERS, UNKNOWN, Row, rows_of, write_day
from support.html_outline import assert_self_contained

from airflow_provider_dysms.archive.sending_details.find import find
from airflow_provider_dysms.archive.sending_details.query import FindQuery
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.reports.sending_details.details_page import render_details

HOSTILE = "<script>alert('x')</script>\" onload=\"y"
KEY = PrivacyKey("a secret of the archive")
NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)


def made(folder: Path, filters: dict[str, Any] | None = None, **options: Any) -> str:
    """Return the page of a search in an archive of two days."""
    query = FindQuery(output_uri=f"file://{folder}", sent_from=DAYS[0], sent_to=DAYS[3], **(filters or {}))
    return render_details(query, find(query, now=NOW, privacy_key=KEY), **options)


def text_of(page: str) -> str:
    return " ".join(" ".join(assert_self_contained(page).text).split())


def first_row(**changes: Any) -> Row:
    return {**rows_of(DAYS[0], 1)[0], "phone_number": NUMBERS[0], **changes}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Sending details", "1 – 10 of at least", "Not audited, so that", "Numbers are masked.")),
        ("zh", ("发送详情", "第 1 – 10 条，至少", "以下日期未核对", "号码已隐藏部分数字。")),
    ],
)
def test_it_has_the_messages_the_filters_and_what_is_not_known(
    tmp_path: Path, language: str, words: tuple[str, ...]
) -> None:
    for day in (DAYS[0], DAYS[1]):
        write_day(f"file://{tmp_path}", day, rows_of(day, 60))
    text = text_of(made(tmp_path, {"result": "failed", "carried": {"team": "red"}}, language=language))
    assert [
        word for word in (*words, str(UNKNOWN), "2026-11-20 00:00:00 – 2026-11-23", "red") if word not in text
    ] == []
    assert {"en": "Failed", "zh": "失败"}[language] in text.partition("red")[0]
    assert not any(number in text for number in NUMBERS)


def test_numbers_and_texts_are_shown_only_if_that_is_asked(tmp_path: Path) -> None:
    write_day(f"file://{tmp_path}", DAYS[0], [first_row(out_id=f"order-{NUMBERS[0]}", team=f"x{NUMBERS[0]}")])
    filters = {"phone_number": f"+86 {NUMBERS[0]}"}
    masked = made(tmp_path, filters)
    assert NUMBERS[0] not in masked
    assert NUMBERS[0][3:7] + NUMBERS[0][7:] not in masked
    assert "139****0000" in masked
    shown = made(tmp_path, filters, show_numbers=True)
    assert f'<td class="phone">{NUMBERS[0]}</td>' in shown
    assert f"<dd>order-{NUMBERS[0]}</dd>" in shown
    assert f"<dd>x{NUMBERS[0]}</dd>" in shown
    assert f"<dd>+86 {NUMBERS[0]}</dd>" in shown
    assert "masked" not in shown


def test_in_an_archive_with_hashed_numbers_every_text_that_may_be_a_number_is_hidden(tmp_path: Path) -> None:
    row = first_row(out_id=f"+86 {NUMBERS[1]}", team=NUMBERS[2], sign_name=NUMBERS[3])
    write_day(f"file://{tmp_path}", DAYS[0], [row], key=KEY)
    page = made(tmp_path, {"carried": {"team": NUMBERS[2]}})
    assert not any(number in page for number in NUMBERS)
    assert f"#{KEY.phone_hash(NUMBERS[0])[:10]}" in page


def test_names_from_outside_are_text(tmp_path: Path) -> None:
    row = first_row(template_code=HOSTILE, sign_name=HOSTILE, error_code=HOSTILE, out_id=HOSTILE, team=HOSTILE)
    write_day(f"file://{tmp_path}", DAYS[0], [row])
    page = made(tmp_path, {"template_code": HOSTILE, "carried": {"team": HOSTILE}})
    assert text_of(page).count("<script>") >= 6
    assert "<script>" not in page


def test_without_messages_it_says_so_and_names_the_days(tmp_path: Path) -> None:
    write_day(f"file://{tmp_path}", DAYS[0], [])
    page = text_of(made(tmp_path))
    assert "No messages match in the days that were audited." in page
    assert f"{DAYS[1]} to {DAYS[2]}" in page


def test_another_language_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DysmsInputError, match="language"):
        made(tmp_path, language="fr")
