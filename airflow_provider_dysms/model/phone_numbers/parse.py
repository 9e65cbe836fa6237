"""Turns any spelling of a phone number into the one form that the API takes, or says why it is not exactly one number.

Nothing is guessed and nothing is repaired, and no error repeats the text.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

from airflow_provider_dysms.model.ids import is_null_word
from airflow_provider_dysms.model.phone_numbers.number import (
    FULL_WIDTH_DIGITS,
    INVALID,
    MAINLAND_CODE,
    MAINLAND_COUNTRY,
    MOBILE,
    MOBILE_WITH_CODE,
    NOT_A_MOBILE,
    READS_AS_MAINLAND,
    NumberError,
    PhoneNumber,
    refuse,
)

#: Digits of a number, by ITU-T E.164.
MAX_DIGITS = 15

#: Floats have every whole number up to this one; a larger one has lost digits.
MAX_EXACT_FLOAT = 2**53

_MAINLAND_OR_UNKNOWN = (None, "", MAINLAND_COUNTRY, str(MAINLAND_CODE))


_LANDLINE_PROBLEM = "is a landline of the mainland, or a 400 or 800 number; only mobiles receive SMS"

_MOBILE_WITH_TRUNK = re.compile(r"0?(1[3-9]\d{9})", re.ASCII)
_WRITTEN_NUMBER = re.compile(r"\(?\+?\(?\d[\d ().-]*", re.ASCII)
_DECIMAL = re.compile(r"\d+\.\d{1,2}", re.ASCII)
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[Ee]\+?\d+", re.ASCII)

# Landlines of the mainland by area code, and the numbers of companies.
_AREA = r"(?:10|2\d|[3-9]\d{2})[1-9]\d{6,7}"
_LANDLINE = re.compile(rf"(?:(?:\+|00)?86)?(?:0{_AREA}|[48]00\d{{7}})|(?:\+|00)?86{_AREA}", re.ASCII)

# An area code and an exchange of North America begin with 2 to 9: https://www.nanpa.com/numbering
_NORTH_AMERICAN = re.compile(r"1[2-9]\d{2}[2-9]\d{6}", re.ASCII)

# East Asian keyboards write full-width signs; address books and web pages bring the invisible ones along.
_TO_ASCII = {
    **FULL_WIDTH_DIGITS,
    **dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\u3000"), " "),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\uff0d"), "-"),
    **dict.fromkeys(map(ord, "\u200b\u200e\u200f\u202a\u202c\u202d\u2060\ufeff"), None),
    ord("\uff0b"): "+",
    ord("\uff08"): "(",
    ord("\uff09"): ")",
    ord("\uff0e"): ".",
}


def parse_number(text: object, country: str | None = None, *, to_query: bool = True) -> PhoneNumber:
    """Parse a phone number.

    Bare digits that look like a mainland mobile, with or without 86, are one; other digits begin with a country code.

    :param text: ``+86 139-0000-0000``, ``0086...``, ``86...`` or bare digits, with spaces, dashes, dots and brackets,
        ``tel:``, full-width digits; a whole number, also as a float
    :param country: the country that the number belongs to: ISO code (``US``) or calling code (``852``, ``+852``).
        Bare and national numbers are read in it, and a number with another country's code is an error.
        Default: not known
    :param to_query: whether messages are queried by this number; then a foreign number that the API would take for a
        mainland one, and a mainland number that is not a mobile, are also errors
    :raises NumberError: it is not a number, or can be read as more than one
    """
    if type(text) is str and len(text) == 11 and MOBILE.fullmatch(text) and country in _MAINLAND_OR_UNKNOWN:
        return PhoneNumber(text, MAINLAND_COUNTRY)
    from airflow_provider_dysms.model.phone_numbers import international  # a library of 5 MB that DAG files do not need

    compact = _compact(text)
    region, calling_code = international.read_country(country)
    if calling_code in (None, MAINLAND_CODE):
        bare = _MOBILE_WITH_TRUNK if calling_code else MOBILE
        if mobile := MOBILE_WITH_CODE.fullmatch(compact) or bare.fullmatch(compact):
            return PhoneNumber(mobile[1], MAINLAND_COUNTRY)
    try:
        number = international.parse(compact, region)
    except NumberError:
        if calling_code in (None, MAINLAND_CODE) and _LANDLINE.fullmatch(compact):
            refuse(NOT_A_MOBILE, _LANDLINE_PROBLEM)
        raise
    if calling_code is not None and number.country_code != calling_code:
        refuse(INVALID, "has the code of another country than the one that its line names")
    if number.country_code == MAINLAND_CODE and to_query:
        is_landline = _LANDLINE.fullmatch(compact) is not None
        refuse(NOT_A_MOBILE, _LANDLINE_PROBLEM if is_landline else "is a mainland number, but not of a mobile")
    digits = international.e164(number)
    if to_query and MOBILE.fullmatch(digits):
        refuse(
            READS_AS_MAINLAND,
            "is foreign, and the API would read its digits as a mainland mobile; query the message by its id instead",
        )
    if number.country_code == 1 and not _NORTH_AMERICAN.fullmatch(digits):
        refuse(
            INVALID,
            "is not a number that can exist: mainland mobiles begin with 13 to 19, and neither area codes nor "
            "exchanges of North America begin with 0 or 1",
        )
    return PhoneNumber(digits, international.region_of(number, region))


def country_of(digits: str) -> str | None:
    """Return the region of an international number in the API's form, or ``None`` if it has none."""
    from airflow_provider_dysms.model.phone_numbers import international

    return international.country_of(digits)


def _compact(text: object) -> str:
    """Return the digits of a number, after a ``+`` if it has one; refuse text with anything else in it."""
    written = _as_text(text).translate(_TO_ASCII).strip()
    if written[:4].lower() == "tel:":
        written = written[4:].lstrip()
    whole, _, fraction = written.partition(".")
    if fraction == "0" and whole.isdigit():
        written = whole
    elif _DECIMAL.fullmatch(written):
        refuse(INVALID, "is a decimal number; write it as text")
    if not written:
        refuse(INVALID, "is empty")
    if is_null_word(written):
        refuse(INVALID, "is a word for a missing value; leave the cell empty")
    if _SCIENTIFIC.fullmatch(written):
        refuse(
            INVALID,
            "is in scientific notation (1.39E+10), in which a spreadsheet has dropped digits; format the column as "
            "text before you save it",
        )
    if not _WRITTEN_NUMBER.fullmatch(written) or written.count("(") != written.count(")") or written[-1] in " .-":
        refuse(INVALID, "is not one number; it may have digits, spaces, dashes, dots and brackets")
    compact = "".join(character for character in written if character in "+0123456789")
    if len(compact.lstrip("+0")) > MAX_DIGITS:
        refuse(INVALID, "has more digits than a phone number can have")
    return compact


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        if math.isnan(value):
            refuse(INVALID, "is NaN; leave the cell empty")
        if not value.is_integer():
            refuse(INVALID, "is a decimal number; write it as text")
        if abs(value) >= MAX_EXACT_FLOAT:
            refuse(INVALID, "is a float that has lost its last digits; write it as text")
        return str(int(value))
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return str(int(value))
    refuse(INVALID, f"must be text or a whole number, not {type(value).__name__}")
