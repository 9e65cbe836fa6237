"""Checks of arguments before anything is asked; an error names the argument and never repeats its value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from airflow_provider_dysms.api.choices import EXTENSIONS
from airflow_provider_dysms.api.dates import wire_day
from airflow_provider_dysms.api.errors import DysmsInputError, shown

#: Longest page that the API gives.
MAX_PAGE_SIZE = 50

#: Most numbers of one SendSms.
MAX_NUMBERS = 1000

#: Shorter secrets can be guessed, and eleven digits behind a guessed key are not a secret.
MIN_SECRET_LENGTH = 16

#: What templates, programs and databases write for no id.
NO_IDS = frozenset({"none", "null", "nan", "\\n"})

#: A share of everything, in thousandths of a percent: 95 % of 20 are 19, and no float says 19.000000000000004.
ALL = 100_000

_BRACKETS = "【】[]［］"
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?) ?%")
_NUMBER = re.compile(r"[0-9]{5,20}")
_WRITTEN_NUMBER = re.compile(r"\+?[0-9]{5,20}")
_ID = re.compile(r"[!-~]{1,255}")
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


def whole_number(argument: str, value: object, meaning: str, lowest: int, highest: int) -> str:
    """Check a whole number, and write it as text."""
    if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
        return str(value)
    raise DysmsInputError(argument, f"must be a whole number from {lowest} to {highest} ({meaning})")


def one_of(argument: str, value: object, choices: tuple[object, ...]) -> str:
    """Check one of a few values, and write it as text."""
    if not isinstance(value, bool) and value in choices:
        return str(value)
    raise DysmsInputError(argument, f"must be one of {', '.join(map(repr, choices))}")


def given_id(argument: str, value: object) -> str:
    """Check an id that the service gave."""
    if isinstance(value, str) and _ID.fullmatch(value):
        if value.lower() in NO_IDS:
            raise DysmsInputError(argument, f"is {value!r}, the word for no id: what it came from gave nothing")
        return value
    raise DysmsInputError(argument, "must be an id as the service returned it: text, without blanks")


def text(argument: str, value: object, longest: int | None = None) -> str:
    """Check a text that is sent as it stands."""
    if not isinstance(value, str):
        raise DysmsInputError(argument, f"must be text, not {type(value).__name__}")
    if not value.strip():
        raise DysmsInputError(argument, "is empty")
    if longest is not None and len(value) > longest:
        raise DysmsInputError(argument, f"has {len(value)} characters, {longest} are the most")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise DysmsInputError(argument, "has half a character (a lone surrogate); decode it properly") from None
    return value


def sign_name(argument: str, value: object) -> str:
    """Check a signature: the registered name alone, which the service puts into brackets itself."""
    name = text(argument, value, 255)
    if name != name.strip():
        raise DysmsInputError(argument, "begins or ends with a blank; write the registered name alone")
    if name[0] in _BRACKETS or name[-1] in _BRACKETS:
        raise DysmsInputError(argument, "stands in brackets; write the registered name alone, the service adds them")
    return name


def wait_for(argument: str, value: object) -> tuple[int | None, int | None]:
    """Check how many messages must arrive: ``"all"``, ``"any"``, a number, or a share such as ``"95%"``.

    :returns: a number of messages and ``None``, or ``None`` and a share in thousandths of a percent
    """
    needed = share = None
    if isinstance(value, int) and not isinstance(value, bool):
        needed = value
    elif isinstance(value, str):
        text = value.strip().lower()
        if text in ("all", "any"):
            needed, share = (1, None) if text == "any" else (None, ALL)
        elif percent := _PERCENT.fullmatch(text):
            share = round(float(percent[1]) * 1000)
        elif text.isascii() and text.isdigit() and len(text) < 10:  # what a template leaves of a number
            needed = int(text)
    if (needed is None or needed < 1) and (share is None or not 0 < share <= ALL):
        raise DysmsInputError(
            argument, f"is 'all', 'any', a number of messages from 1, or a share such as '95%', not {shown(value)}"
        )
    return needed, share


def word(argument: str, value: object, words: Sequence[str]) -> None:
    """Check one of a few words; the error names the nearest."""
    if isinstance(value, str) and value in words:
        return
    import difflib

    near = difflib.get_close_matches(str(value)[:40].strip().lower(), [each.lower() for each in words], n=1)
    meant = [each for each in words if each.lower() in near]
    hint = f"; did you mean {meant[0]!r}?" if meant else ""
    raise DysmsInputError(argument, f"must be one of {', '.join(words)}, not {shown(value)}{hint}")


def file_format(argument: str, value: object) -> None:
    """Check the format of an output file."""
    word(argument, value, list(dict.fromkeys(name for name, _ in EXTENSIONS)))


def compression(file_format: object, value: object) -> None:
    """Check the compression of an output file of a format."""
    compressions = [taken for name, taken in EXTENSIONS if name == file_format]
    if value not in compressions:
        raise DysmsInputError(
            "compression",
            f"is {shown(value)}; for {file_format} take one of {', '.join(map(repr, compressions))}",
        )


def csv_safe(file_format: object, value: object) -> None:
    """Check whether texts are written for spreadsheets, which CSV alone needs."""
    if not isinstance(value, bool):
        raise DysmsInputError("csv_safe", f"must be True or False, not {shown(value)}")
    if value and file_format != "csv":
        raise DysmsInputError(
            "csv_safe", f"is for file_format='csv'; leave it out, {file_format} says itself what is text"
        )


def privacy_secret(argument: str, value: str) -> str:
    """Check a secret under which numbers are hashed: one that cannot be guessed."""
    if len(value) < MIN_SECRET_LENGTH:
        raise DysmsInputError(argument, f"is shorter than {MIN_SECRET_LENGTH} characters, and could be guessed")
    return value


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
