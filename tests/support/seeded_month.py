"""A made-up month of messages, the same on each call, and a plain reading of who is stopped after it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from random import Random

from airflow_provider_dysms.audit.verdict import Verdict
from support.known_archives import failed, verdict

#: Template -> its type.
TYPES = {"SMS_CODE": "code", "SMS_NOTICE": "notice", "SMS_PROMO": "promotion"}

#: Numbers of the month; every fourth is a bad one.
NUMBERS = [f"139{number:08}" for number in range(120)]

_CATEGORIES = ["invalid_number", "blacklist", "unreachable", "content_rejected", "network"]


def seeded_month(last: date, seed: int = 7) -> dict[date, list[Verdict]]:
    """Return the messages of thirty days, the first day first."""
    choose = Random(seed)
    month: dict[date, list[Verdict]] = {}
    for day in (last - timedelta(days=before) for before in range(29, -1, -1)):
        month[day] = []
        for second in range(60):
            number, template = choose.choice(NUMBERS), choose.choice(list(TYPES))
            is_bad = int(number[-2:]) % 4 == 0
            how = {"second": second, "template_code": template}
            if choose.random() < (0.8 if is_bad else 0.05):
                month[day].append(failed(day, number, choose.choice(_CATEGORIES), **how))
            else:
                month[day].append(verdict(day, number, **how))
    return month


def who_is_stopped(month: dict[date, list[Verdict]]) -> dict[tuple[str, str, str], int]:
    """Return number, type and reason -> failures since the last delivery, by the rules with their defaults."""
    by_number = defaultdict(list)
    for messages in month.values():
        for each in messages:
            by_number[str(each.phone_number)].append(each)
    return {
        (number, kind, reason): count
        for number, messages in by_number.items()
        for kind in TYPES.values()
        for reason in ("invalid_number", "blacklist", "unreachable")
        if (count := _failures(messages, kind, reason))
    }


def _failures(messages: list[Verdict], kind: str, reason: str) -> int:
    ours = [each for each in messages if reason != "blacklist" or TYPES[str(each.template_code)] == kind]
    ends = [place for place, each in enumerate(ours) if each.state == "delivered"]
    failures = [each for each in ours[max(ends, default=-1) + 1 :] if each.category == reason]
    if reason != "unreachable":
        return len(failures)
    days = {each.sent_at.date() for each in failures if each.sent_at}
    return len(failures) if kind != "code" and len(failures) >= 5 and len(days) >= 3 else 0
