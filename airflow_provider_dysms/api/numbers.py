"""Phone numbers in any form that people write them in, normalised to the one form that the API takes.

The API takes mainland mobiles as eleven digits and everything else as country code and number without ``+``. A number
is never guessed and never repaired: what does not read as exactly one number is an error, whose text leaves it out.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import NoReturn

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType, ValidationResult

from airflow_provider_dysms.api.errors import DysmsInputError

#: Why a number is refused.
INVALID = "invalid_number"
NOT_A_MOBILE = "not_a_mobile"
READS_AS_MAINLAND = "reads_as_mainland"

_MAINLAND = "CN"
_MOBILE = re.compile(r"(1[3-9]\d{9})", re.ASCII)
# The 0 is the trunk prefix, dialled before numbers of other provinces. Bare, it is no sign of the mainland.
_MOBILE_WITH_CODE = re.compile(r"(?:\+|00)?860?(1[3-9]\d{9})", re.ASCII)
_MOBILE_WITH_TRUNK = re.compile(r"0?(1[3-9]\d{9})", re.ASCII)
_SHAPE = re.compile(r"\(?\+?\(?\d[\d ().-]*", re.ASCII)
_DECIMAL = re.compile(r"\d+\.\d{1,2}", re.ASCII)
_CALLING_CODE = re.compile(r"(?:\+|00)?([1-9]\d{0,2})", re.ASCII)
_EXACT_FLOAT = 2**53
_MOST_DIGITS = 15  # ITU-T E.164

# Full-width signs are what East Asian keyboards write; the invisible ones come along from address books and web pages.
_AS_ASCII = {
    **{0xFF10 + digit: str(digit) for digit in range(10)},
    **dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\u3000"), " "),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\uff0d"), "-"),
    **dict.fromkeys(map(ord, "\u200b\u200e\u200f\u202a\u202c\u202d\u2060\ufeff"), None),
    ord("\uff0b"): "+",
    ord("\uff08"): "(",
    ord("\uff09"): ")",
    ord("\uff0e"): ".",
}


class NumberError(DysmsInputError):
    """A phone number that cannot be asked for; its text does not repeat the number.

    :param reason: ``invalid_number``, ``not_a_mobile`` or ``reads_as_mainland``
    :param problem: what is wrong with it, a clause that follows the name of the argument
    """

    def __init__(self, reason: str, problem: str) -> None:
        super().__init__("phone_number", problem)
        self.reason = reason
        self.problem = problem


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A phone number as the API takes it.

    :param digits: eleven digits for a mainland mobile, else country code and number
    :param country: ISO 3166 region, ``CN`` for the mainland; ``001`` for numbers of no country
    """

    digits: str = field(repr=False)
    country: str


def parse_number(text: object, country: str | None = None, *, to_ask: bool = True) -> PhoneNumber:
    """Read a phone number.

    Bare digits are a mainland mobile if they look like one, with or without 86; else they begin with a country code.

    :param text: ``+86 139-0000-0000``, ``0086...``, ``86...`` or bare, with spaces, dashes, dots and brackets,
        ``tel:``, full-width digits; whole numbers, floats too
    :param country: where it belongs to: ISO code (``US``) or calling code (``852``, ``+852``); bare and national
        numbers are read there, and one that is written with another country's code is an error. Default: not known
    :param to_ask: whether messages are asked for by this number; then a foreign number that the API would take for a
        mainland one, and a mainland number that is no mobile, are errors as well
    :raises NumberError: it is no number, or not exactly one
    """
    if type(text) is str and len(text) == 11 and _MOBILE.fullmatch(text) and country in (None, "", _MAINLAND, "86"):
        return PhoneNumber(text, _MAINLAND)
    compact = _compact(text)
    region, calling_code = _read_country(country)
    if calling_code in (None, 86):
        bare = _MOBILE_WITH_TRUNK if calling_code else _MOBILE
        if mobile := _MOBILE_WITH_CODE.fullmatch(compact) or bare.fullmatch(compact):
            return PhoneNumber(mobile[1], _MAINLAND)
    number = _parse(compact, region)
    if calling_code is not None and number.country_code != calling_code:
        _refuse(INVALID, "is written with the code of another country than its line names")
    if number.country_code == 86 and to_ask:
        _refuse(NOT_A_MOBILE, "is a mainland number, and not one of a mobile")
    digits = _e164(number)
    if to_ask and _MOBILE.fullmatch(digits):
        _refuse(
            READS_AS_MAINLAND,
            "is foreign, and the API would read its digits as a mainland mobile; ask by its message id",
        )
    return PhoneNumber(digits, _region_of(number, region))


def country_of(digits: str) -> str | None:
    """Return the region of an international number in the API's form, ``None`` where it is not to be had."""
    try:
        return _region_of(phonenumbers.parse("+" + digits, None), None)
    except phonenumbers.NumberParseException:
        return None


def same_number(asked: str, answered: str) -> bool:
    """Say whether an answer is about the number that was asked for.

    The form of numbers in answers is not documented: they may carry a country code or ``+``, or be masked. So the last
    digits that both have are compared, ``*`` matches any, and fewer than seven are no comparison; nor is a mask that
    leaves fewer than four digits to see.
    """
    if asked == answered:
        return True
    pairs = list(zip(reversed(_significant(asked)), reversed(_significant(answered)), strict=False))
    seen = sum("*" not in pair for pair in pairs)
    return len(pairs) >= 7 and seen >= 4 and all(ours == theirs or "*" in (ours, theirs) for ours, theirs in pairs)


def _significant(number: str) -> str:
    return "".join(character for character in number if character in "0123456789*")


def _compact(text: object) -> str:
    """Return the digits of a number, after a ``+`` where it has one; refuse everything that is more or less."""
    written = _written(text).translate(_AS_ASCII).strip()
    if written[:4].lower() == "tel:":
        written = written[4:].lstrip()
    whole, _, fraction = written.partition(".")
    if fraction == "0" and whole.isdigit():
        written = whole
    elif _DECIMAL.fullmatch(written):
        _refuse(INVALID, "is a decimal number; write it as text")
    if not written:
        _refuse(INVALID, "is empty")
    if not _SHAPE.fullmatch(written) or written.count("(") != written.count(")") or written[-1] in " .-":
        _refuse(INVALID, "is more or something else than one number: digits, spaces, dashes, dots and brackets")
    compact = "".join(character for character in written if character in "+0123456789")
    if len(compact.lstrip("+0")) > _MOST_DIGITS:
        _refuse(INVALID, "has more digits than a phone number can have")
    return compact


def _written(text: object) -> str:
    if isinstance(text, str):
        return text
    if text is None:
        return ""
    if isinstance(text, int) and not isinstance(text, bool):
        return str(text)
    if isinstance(text, float) and text.is_integer() and abs(text) < _EXACT_FLOAT:
        return str(int(text))
    if isinstance(text, Decimal) and text.is_finite() and text == text.to_integral_value():
        return str(int(text))
    _refuse(INVALID, f"is no text and no whole number, but {type(text).__name__}")


@lru_cache(maxsize=512)
def _read_country(country: str | None) -> tuple[str | None, int | None]:
    """Return the region to read national numbers in, and the calling code that a number must have."""
    name = (country or "").strip()
    if not name:
        return None, None
    code = _CALLING_CODE.fullmatch(name)
    region = phonenumbers.region_code_for_country_code(int(code[1])) if code else name.upper()
    calling_code = phonenumbers.country_code_for_region(region) if region != "001" else int(code[1]) if code else 0
    if not calling_code:
        _refuse(INVALID, "has a country beside it that is neither an ISO code (US) nor a calling code (852)")
    return region, calling_code


def _parse(compact: str, region: str | None) -> phonenumbers.PhoneNumber:
    if compact.startswith("00"):
        compact = "+" + compact[2:]
    if compact.startswith("+"):
        return _possible(compact, None)
    if region is None or region == "001":
        return _possible("+" + compact, None)
    return _in_region(compact, region)


def _in_region(digits: str, region: str) -> phonenumbers.PhoneNumber:
    """Read bare digits as a national number, and as one that begins with the country's own code; one must stand out."""
    code = str(phonenumbers.country_code_for_region(region))
    readings = []
    for text, country in ((digits, region), ("+" + digits, None))[: 2 if digits.startswith(code) else 1]:
        with contextlib.suppress(NumberError):
            readings.append(_possible(text, country))
    best = max(map(_plausibility, readings), default=(False, False))
    if not any(best):
        _refuse(INVALID, "is no number of the country that its line names")
    first, *others = (number for number in readings if _plausibility(number) == best)
    if any(other != first for other in others):
        _refuse(INVALID, "can be read with and without a country code; write it with +")
    mainland = _MOBILE_WITH_CODE.fullmatch(digits) or (_MOBILE.fullmatch(digits) and not best[0])
    if mainland and _e164(first) != digits:
        _refuse(INVALID, "looks like a mainland mobile, and its line names another country")
    return first


def _plausibility(number: phonenumbers.PhoneNumber) -> tuple[bool, bool]:
    mobile = phonenumbers.is_possible_number_for_type_with_reason(number, PhoneNumberType.MOBILE)
    return phonenumbers.is_valid_number(number), mobile == ValidationResult.IS_POSSIBLE


def _possible(text: str, region: str | None) -> phonenumbers.PhoneNumber:
    """Parse a number of a length that its country has. Ranges in use change too often to be asked about."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        _refuse(INVALID, "begins with no country code" if region is None else "is no number of its country")
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        _refuse(INVALID, "is too short or too long for its country")
    return number


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)[1:]


def _region_of(number: phonenumbers.PhoneNumber, named: str | None) -> str:
    """Numbers outside the ranges in use have no region of their own: they get the named one, or the code's main one."""
    code = number.country_code or 0
    region = phonenumbers.region_code_for_number(number)
    if region is None and named is not None and phonenumbers.country_code_for_region(named) == code:
        region = named
    return region or phonenumbers.region_code_for_country_code(code)


def _refuse(reason: str, problem: str) -> NoReturn:
    raise NumberError(reason, problem) from None
