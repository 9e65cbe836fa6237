"""The page: complete in itself, in both languages, safe against names from outside, and right without figures."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from support.html_outline import Outline, assert_self_contained
from support.simulated_archive import Group, month_with_incidents

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.reports.delivery_report import render, render_body
from airflow_provider_dysms.reports.report import build_report
from airflow_provider_dysms.reports.texts import LANGUAGES

HOSTILE = "<script>alert('x')</script>\" onload=\"y"


@pytest.fixture
def page(simulated: Callable[..., Any], last: date) -> Callable[..., str]:
    """Render the report of a month with incidents."""
    report = build_report(simulated(month_with_incidents(last)), last)
    return lambda **options: render(report, **options)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_needs_nothing_else_and_its_policy_says_so(page: Callable[..., str], language: str) -> None:
    assert_self_contained(page(language=language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_wrong_is_said_in_sentences(page: Callable[..., str], language: str) -> None:
    text = " ".join(" ".join(Outline(page(language=language)).text).split())
    wanted = {
        "en": [
            r"25 Nov to 27 Nov Template SMS_100000003 delivered 6\d\.\d%, usually 9\d\.\d%: about [\d,]+ messages",
            r"18 Nov Carriers failed 13\.\d% of the messages, usually 0\.\d%",
            r"10 Nov to 11 Nov Only [\d,]+ messages sent, usually [\d,]+: a holiday",
            r"[\d,]+ messages sent, 89\.\d% delivered; on such a day usually [\d,]+ and 93\.\d%\.",
        ],
        "zh": [
            r"11月25日至11月27日 模板 SMS_100000003 送达 6\d\.\d%，通常 9\d\.\d%：约少送达 [\d,]+ 条。",
            r"11月18日 运营商原因失败占 13\.\d%，通常 0\.\d%",
            r"11月10日至11月11日 只发送了 [\d,]+ 条，通常 [\d,]+ 条：节假日",
            r"发送 [\d,]+ 条，送达 89\.\d%；同类日通常发送 [\d,]+ 条，送达 93\.\d%。",
        ],
    }
    for sentence in wanted[language]:
        assert re.search(sentence, text), sentence


def test_the_sections_come_in_the_order_in_which_they_are_read(page: Callable[..., str]) -> None:
    headings = re.findall(r"<h2>(.*?)</h2>", page(stopped={"blacklist": 7}))
    assert headings == [
        *("What is wrong", "Trend", "Why messages failed", "By template", "By country"),
        *("How long delivery takes", "Still waiting", "Billed segments", "Numbers to stop"),
    ]
    assert "Numbers to stop" not in page()


def test_a_day_that_is_compared_with_none_is_not_called_good(simulated: Callable[..., Any], last: date) -> None:
    figures = simulated(groups=(Group("SMS_1", "CN", 3_000, 0.6),))
    assert "Nothing unusual was found" in render(build_report(figures, last))
    alone = {day: each for day, each in figures.items() if day == last}
    text = render(build_report(alone, last, days=1))
    assert "nothing can be called unusual" in text
    assert "Nothing unusual was found" not in text


def test_names_from_outside_are_texts_and_nothing_more(simulated: Callable[..., Any], last: date) -> None:
    groups = (Group(HOSTILE, HOSTILE, 3_000, 0.5), Group("SMS_1", "CN", 3_000, 0.95))
    figures = simulated(groups=groups)
    figures[last] = replace(figures[last], failed_by_code={HOSTILE: 5}, problem=HOSTILE)
    outline = Outline(render(build_report(figures, last)))
    assert "script" not in {tag for tag, _ in outline.elements}
    assert not [name for _, each in outline.elements for name in each if name.startswith("on")]
    assert any(HOSTILE[:20] in text for text in outline.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_day_without_an_audit_says_so_and_the_rest_is_there(
    simulated: Callable[..., Any], last: date, language: str
) -> None:
    figures = simulated()
    del figures[last]
    text = render(build_report(figures, last), language=language)
    assert ("was not audited" if language == "en" else "未核对") in text
    assert Outline(text).open == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("days", [1, 2, 30, 92])
def test_nothing_at_all_makes_a_page_of_any_length(last: date, language: str, days: int) -> None:
    assert Outline(render(build_report({}, last, days=days), language=language)).open == []


def test_figures_of_an_earlier_release_are_not_known_and_not_zero(simulated: Callable[..., Any], last: date) -> None:
    def old(audit: Any) -> Any:
        groups = {"template_code": audit.groups["template_code"]}
        return replace(audit, groups=groups, failed_by_fault=None, failed_by_category=None)

    figures = {
        day: replace(
            each,
            latest=old(each.latest),
            earlier=tuple(map(old, each.earlier)),
            latency={},
            failed_by_code=None,
            waiting_by_hour=None,
        )
        for day, each in simulated().items()
    }
    report = build_report(figures, last)
    assert (report.countries, report.waiting.unknown_days) == (None, 3)
    text = render(report)
    assert text.count("Not known: the manifest of this day") == 5  # three causes, countries, delivery times
    assert "For 3 days it is not known" in text


def test_groups_of_which_nothing_was_delivered_have_no_times_and_that_is_known(
    simulated: Callable[..., Any], last: date
) -> None:
    figures = simulated()
    figures[last] = replace(figures[last], latency={"template_code": {}, "country": {}})
    assert "not known" not in render(build_report(figures, last))


def test_a_body_is_the_page_without_its_frame(simulated: Callable[..., Any], last: date) -> None:
    report = build_report(simulated(), last)
    body = render_body(report, language="zh")
    assert body.startswith('<main class="dysms-report">')
    assert body.strip() in render(report, language="zh")


def test_only_two_languages_are_known(page: Callable[..., str]) -> None:
    with pytest.raises(DysmsInputError, match=r"^language must be one of en, zh"):
        page(language="de")


def test_days_of_the_trend_can_be_read_without_the_chart(page: Callable[..., str], last: date) -> None:
    text = page()
    for back in range(30):
        day = last - timedelta(days=back)
        assert f"{day.day} {day:%b} {day.year}" in text
