"""The rules of a suppression list: after what a number is stopped, for which types of messages, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import safe_repr
from airflow_provider_dysms.model.validation import whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Types of templates that have lists of their own: one-time codes, notices and promotions.
TEMPLATE_TYPES = ("code", "notice", "promotion")

#: The type of messages whose template is in no mapping; no send has it.
UNKNOWN_TYPE = "unknown"

INVALID = "invalid_number"
BLACKLIST = "blacklist"
UNREACHABLE = "unreachable"
MANY_IN_AN_HOUR = "many_in_an_hour"
PREFIX_UNDELIVERED = "prefix_undelivered"

#: Category of a failure -> reason to stop the number.
REASON_OF_CATEGORY: Mapping[str, str] = {
    "invalid_number": INVALID,
    "blacklist": BLACKLIST,
    "unreachable": UNREACHABLE,
    "number_abnormal": UNREACHABLE,
}

#: Reason -> the types that it stops. A blacklist stops only the type that it has refused. Somebody who asks for a
#: one-time code has a phone that is on, so an unreachable number still gets one.
TYPES_OF_REASON: Mapping[str, tuple[str, ...]] = {INVALID: TEMPLATE_TYPES, UNREACHABLE: ("notice", "promotion")}

#: Digits at the end of a number that its prefix leaves out.
PREFIX_TAIL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionRules:
    """Thresholds of a suppression list, each a whole number unless it says otherwise.

    :param invalid_after: failures as an invalid number after which it is stopped
    :param blacklist_after: failures by a blacklist after which it is stopped for their type
    :param unreachable_after: failures as unreachable or abnormal, without a delivery since the first of them
    :param unreachable_days: distinct Beijing days on which these must lie: switched off for one evening is not enough
    :param invalid_days: days after the last failure for which an invalid number is stopped
    :param blacklist_days: the same for a blacklist
    :param unreachable_expiry_days: the same for an unreachable number
    :param max_codes_per_hour: one-time codes to one number within 60 minutes; more are pumping
    :param prefix_min_messages: one-time codes to a prefix below which it is not judged
    :param prefix_min_numbers: numbers of a prefix below which it is not judged
    :param prefix_max_delivery_rate: share of delivered codes, at or below which a prefix is pumping
    :param pumping_days: days after the last message for which pumping is stopped
    """

    invalid_after: int = 1
    blacklist_after: int = 1
    unreachable_after: int = 5
    unreachable_days: int = 3
    invalid_days: int = 90
    blacklist_days: int = 365
    unreachable_expiry_days: int = 30
    max_codes_per_hour: int = 10
    prefix_min_messages: int = 50
    prefix_min_numbers: int = 10
    prefix_max_delivery_rate: float = 0.3
    pumping_days: int = 7

    def after(self, reason: str) -> int:
        """Return the failures after which a number is stopped."""
        return {
            INVALID: self.invalid_after,
            BLACKLIST: self.blacklist_after,
            UNREACHABLE: self.unreachable_after,
        }[reason]

    def expiry_days(self, reason: str) -> int:
        """Return the days after the last event for which a number is stopped."""
        days = {
            INVALID: self.invalid_days,
            BLACKLIST: self.blacklist_days,
            UNREACHABLE: self.unreachable_expiry_days,
        }
        return days.get(reason, self.pumping_days)


#: Days of an archive that are read at most.
MAX_DAYS = 366

#: Largest threshold.
MAX_THRESHOLD = 1_000_000

THRESHOLDS = tuple(field.name for field in fields(SuppressionRules))


def check_threshold(argument: str, value: Any) -> None:
    """Check one of the thresholds.

    :raises DysmsInputError: it is not a number in its bounds
    """
    if argument == "prefix_max_delivery_rate":
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise DysmsInputError(argument, f"must be a share from 0 to 1, not {safe_repr(value)}")
        return
    whole_number(argument, value, "a threshold", 1, MAX_THRESHOLD)


def check_days(argument: str, value: Any) -> None:
    """Check how many days of an archive are read.

    :raises DysmsInputError: it is not a whole number, or too large
    """
    whole_number(argument, value, "days", 1, MAX_DAYS)


def check_template_types(argument: str, value: Any) -> None:
    """Check the types of templates.

    :raises DysmsInputError: it is not a mapping of template codes to known types
    """
    if not isinstance(value, dict) or not all(isinstance(code, str) for code in value):
        raise DysmsInputError(argument, f"must map template codes to their types, not {safe_repr(value)}")
    for code, kind in value.items():
        if kind not in TEMPLATE_TYPES:
            named = safe_repr(code) if code else "messages without a template"
            raise DysmsInputError(argument, f"gives {named} a type that is not one of {', '.join(TEMPLATE_TYPES)}")
