"""Counts the false alarms of the delivery check, and how many bad days it finds.

The days are simulated (`tests/support/simulated_archive.py`): seven templates and countries of 120 to 22,000 messages,
weekdays that differ, receipts that are late, and a delivered share that differs from day to day by more than the noise
of counting. Each day is judged at the age of one of its audits, 9 to 81 hours after its end, with every template,
country and signature. `make bench-check` runs it.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from support.simulated_archive import AGES, GROUPS, Day, SimulatedArchive

from airflow_provider_dysms.archive.figures.day_figures import DayFigures, figures_of
from airflow_provider_dysms.delivery_check.check_day import DayVerdict, check_day
from airflow_provider_dysms.delivery_check.limits import CheckLimits
from airflow_provider_dysms.storage.audited_days.audited_day import judge_manifest

#: The limits that a user would set.
LIMITS = CheckLimits(max_drop=0.02, by=("template_code", "country", "sign_name"), min_messages=500)

#: What the drop is, and the messages of the smallest template that has it.
DROP, MIN_MESSAGES = 0.05, 2_000

FIRST = date(2025, 1, 6)
WARM_UP = 28


def figures(archive: SimulatedArchive, days: list[date]) -> dict[date, DayFigures]:
    """Return the figures of days, with every audit of each."""
    now = datetime(2099, 1, 1, tzinfo=UTC)
    return {
        day: figures_of(judge_manifest(day, manifest, "", now)) for day, manifest in archive.manifests(days, now=now)
    }


def judge(known: dict[date, DayFigures], day: DayFigures, age: int) -> DayVerdict:
    """Judge a day as it was known at an age; of the days before it, only audits of the same age are looked at."""
    audits = day.audits
    place = min(range(len(audits)), key=lambda each: abs(audits[each].age - timedelta(hours=age)))
    young = replace(day, latest=audits[place], earlier=audits[:place])
    return check_day({**known, day.day: young}, day.day, LIMITS)


def run(days: int, drops: int, spread: float, seed: int) -> tuple[int, int, int, int]:
    """Return the number of usual days that failed, of bad days that were found, of young ones, and of groups judged."""
    span = [FIRST + timedelta(days=place) for place in range(WARM_UP + days)]
    archive = SimulatedArchive(seed=seed, spread=spread)
    known = figures(archive, span)
    ages = list(AGES)
    alarms = judged = 0
    for place, day in enumerate(span[WARM_UP:]):
        verdict = judge(known, known[day], ages[place % len(ages)])
        alarms += not verdict.is_good
        judged += sum(rule.verdict != "not judged" for each in verdict.groups for rule in each.rules)
    rng = random.Random(seed)
    found = found_young = 0
    for place in range(drops):
        day = span[WARM_UP + rng.randrange(days)]
        template = rng.choice([group.template for group in GROUPS if group.volume > MIN_MESSAGES])

        def lose(shape: Day, template: str = template) -> None:
            shape.drop[template] = DROP
            shape.volume = max(shape.volume, 0.8)

        (bad,) = figures(replace(archive, incidents={day: lose}), [day]).values()
        age = ages[place % len(ages)]
        verdict = judge(known, bad, age)
        is_found = any(each.verdict == "bad" and each.group.value == template for each in verdict.groups)
        found += is_found
        found_young += is_found and age == ages[0]
    return alarms, found, found_young, judged


def main() -> None:
    """Print what the check found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=500, help="usual days")
    parser.add_argument("--drops", type=int, default=100, help="days on which one template delivers 5 points less")
    parser.add_argument("--spread", type=float, default=0.004, help="day-to-day deviation of a delivered share")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    began = time.perf_counter()
    alarms, found, young, judged = run(args.days, args.drops, args.spread, args.seed)
    comparisons = judged / args.days
    counting = 0.95 * 0.05
    for volume in (max(group.volume for group in GROUPS), MIN_MESSAGES):
        ratio = 1 + args.spread**2 / (counting / volume)
        print(f"overdispersion of a template with {volume:>6,} messages: {ratio:5.1f} times the variance of counting")
    print(f"usual days: {args.days}, {comparisons:.1f} groups judged on each, at {', '.join(map(str, AGES))} h")
    print(f"false alarms: {alarms} days, {alarms / args.days:.2%} of the days, all groups together")
    print(f"days with a drop of 5 points in one template of {MIN_MESSAGES:,} or more messages: {args.drops}")
    print(f"found, and the right template named: {found} days, {found / args.drops:.1%}")
    print(f"of them audited {min(AGES)} h after their end: {young} of {-(-args.drops // len(AGES))}")
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
