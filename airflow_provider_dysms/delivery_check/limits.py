"""The limits of a check, and whether they make sense: a wrong one fails before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.choices import Dimension
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import safe_repr

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MIN_MESSAGES = 500
WEEKS = 4
MAX_WEEKS = 12
FALSE_ALARM_RATE = 0.003

#: The limits, of which a check needs at least one.
LIMITS = ("min_delivery_rate", "max_drop", "max_missing_rate", "max_waiting_rate", "max_latency_p95")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLimits:
    """The limits that a day must keep to.

    :param min_delivery_rate: lowest delivered share of the messages whose outcome is known, from 0 to 1
    :param max_drop: by how much the delivered share may be below that of the same weekdays at equal age: 0.03 is three
        percentage points
    :param max_missing_rate: highest share of messages without a record
    :param max_waiting_rate: highest share of messages without a receipt
    :param max_latency_p95: seconds within which 95 % of the delivered messages must have arrived
    :param by: what is judged in addition to all messages: each ``template_code``, ``country`` or ``sign_name``
    :param min_messages: groups with fewer messages are not judged
    :param weeks: weeks of the baseline
    :param false_alarm_rate: the probability with which a usual day fails, all groups and limits together
    """

    min_delivery_rate: float | None = None
    max_drop: float | None = None
    max_missing_rate: float | None = None
    max_waiting_rate: float | None = None
    max_latency_p95: float | None = None
    by: Sequence[Dimension] = ()
    min_messages: int = MIN_MESSAGES
    weeks: int = WEEKS
    false_alarm_rate: float = FALSE_ALARM_RATE

    def __post_init__(self) -> None:
        for name, check in CHECKS.items():
            check(name, getattr(self, name))
        check_any_limit(self)

    @property
    def set_limits(self) -> dict[str, float]:
        """Name -> value of the limits that are set."""
        return {name: value for name in LIMITS if (value := getattr(self, name)) is not None}


def check_any_limit(limits: object) -> None:
    """Check that there is at least one limit.

    :param limits: has the limits as attributes
    :raises DysmsInputError: there is none
    """
    if all(getattr(limits, name) is None for name in LIMITS):
        raise DysmsInputError(LIMITS[0], f"is not set, nor is another limit; set one of {', '.join(LIMITS)}")


def check_dimensions(argument: str, value: Any) -> None:
    """Check ``by``: a list of dimensions, each once.

    :raises DysmsInputError: it is not
    """
    if isinstance(value, str) or not isinstance(value, (list, tuple)):
        raise DysmsInputError(argument, f"must be a list of {', '.join(get_args(Dimension))}, not {safe_repr(value)}")
    for each in value:
        validation.word(argument, each, get_args(Dimension))
    if len(set(value)) != len(value):
        raise DysmsInputError(argument, "names something twice")


def _number(low: float, high: float, what: str, *, is_optional: bool = True) -> Callable[[str, Any], None]:
    def check(argument: str, value: Any) -> None:
        if value is None and is_optional:
            return
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not low < value <= high:
            raise DysmsInputError(
                argument, f"must be {what} above {low:g} and at most {high:g}, not {safe_repr(value)}"
            )

    return check


_share = _number(0, 1, "a share, such as 0.05 for 5 %,")

#: Argument -> its check.
CHECKS: dict[str, Callable[[str, Any], object]] = {
    "min_delivery_rate": _share,
    "max_drop": _share,
    "max_missing_rate": _share,
    "max_waiting_rate": _share,
    "max_latency_p95": _number(0, 72 * 3600, "a number of seconds"),
    "by": check_dimensions,
    "min_messages": lambda name, value: validation.whole_number(name, value, "messages of a group", 1, 1_000_000_000),
    "weeks": lambda name, value: validation.whole_number(name, value, "weeks of the baseline", 2, MAX_WEEKS),
    "false_alarm_rate": _number(0, 0.5, "a probability", is_optional=False),
}
