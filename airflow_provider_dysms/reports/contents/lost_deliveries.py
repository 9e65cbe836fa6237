"""Explains a day that delivered less than usual: by a template, a country, the carriers, or late receipts."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Literal, NamedTuple

from airflow_provider_dysms.delivery_check.baseline import baselines, delivered_of
from airflow_provider_dysms.model.choices import OTHERS
from airflow_provider_dysms.reports.contents.usual import failed_by_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_dysms.archive.figures.audit_figures import AuditFigures
    from airflow_provider_dysms.delivery_check.baseline import Baseline, EqualAge
    from airflow_provider_dysms.model.choices import Dimension

#: Messages of a group and a day below which nothing is said about it.
MIN_MESSAGES = 200

#: A share is a finding if it is below the usual one by this much, for all messages and for a template or country.
MIN_DROP, MIN_GROUP_DROP = 0.02, 0.04

#: The probability with which a day without a cause is named, all groups together.
_ERROR = 0.005

#: A cause explains a drop if it has this share of the lost deliveries.
_EXPLAINS = 0.5

#: Entries that are not one template or country, and so are not named as what is wrong.
_NAMELESS = ("", OTHERS)

_DIMENSIONS: tuple[Dimension, ...] = ("template_code", "country")


class LostDeliveries(NamedTuple):
    """A reason why a day delivered less than usual.

    :param kind: the kind of reason
    :param subject: template, country or fault
    :param value: the share: delivered ones, or for a fault and waiting messages those
    :param usual: what is usual
    :param messages: deliveries that are missing
    """

    kind: Literal["template", "country", "fault", "waiting", "delivery"]
    subject: str
    value: float
    usual: float
    messages: int


def lost_deliveries(audit: AuditFigures, audits: EqualAge) -> list[LostDeliveries]:
    """Return the reasons for a day's lost deliveries; nothing if it delivered as usual, or cannot be compared.

    :param audit: of the day
    :param audits: what it is compared with
    """
    groups: list[tuple[Dimension | None, str]] = [(None, "")]
    for dimension in _DIMENSIONS:
        found = audit.groups.get(dimension) or {}
        groups += [
            (dimension, name)
            for name, counts in found.items()
            if counts.recorded >= MIN_MESSAGES and name not in _NAMELESS
        ]
    usual = baselines(audits, [delivered_of(*group) for group in groups], MIN_MESSAGES // 4)
    drops = {
        group: drop
        for group, baseline in zip(groups, usual, strict=True)
        if baseline and (drop := _drop(audit, *group, baseline, _ERROR / len(groups)))
    }
    if not drops:
        return []
    lost = max(drop.messages for drop in drops.values())
    if cause := _cause(audit, audits, lost):
        return [cause]
    for dimension in _DIMENSIONS:
        named = [drop for (each, _), drop in drops.items() if each == dimension]
        if named and sum(drop.messages for drop in named) >= _EXPLAINS * lost and _is_narrow(audit, dimension, named):
            return sorted(named, key=lambda drop: -drop.messages)
    return [drops[None, ""]] if (None, "") in drops else sorted(drops.values(), key=lambda drop: -drop.messages)


def _drop(
    audit: AuditFigures, dimension: Dimension | None, value: str, baseline: Baseline, error: float
) -> LostDeliveries | None:
    counts = audit.group(dimension, value)
    if not counts or not counts.recorded:
        return None
    share = counts.delivered / counts.recorded
    drop = baseline.share - share
    if drop < (MIN_GROUP_DROP if dimension else MIN_DROP):
        return None
    if not baseline.is_below(counts.delivered, counts.recorded, error):
        return None
    kinds: dict[Dimension, Literal["template", "country"]] = {"template_code": "template", "country": "country"}
    kind = kinds[dimension] if dimension else "delivery"
    return LostDeliveries(kind, value, share, baseline.share, round(drop * counts.recorded))


def _is_narrow(audit: AuditFigures, dimension: Dimension, named: list[LostDeliveries]) -> bool:
    """Return whether the named groups are few: if all are worse than usual, the groups are not what is wrong."""
    groups = audit.groups[dimension]
    large = [name for name, counts in groups.items() if counts.recorded >= MIN_MESSAGES]
    return len(named) <= max(1, len(large) / 2) and len(large) > 1


def _cause(audit: AuditFigures, audits: EqualAge, lost: int) -> LostDeliveries | None:
    """Return carriers, or late receipts, if they explain the lost deliveries."""
    shares: list[tuple[Literal["fault", "waiting"], str, Callable[[AuditFigures], int | None]]] = [
        ("fault", "carrier", lambda each: _count(failed_by_fault(each), "carrier")),
        ("waiting", "", lambda each: each.counts.without_receipt),
    ]
    for kind, subject, count_of in shares:
        before = [
            count / each.audit.counts.recorded
            for each in audits.same
            if (count := count_of(each.audit)) is not None and each.audit.counts.recorded
        ]
        count = count_of(audit)
        if count is None or not before:
            continue
        excess = count - fmean(before) * audit.counts.recorded
        if excess >= _EXPLAINS * lost:
            return LostDeliveries(kind, subject, count / audit.counts.recorded, fmean(before), round(excess))
    return None


def _count(counts: Mapping[str, int] | None, name: str) -> int | None:
    return None if counts is None else counts.get(name, 0)
