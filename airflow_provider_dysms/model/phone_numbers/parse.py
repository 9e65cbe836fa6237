"""TODO model.phone_numbers.parse"""

from __future__ import annotations

import math
import re
from decimal import Decimal

from airflow_provider_dysms.model.nothing import is_word_for_nothing
from airflow_provider_dysms.model.phone_numbers.number import (
    INVALID,
    MOBILE,
    MOBILE_WITH_CODE,
    NOT_A_MOBILE,
    READS_AS_MAINLAND,
    NumberError,
    PhoneNumber,
    refuse,
)

LANDLINE = "is a landline of the mainland, or a 400 or 800 number; SMS goes to mobiles alone"

_MAINLAND = "CN"

_MOBILE_WITH_TRUNK = re.compile(r"0?(1[3-9]\d{9})", re.ASCII)

_SHAPE = re.compile(r"\(?\+?\(?\d[\d ().-]*", re.ASCII)

#: Fixed lines of the mainland: by area code, and numbers of companies. No SMS reaches them.
_AREA = r"(?:10|2\d|[3-9]\d{2})[1-9]\d{6,7}"

_LANDLINE = re.compile(rf"(?:(?:\+|00)?86)?(?:0{_AREA}|[48]00\d{{7}})|(?:\+|00)?86{_AREA}", re.ASCII)

_DECIMAL = re.compile(r"\d+\.\d{1,2}", re.ASCII)

_EXACT_FLOAT = 2**53

_MOST_DIGITS = 15  # ITU-T E.164

# An area code and an exchange of North America begin with 2 to 9: https://www.nanpa.com/numbering
_NORTH_AMERICAN = re.compile(r"1[2-9]\d{2}[2-9]\d{6}", re.ASCII)

_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[Ee]\+?\d+", re.ASCII)

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
    if type(text) is str and len(text) == 11 and MOBILE.fullmatch(text) and country in (None, "", _MAINLAND, "86"):
        return PhoneNumber(text, _MAINLAND)
    from airflow_provider_dysms.model.phone_numbers import international  # a library of 5 MB, which no DAG file needs

    compact = _compact(text)
    region, calling_code = international.read_country(country)
    if calling_code in (None, 86):
        bare = _MOBILE_WITH_TRUNK if calling_code else MOBILE
        if mobile := MOBILE_WITH_CODE.fullmatch(compact) or bare.fullmatch(compact):
            return PhoneNumber(mobile[1], _MAINLAND)
    try:
        number = international.parse(compact, region)
    except NumberError:
        if calling_code in (None, 86) and _LANDLINE.fullmatch(compact):
            refuse(NOT_A_MOBILE, LANDLINE)
        raise
    if calling_code is not None and number.country_code != calling_code:
        refuse(INVALID, "is written with the code of another country than its line names")
    if number.country_code == 86 and to_ask:
        is_landline = _LANDLINE.fullmatch(compact) is not None
        refuse(NOT_A_MOBILE, LANDLINE if is_landline else "is a mainland number, and not one of a mobile")
    digits = international.e164(number)
    if to_ask and MOBILE.fullmatch(digits):
        refuse(
            READS_AS_MAINLAND,
            "is foreign, and the API would read its digits as a mainland mobile; ask by its message id",
        )
    if number.country_code == 1 and not _NORTH_AMERICAN.fullmatch(digits):
        refuse(
            INVALID,
            "is not a number that anybody can have: mainland mobiles begin with 13 to 19, and neither area codes nor "
            "exchanges of North America begin with 0 or 1",
        )
    return PhoneNumber(digits, international.region_of(number, region))


def country_of(digits: str) -> str | None:
    """Return the region of an international number in the API's form, ``None`` where it is not to be had."""
    from airflow_provider_dysms.model.phone_numbers import international

    return international.country_of(digits)


def _compact(text: object) -> str:
    """Return the digits of a number, after a ``+`` where it has one; refuse everything that is more or less."""
    written = _written(text).translate(_AS_ASCII).strip()
    if written[:4].lower() == "tel:":
        written = written[4:].lstrip()
    whole, _, fraction = written.partition(".")
    if fraction == "0" and whole.isdigit():
        written = whole
    elif _DECIMAL.fullmatch(written):
        refuse(INVALID, "is a decimal number; write it as text")
    if not written:
        refuse(INVALID, "is empty")
    if is_word_for_nothing(written):
        refuse(INVALID, "is a word for no number; leave the cell empty")
    if _SCIENTIFIC.fullmatch(written):
        refuse(
            INVALID,
            "is in scientific notation (1.39E+10), as a spreadsheet shortens numbers, and lost its digits; format the "
            "column as text before you save it",
        )
    if not _SHAPE.fullmatch(written) or written.count("(") != written.count(")") or written[-1] in " .-":
        refuse(INVALID, "is more or something else than one number: digits, spaces, dashes, dots and brackets")
    compact = "".join(character for character in written if character in "+0123456789")
    if len(compact.lstrip("+0")) > _MOST_DIGITS:
        refuse(INVALID, "has more digits than a phone number can have")
    return compact


def _written(text: object) -> str:
    if isinstance(text, str):
        return text
    if text is None:
        return ""
    if isinstance(text, int) and not isinstance(text, bool):
        return str(text)
    if isinstance(text, float):
        if math.isnan(text):
            refuse(INVALID, "is not a number (NaN); leave the cell empty")
        if not text.is_integer():
            refuse(INVALID, "is a decimal number; write it as text")
        if abs(text) >= _EXACT_FLOAT:
            refuse(INVALID, "is a number that lost its last digits; write it as text")
        return str(int(text))
    if isinstance(text, Decimal) and text.is_finite() and text == text.to_integral_value():
        return str(int(text))
    refuse(INVALID, f"is no text and no whole number, but {type(text).__name__}")
