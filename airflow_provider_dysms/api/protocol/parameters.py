"""Checks the arguments of API actions before a request is sent, and converts them to the form the API takes.

An error names the argument and never quotes its value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from airflow_provider_dysms.model.dates import wire_day
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.validation import text, whole_number

#: Maximum number of records per page.
MAX_PAGE_SIZE = 50

#: Phone numbers per SendSms request.
MAX_NUMBERS = 1000

_BRACKETS = "【】[]［］"
_NUMBER = re.compile(r"[0-9]{5,20}")
_WRITTEN_NUMBER = re.compile(r"\+?[0-9]{5,20}")
_SENDER = re.compile(r"[A-Za-z0-9]{1,11}|[0-9]{1,15}")


def number(argument: str, value: object) -> str:
    """Check a phone number of a query: digits only."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return value
    raise DysmsInputError(
        argument, "must be digits only: 11 of them for the Chinese mainland, else country code and number without '+'"
    )


def recipient(argument: str, value: object) -> str:
    """Check a phone number of a send: digits, which may follow a ``+``."""
    if isinstance(value, str) and _WRITTEN_NUMBER.fullmatch(value):
        return value
    raise DysmsInputError(argument, "must be a phone number: digits only, after '+' and the country code if needed")


def sender(argument: str, value: object) -> str:
    """Check the sender id of an international message."""
    if isinstance(value, str) and _SENDER.fullmatch(value):
        return value
    raise DysmsInputError(argument, "must be up to 11 letters and digits, or up to 15 digits")


def recipients(argument: str, values: object) -> str:
    """Check the phone numbers of one request, and join them with commas."""
    if isinstance(values, str):
        values = [values]
    if not isinstance(values, Sequence):
        raise DysmsInputError(argument, f"must be a list of phone numbers, not {type(values).__name__}")
    if not 1 <= len(values) <= MAX_NUMBERS:
        raise DysmsInputError(
            argument, f"has {len(values)} phone numbers, but one request takes 1 to {MAX_NUMBERS}; split them"
        )
    return ",".join([recipient(argument, value) for value in values])


def wire_date(argument: str, value: object) -> str:
    """Check a Beijing day, and convert it to the form ``20250601``."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return wire_day(value)
    raise DysmsInputError(argument, f"must be a date, not {type(value).__name__}")


def page_number(argument: str, value: object) -> str:
    """Check a page number, from 1."""
    return whole_number(argument, value, "the first page is 1", 1, 2**31)


def page_size(argument: str, value: object) -> str:
    """Check a page size, 1 to 50."""
    return whole_number(argument, value, "records per page", 1, MAX_PAGE_SIZE)


def sign_name(argument: str, value: object) -> str:
    """Check a signature: the registered name without brackets, which the service adds itself."""
    name = text(argument, value, 255)
    if name != name.strip():
        raise DysmsInputError(argument, "begins or ends with a blank; write only the registered name")
    if name[0] in _BRACKETS or name[-1] in _BRACKETS:
        raise DysmsInputError(argument, "is written in brackets; write only the registered name, the service adds them")
    return name


def template_param(argument: str, value: object) -> str:
    """Check the variables of a template, a mapping or a JSON object as text; return them as JSON."""
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
        # The cause would quote the values, which may be login codes.
        raise DysmsInputError(argument, problem) from None
    return text(argument, written)
