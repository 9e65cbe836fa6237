"""The usual values of a day: the means of the same weekdays of the weeks before, at equal age."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.delivery import FAULT_OF_CATEGORY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from airflow_provider_dysms.archive.figures.audit_figures import AuditFigures
    from airflow_provider_dysms.archive.figures.equal_age import ComparedDay


@dataclass(frozen=True, slots=True)
class Measure:
    """A value of a day next to the usual one.

    :param value: of the day; ``None`` if it is not known
    :param usual: the mean of the days that it is compared with; ``None`` if there is none with a value
    :param days: the days that it is compared with
    """

    value: float | None
    usual: float | None = None
    days: tuple[date, ...] = ()

    @property
    def change(self) -> float | None:
        """The value minus the usual one."""
        return None if self.value is None or self.usual is None else self.value - self.usual

    @property
    def relative_change(self) -> float | None:
        """The change as a share of the usual value."""
        return self.change / self.usual if self.change is not None and self.usual else None


def measure(
    audit: AuditFigures, compared: Sequence[ComparedDay], value: Callable[[AuditFigures], float | None]
) -> Measure:
    """Return a value of an audit next to the usual one.

    :param compared: the days that it may be compared with, at the age of the audit
    :param value: of an audit; ``None`` if it is not known, or if there is nothing to share
    """
    known = [(other.day, found) for other in compared if (found := value(other.audit)) is not None]
    usual = fmean(found for _, found in known) if known else None
    return Measure(value(audit), usual, tuple(day for day, _ in known))


def failed_by_fault(audit: AuditFigures) -> Mapping[str, int] | None:
    """Return who caused the failures of an audit; from the categories if the manifest does not say."""
    if audit.failed_by_fault is not None or audit.failed_by_category is None:
        return audit.failed_by_fault
    faults: dict[str, int] = {}
    for category, count in audit.failed_by_category.items():
        fault = FAULT_OF_CATEGORY.get(category) or "unknown"
        faults[fault] = faults.get(fault, 0) + count
    return faults
