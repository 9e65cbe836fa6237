"""Manifests of many days with figures that vary as real ones do, and with incidents whose truth is known.

Each day is audited at 9, 33, 57 and 81 hours after its end, and its manifest has the snapshots of the audits before the
latest. The share that is delivered differs from day to day by more than the noise of counting.
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Any

from airflow_provider_dysms.audit.latency_buckets import bucket_of, in_order
from airflow_provider_dysms.model.dates import day_start, iso_utc
from airflow_provider_dysms.storage.audited_days.snapshots import snapshots_after

#: Hours after the end of a day at which it is audited, and the share of its messages that wait then.
AGES = {9: 0.022, 33: 0.011, 57: 0.005, 81: 0.0}

#: Parts into which the messages of a group are put, by their delivery time.
_STEPS = 200

#: Category -> share of the failures.
CATEGORIES = {"unreachable": 0.52, "invalid_number": 0.2, "blacklist": 0.1, "number_abnormal": 0.09, "network": 0.05}
CATEGORIES["content_rejected"] = 0.04

FAULTS = {"network": "carrier", "content_rejected": "sender"}
CODES = {"unreachable": "MI:0024", "invalid_number": "MK:0001", "blacklist": "DB:0141", "number_abnormal": "MK:0005"}
CODES |= {"network": "MC:0055", "content_rejected": "REJECT"}


@dataclass(frozen=True)
class Group:
    """Messages with one template and one country.

    :param volume: messages of a usual day
    :param share: share that is delivered in the end
    """

    template: str
    country: str
    volume: int
    share: float


@dataclass
class Day:
    """The shape of a day; incidents change it before it is counted.

    :param volume: factor of the number of messages
    :param drop: template or country -> what its delivered share loses
    :param category: category of the deliveries that are lost, or ``waiting``
    """

    volume: float = 1.0
    drop: dict[str, float] = field(default_factory=dict)
    category: str = "content_rejected"


GROUPS = (
    Group("SMS_100000001", "CN", 22_000, 0.965),
    Group("SMS_100000002", "CN", 9_000, 0.955),
    Group("SMS_100000003", "CN", 5_200, 0.942),
    Group("SMS_100000004", "CN", 2_400, 0.95),
    Group("", "HK", 1_300, 0.93),
    Group("", "SG", 600, 0.9),
    Group("SMS_100000009", "CN", 120, 0.9),
)


def binomial(rng: random.Random, count: int, share: float) -> int:
    """Return how many of some messages have a property of a given probability."""
    rare = min(share, 1 - share)
    if rare <= 0:
        hits = 0
    elif count * rare > 300:
        hits = min(count, max(0, round(rng.gauss(count * rare, math.sqrt(count * rare * (1 - rare))))))
    else:  # the gaps between rare ones are geometric
        hits, place, scale = 0, -1, math.log1p(-rare)
        while (place := place + 1 + int(math.log(1 - rng.random()) / scale)) < count:
            hits += 1
    return hits if share <= 0.5 else count - hits


@dataclass
class SimulatedArchive:
    """Days with figures.

    :param seed: makes the same days
    :param incidents: day -> changes what the day is like
    :param spread: standard deviation of a delivered share from day to day, beyond counting
    :param common: share of that variance that all groups have in common
    :param latest_age: age of the latest audit of a day, given the day
    """

    seed: int = 1
    groups: tuple[Group, ...] = GROUPS
    incidents: dict[date, Callable[[Day], None]] = field(default_factory=dict)
    spread: float = 0.004
    common: float = 0.3
    statistics: bool = True

    def manifests(self, days: list[date], *, now: datetime) -> Iterator[tuple[date, dict[str, Any]]]:
        """Return the manifest of each day that an audit before ``now`` has written."""
        for day in days:
            manifest: dict[str, Any] | None = None
            for result in self._results(day, now):
                manifest = {
                    "version": 1,
                    "result": result,
                    "run": self._run(result),
                    "snapshots": snapshots_after(manifest, result),
                }
            if manifest:
                yield day, manifest

    def write(self, folder: Path, days: list[date], *, now: datetime) -> None:
        """Write the manifests below an output folder."""
        (folder / "_manifests").mkdir(parents=True, exist_ok=True)
        for day, manifest in self.manifests(days, now=now):
            (folder / "_manifests" / f"send_date={day}.json").write_text(json.dumps(manifest), "utf-8")

    def _run(self, result: dict[str, Any]) -> dict[str, Any]:
        if not self.statistics:
            return {"statistics": None}
        counted = {market: {"total": round(count * 1.004)} for market, count in result["segments"].items()}
        return {"statistics": counted}

    def _results(self, day: date, now: datetime) -> Iterator[dict[str, Any]]:
        rng = random.Random(f"{self.seed} {day}")
        shape = Day(volume=(1.0, 1.02, 0.99, 1.03, 1.08, 0.8, 0.74)[day.weekday()] * rng.lognormvariate(0, 0.04))
        if incident := self.incidents.get(day):
            incident(shape)
        weather = rng.gauss(0, 1)
        final = [self._final(group, shape, weather, rng) for group in self.groups]
        receipts = [{age: rng.lognormvariate(0, 0.05) for age in AGES} for _ in self.groups]
        for age, waiting in AGES.items():
            as_of = day_start(day) + timedelta(days=1, hours=age, minutes=rng.uniform(-8, 8))
            if as_of > now:
                return
            states = [_known(counts, waiting * late[age], rng) for counts, late in zip(final, receipts, strict=True)]
            yield self._result(day, as_of, age, states, shape)

    def _final(self, group: Group, shape: Day, weather: float, rng: random.Random) -> Counter[str]:
        sent = max(1, round(group.volume * shape.volume * rng.lognormvariate(0, 0.05)))
        moved = math.sqrt(self.common) * weather + math.sqrt(1 - self.common) * rng.gauss(0, 1)
        usual = min(max(group.share + self.spread * moved, 0.01), 0.998)
        lost = shape.drop.get(group.template, 0) + shape.drop.get(group.country, 0)
        counts = Counter(delivered=binomial(rng, sent, usual))
        failed = sent - counts["delivered"]
        for name, share in CATEGORIES.items():
            counts[name] = round(failed * share)
        counts["unreachable"] += sent - counts["delivered"] - sum(counts[name] for name in CATEGORIES)
        broken = binomial(rng, counts["delivered"], min(1.0, lost / usual)) if lost else 0
        counts["delivered"] -= broken
        counts[shape.category] += broken
        return counts

    def _result(self, day: date, as_of: datetime, age: int, states: list[Counter[str]], shape: Day) -> dict[str, Any]:
        by: dict[str, dict[str, Counter[str]]] = {"template": {}, "country": {}}
        total: Counter[str] = Counter()
        categories: Counter[str] = Counter()
        latency: dict[str, dict[str, Counter[str]]] = {"by_template": {}, "by_country": {}}
        for group, counts in zip(self.groups, states, strict=True):
            found = Counter(
                {
                    "delivered": counts["delivered"],
                    "failed": sum(counts[name] for name in CATEGORIES),
                    "waiting": counts["waiting"],
                    "expired": counts["expired"],
                }
            )
            found = +found
            total += found
            categories.update({name: counts[name] for name in CATEGORIES if counts[name]})
            by["template"].setdefault(group.template, Counter()).update(found)
            by["country"].setdefault(group.country, Counter()).update(found)
            times = _times(counts["delivered"], slow=group.country != "CN")
            latency["by_template"].setdefault(group.template, Counter()).update(times)
            latency["by_country"].setdefault(group.country, Counter()).update(times)
        sent = sum(total.values())
        missing = round(sent * (0.002 if age < 72 else 0.0008))
        total["missing"] = missing
        by["country"]["CN"]["missing"] = missing
        faults: Counter[str] = Counter()
        for name, count in categories.items():
            faults[FAULTS.get(name, "recipient")] += count
        hours = Counter({f"{day}T{hour:02}": round(total["waiting"] * share / 10) for hour, share in _HOURS.items()})
        return {
            "send_date": day.isoformat(),
            "as_of": iso_utc(as_of.astimezone(UTC), "seconds"),
            "settled": age >= 72,
            "provisional": False,
            "data": f"send_date={day}/part-0.jsonl",
            "bytes": 1,
            "sha256": "x",
            "rows": sent + missing,
            "lines": sent + missing,
            "open": total["waiting"] + (missing if age < 72 else 0),
            "missing": missing,
            "unlogged": 0,
            "by_state": dict(total),
            "by_template": {name: dict(counts) for name, counts in by["template"].items()},
            "by_country": {name: dict(counts) for name, counts in by["country"].items()},
            "by_sign_name": {"示例": dict(total - Counter(missing=missing))},
            "failed_by_category": dict(categories),
            "failed_by_fault": dict(faults),
            "failed_by_code": {CODES[name]: count for name, count in categories.items()},
            "waiting_by_hour": dict(+hours),
            "latency": {
                entry: {name: in_order(counts.items()) for name, counts in found.items()}
                for entry, found in latency.items()
            },
            "delivery_seconds": {"p50": 4, "p95": 19},
            "segments": {"mainland": round(sent * 1.31), "international": 2_000},
        }


#: Tenths of the waiting messages by the hour in which they were sent.
_HOURS = {9: 1, 12: 2, 18: 3, 21: 3, 23: 1}


def _known(final: Counter[str], waiting: float, rng: random.Random) -> Counter[str]:
    """Return what is known while some of the messages still wait for their receipts."""
    counts = Counter(final)
    counts["expired"] = counts.pop("waiting", 0) if waiting == 0 else 0
    for name in ("delivered", "unreachable"):
        late = binomial(rng, counts[name], min(waiting * (1 if name == "delivered" else 3), 1))
        counts[name] -= late
        counts["waiting"] += late
    return counts


def _times(delivered: int, *, slow: bool) -> Counter[str]:
    """Return delivery times with a long tail."""
    counts: Counter[str] = Counter()
    for step, bucket in enumerate(_buckets(slow=slow)):
        counts[bucket] += delivered * (step + 1) // _STEPS - delivered * step // _STEPS
    return +counts


@cache
def _buckets(*, slow: bool) -> list[str]:
    places = [NormalDist().inv_cdf((step + 0.5) / _STEPS) for step in range(_STEPS)]
    return [bucket_of(math.ceil(math.exp(1.3 + (0.9 if slow else 0) + 0.75 * place))) for place in places]


def month_with_incidents(last: date) -> dict[date, Callable[[Day], None]]:
    """Return a bad template for three days, an outage of a carrier, and a holiday, in the weeks before a day."""

    def bad_template(day: Day) -> None:
        day.drop["SMS_100000003"] = 0.31

    def outage(day: Day) -> None:
        day.drop["CN"] = 0.14
        day.category = "network"

    def holiday(day: Day) -> None:
        day.volume *= 0.32

    days = {last - timedelta(days=back): bad_template for back in (2, 1, 0)}
    return {
        **days,
        last - timedelta(days=9): outage,
        last - timedelta(days=17): holiday,
        last - timedelta(days=16): holiday,
    }
