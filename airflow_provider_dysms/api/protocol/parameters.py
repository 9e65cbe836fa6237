"""Checks of arguments before anything is asked; an error names the argument and never repeats its value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from airflow_provider_dysms.model.dates import wire_day
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.validation import text, whole_number

#: Longest page that the API gives.
MAX_PAGE_SIZE = 50

#: Most numbers of one SendSms.
MAX_NUMBERS = 1000


_BRACKETS = "【】[]［］"
_NUMBER = re.compile(r"[0-9]{5,20}")
_WRITTEN_NUMBER = re.compile(r"\+?[0-9]{5,20}")
_SENDER = re.compile(r"[A-Za-z0-9]{1,11}|[0-9]{1,15}")


def number(argument: str, value: object) -> str:
    """Check a phone number as the queries take it: digits only."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return value
    raise DysmsInputError(
        argument, "must be digits only: 11 of them for the Chinese mainland, else country code and number without '+'"
    )


def recipient(argument: str, value: object) -> str:
    """Check a phone number as the sends take it: digits, perhaps after a ``+``."""
    if isinstance(value, str) and _WRITTEN_NUMBER.fullmatch(value):
        return value
    raise DysmsInputError(argument, "must be a phone number: digits only, '+' and the country code may go before")


def sender(argument: str, value: object) -> str:
    """Check what is shown as the sender of an international message."""
    if isinstance(value, str) and _SENDER.fullmatch(value):
        return value
    raise DysmsInputError(argument, "must be up to 11 letters and digits, or up to 15 digits")


def recipients(argument: str, values: object) -> str:
    """Check the numbers of one request, and join them as the API takes them."""
    if isinstance(values, str):
        values = [values]
    if not isinstance(values, Sequence):
        raise DysmsInputError(argument, f"must be a list of phone numbers, not {type(values).__name__}")
    if not 1 <= len(values) <= MAX_NUMBERS:
        raise DysmsInputError(
            argument, f"has {len(values)} numbers; one request takes 1 to {MAX_NUMBERS}, make several"
        )
    return ",".join([recipient(argument, value) for value in values])


def wire_date(argument: str, value: object) -> str:
    """Check a Beijing day, and write it as the API takes it."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return wire_day(value)
    raise DysmsInputError(argument, f"must be a date, not {type(value).__name__}")


def page_number(argument: str, value: object) -> str:
    """Check the number of a page: from 1."""
    return whole_number(argument, value, "the first page is 1", 1, 2**31)


def page_size(argument: str, value: object) -> str:
    """Check the size of a page: 1 to 50."""
    return whole_number(argument, value, "records a page", 1, MAX_PAGE_SIZE)


def sign_name(argument: str, value: object) -> str:
    """Check a signature: the registered name alone, which the service puts into brackets itself."""
    name = text(argument, value, 255)
    if name != name.strip():
        raise DysmsInputError(argument, "begins or ends with a blank; write the registered name alone")
    if name[0] in _BRACKETS or name[-1] in _BRACKETS:
        raise DysmsInputError(argument, "stands in brackets; write the registered name alone, the service adds them")
    return name


def template_param(argument: str, value: object) -> str:
    """Check the variables of a template: a mapping, or a JSON object as text; written as JSON."""
    problem = "must be a mapping of names to values, or a JSON object as text"
    try:
        variables = json.loads(value) if isinstance(value, str) else value
        if not isinstance(variables, Mapping) or not all(isinstance(name, str) for name in variables):
            raise DysmsInputError(argument, problem)
        if isinstance(value, str):
            return text(argument, value)
        written = json.dumps(dict(variables), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except DysmsInputError:
        raise
    except (ValueError, TypeError, RecursionError):
        # The cause would quote the values, and they are codes that people log in with.
        raise DysmsInputError(argument, problem) from None
    return text(argument, written)
