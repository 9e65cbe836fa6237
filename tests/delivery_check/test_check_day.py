"""A day is judged group by group: bad ones are found, young days do not alarm, and what is not judged says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from support.simulated_archive import Day, SimulatedArchive

from airflow_provider_dysms.archive.figures.day_figures import DayFigures, figures_of
from airflow_provider_dysms.delivery_check.check_day import MAX_GROUPS, DayVerdict, check_day
from airflow_provider_dysms.delivery_check.limits import CheckLimits
from airflow_provider_dysms.model.dates import day_start
from airflow_provider_dysms.model.errors import DysmsIncomplete
from airflow_provider_dysms.storage.audited_days.audited_day import judge_manifest

LAST = date(2026, 11, 27)
DAYS = [LAST - timedelta(days=back) for back in range(28, -1, -1)]
BY = ("template_code", "country", "sign_name")


def figures(*, age: float = 9.5, **more: Any) -> dict[date, DayFigures]:
    now = day_start(LAST) + timedelta(days=1, hours=age)
    found = SimulatedArchive(**more).manifests(DAYS, now=now)
    return {day: figures_of(judge_manifest(day, manifest, "", datetime.now(UTC))) for day, manifest in found}


def dropped(template: str, by: float = 0.05, category: str = "content_rejected") -> dict[date, Callable[[Day], None]]:
    def drop(day: Day) -> None:
        day.drop[template] = by
        day.category = category

    return {LAST: drop}


def verdicts(verdict: DayVerdict) -> dict[tuple[str, str], str]:
    return {(each.group.dimension or "all", each.group.value): each.verdict for each in verdict.groups}


@pytest.mark.parametrize("age", [9.5, 34, 82])
def test_a_usual_day_is_good_at_every_age(age: float) -> None:
    found = check_day(figures(age=age), LAST, CheckLimits(max_drop=0.02, max_waiting_rate=0.1, by=BY))
    assert found.is_good
    assert verdicts(found)["all", ""] == "good"
    assert verdicts(found)["template_code", "SMS_100000009"] == "not judged"  # 120 messages


@pytest.mark.parametrize("age", [9.5, 34, 82])
def test_a_template_that_drops_is_named_and_the_others_are_not(age: float) -> None:
    known = figures(age=age, incidents=dropped("SMS_100000004"))
    found = check_day(known, LAST, CheckLimits(max_drop=0.02, by=BY))
    assert [group for group, verdict in verdicts(found).items() if verdict == "bad"] == [
        ("template_code", "SMS_100000004")
    ]
    (sentence,) = found.sentences
    assert sentence.startswith("template_code 'SMS_100000004': ")
    assert "usually 9" in sentence


def test_a_young_day_is_not_compared_with_settled_ones() -> None:
    known = figures()
    settled_only = {
        day: each if day == LAST or each.latest is None else replace(each, earlier=()) for day, each in known.items()
    }
    found = check_day(settled_only, LAST, CheckLimits(max_drop=0.02, by=["template_code"]))
    assert {rule.verdict for each in found.groups for rule in each.rules} == {"not judged"}
    assert found.groups[0].rules[0].reason == "too few of the same weekdays were audited at the same age"


def test_a_new_template_is_not_judged_by_a_drop_but_by_a_limit() -> None:
    known = figures()
    for day, each in known.items():
        if day != LAST and each.latest:
            audits = [
                replace(audit, groups={"template_code": {"SMS_100000001": audit.counts}}) for audit in each.audits
            ]
            known[day] = replace(each, latest=audits[-1], earlier=tuple(audits[:-1]))
    found = check_day(known, LAST, CheckLimits(max_drop=0.02, min_delivery_rate=0.5, by=["template_code"]))
    (new,) = [each for each in found.groups if each.group.value == "SMS_100000002"]
    assert {rule.rule: rule.verdict for rule in new.rules} == {"min_delivery_rate": "good", "max_drop": "not judged"}
    assert new.verdict == "good"


def test_a_template_of_which_nothing_was_delivered_has_too_few_times_to_judge() -> None:
    known = figures()
    times = {"template_code": {"SMS_100000001": known[LAST].latency["template_code"]["SMS_100000001"]}}
    known[LAST] = replace(known[LAST], latency=times)
    found = check_day(known, LAST, CheckLimits(max_latency_p95=60, by=["template_code"]))
    (group,) = [each for each in found.groups if each.group.value == "SMS_100000002"]
    assert group.rules[0].reason == "0 messages are fewer than min_messages=500"


def test_the_error_names_the_worst_three() -> None:
    def bad(day: Day) -> None:
        day.drop = {"SMS_100000001": 0.1, "SMS_100000002": 0.4, "SMS_100000003": 0.2, "SMS_100000004": 0.3}

    found = check_day(figures(incidents={LAST: bad}), LAST, CheckLimits(max_drop=0.02, by=["template_code"]))
    assert [sentence[15:28] for sentence in found.sentences] == ["SMS_100000002", "SMS_100000004", "SMS_100000003"]
    assert found.summary == "1 good, 5 bad, 1 not judged"


def test_the_result_lists_figures_bounds_and_verdicts_and_is_json() -> None:
    known = figures(incidents=dropped("SMS_100000003", 0.2))
    found = check_day(known, LAST, CheckLimits(max_drop=0.02, max_latency_p95=60, by=["template_code"])).as_dict()
    assert json.loads(json.dumps(found)) == found
    assert (found["send_date"], found["is_good"], found["groups_left_out"]) == (str(LAST), False, 0)
    assert 8 < found["age_hours"] < 10
    (bad,) = [each for each in found["groups"] if each["value"] == "SMS_100000003"]
    drop, latency = bad["rules"]
    assert (drop["rule"], drop["verdict"], latency["rule"], latency["verdict"]) == (
        *("max_drop", "bad"),
        *("max_latency_p95", "good"),
    )
    assert drop["value"] < drop["bound"] < drop["usual"]
    assert len(drop["days"]) == 4
    assert bad["sent"] == bad["delivered"] + bad["failed"] + bad["waiting"] + bad["expired"]


def test_a_day_with_very_many_templates_has_a_result_of_bounded_size() -> None:
    known = figures()
    latest = known[LAST].latest
    assert latest is not None
    many = {f"SMS_{place:06}": latest.counts for place in range(5_000)}
    known[LAST] = replace(known[LAST], latest=replace(latest, groups={"template_code": many}))
    found = check_day(known, LAST, CheckLimits(min_delivery_rate=0.5, by=["template_code"])).as_dict()
    assert (len(found["groups"]), found["groups_left_out"]) == (MAX_GROUPS, 4_951)


def test_a_day_that_was_not_audited_is_an_error() -> None:
    with pytest.raises(DysmsIncomplete, match="2026-11-27 has not been audited"):
        check_day({}, LAST, CheckLimits(max_drop=0.02))
    problem = {LAST: DayFigures(LAST, "unsettled", problem="has a manifest that is damaged")}
    with pytest.raises(DysmsIncomplete, match="is damaged"):
        check_day(problem, LAST, CheckLimits(max_drop=0.02))


def test_the_more_is_judged_the_more_a_single_group_must_fall() -> None:
    known = figures()
    one = check_day(known, LAST, CheckLimits(max_drop=0.02)).groups[0].rules[0]
    many = check_day(known, LAST, CheckLimits(max_drop=0.02, by=BY, min_messages=100)).groups[0].rules[0]
    assert one.bound is not None
    assert many.bound is not None
    assert many.bound < one.bound
