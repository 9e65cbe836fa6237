"""Parses numbers of all countries with Google's ``phonenumbers``. It takes 20 ms to import, so it loads on demand."""

from __future__ import annotations

import contextlib
import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType, ValidationResult

from airflow_provider_dysms.model.phone_numbers.number import INVALID, MOBILE, MOBILE_WITH_CODE, NumberError, refuse

# pandas writes 86.0 if other lines of the column are empty.
_CALLING_CODE = re.compile(r"(?:\+|00)?([1-9]\d{0,2})(?:\.0)?", re.ASCII)


#: Region of numbers that belong to no country, such as satellite phones.
_NO_COUNTRY = "001"


def country_of(digits: str) -> str | None:
    """Return the region of an international number in the API's form, or ``None`` if it has none."""
    try:
        return region_of(phonenumbers.parse("+" + digits, None), None)
    except phonenumbers.NumberParseException:
        return None


@lru_cache(maxsize=512)
def read_country(country: str | None) -> tuple[str | None, int | None]:
    """Return the region in which national numbers are read, and the calling code that a number must have.

    :param country: an ISO code or a calling code; ``None`` or blank for an unknown country
    :returns: region and calling code; ``None, None`` for an unknown country
    :raises NumberError: it is neither
    """
    name = (country or "").strip()
    if not name:
        return None, None
    code = _CALLING_CODE.fullmatch(name)
    region = phonenumbers.region_code_for_country_code(int(code[1])) if code else name.upper()
    calling_code = (
        phonenumbers.country_code_for_region(region) if region != _NO_COUNTRY else int(code[1]) if code else 0
    )
    if not calling_code:
        refuse(INVALID, "has a country that is neither an ISO code (US) nor a calling code (852)")
    return region, calling_code


def parse(compact: str, region: str | None) -> phonenumbers.PhoneNumber:
    """Parse digits, with or without a ``+``, as one number.

    :param compact: digits, after ``+`` or ``00`` if they begin with a country code
    :param region: bare digits are read as a national number of this region; ``None``: they begin with a country code
    :raises NumberError: they are not a number, or can be read as more than one
    """
    if compact.startswith("00"):
        compact = "+" + compact[2:]
    if compact.startswith("+"):
        return _possible(compact, None)
    if region is None or region == _NO_COUNTRY:
        return _possible("+" + compact, None)
    return _in_region(compact, region)


def _in_region(digits: str, region: str) -> phonenumbers.PhoneNumber:
    """Parse bare digits as a national number, and as one that begins with the country's code; the better one counts."""
    code = str(phonenumbers.country_code_for_region(region))
    candidates = []
    for text, country in ((digits, region), ("+" + digits, None))[: 2 if digits.startswith(code) else 1]:
        with contextlib.suppress(NumberError):
            candidates.append(_possible(text, country))
    best = max(map(_plausibility, candidates), default=(False, False))
    if not any(best):
        refuse(INVALID, "is not a number of the country that its line names")
    first, *others = (number for number in candidates if _plausibility(number) == best)
    if any(other != first for other in others):
        refuse(INVALID, "can be read with and without a country code; write it with +")
    looks_mainland = MOBILE_WITH_CODE.fullmatch(digits) or (MOBILE.fullmatch(digits) and not best[0])
    if looks_mainland and e164(first) != digits:
        refuse(INVALID, "looks like a mainland mobile, but its line names another country")
    return first


def _plausibility(number: phonenumbers.PhoneNumber) -> tuple[bool, bool]:
    """Return whether a number is valid, and whether it may be a mobile: the greater, the better."""
    mobile = phonenumbers.is_possible_number_for_type_with_reason(number, PhoneNumberType.MOBILE)
    return phonenumbers.is_valid_number(number), mobile == ValidationResult.IS_POSSIBLE


def _possible(text: str, region: str | None) -> phonenumbers.PhoneNumber:
    """Parse a number whose length its country has. Ranges in use are not checked, because they change too often."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        refuse(INVALID, "does not begin with a country code" if region is None else "is not a number of its country")
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        refuse(INVALID, "is too short or too long for its country")
    return number


def e164(number: phonenumbers.PhoneNumber) -> str:
    """Return country code and national number, digits only."""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)[1:]


def region_of(number: phonenumbers.PhoneNumber, named: str | None) -> str:
    """Return the region of a number.

    :param named: the region that its line names; it is taken if the number is outside the ranges that the library
        knows and the calling code fits; otherwise the main region of the calling code is taken
    """
    code = number.country_code or 0
    region = phonenumbers.region_code_for_number(number)
    if region is None and named is not None and phonenumbers.country_code_for_region(named) == code:
        region = named
    return region or phonenumbers.region_code_for_country_code(code)
