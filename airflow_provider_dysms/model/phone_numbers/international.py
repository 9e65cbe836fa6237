"""Numbers of other countries, as Google's library knows them. It takes 20 ms to import: who needs it, imports this."""

from __future__ import annotations

import contextlib
import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType, ValidationResult

from airflow_provider_dysms.model.phone_numbers.number import INVALID, MOBILE, MOBILE_WITH_CODE, NumberError, refuse

# pandas writes 86.0 where other lines have no country.
_CALLING_CODE = re.compile(r"(?:\+|00)?([1-9]\d{0,2})(?:\.0)?", re.ASCII)


def country_of(digits: str) -> str | None:
    """Return the region of an international number in the API's form, ``None`` where it is not to be had."""
    try:
        return region_of(phonenumbers.parse("+" + digits, None), None)
    except phonenumbers.NumberParseException:
        return None


@lru_cache(maxsize=512)
def read_country(country: str | None) -> tuple[str | None, int | None]:
    """Return the region to read national numbers in, and the calling code that a number must have.

    :param country: an ISO code or a calling code
    :raises NumberError: it is neither
    """
    name = (country or "").strip()
    if not name:
        return None, None
    code = _CALLING_CODE.fullmatch(name)
    region = phonenumbers.region_code_for_country_code(int(code[1])) if code else name.upper()
    calling_code = phonenumbers.country_code_for_region(region) if region != "001" else int(code[1]) if code else 0
    if not calling_code:
        refuse(INVALID, "has a country beside it that is neither an ISO code (US) nor a calling code (852)")
    return region, calling_code


def parse(compact: str, region: str | None) -> phonenumbers.PhoneNumber:
    """Read digits, after a ``+`` or not, as a number; bare ones as a national number of a region, where there is one.

    :raises NumberError: they are no number, or not exactly one
    """
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
        refuse(INVALID, "is no number of the country that its line names")
    first, *others = (number for number in readings if _plausibility(number) == best)
    if any(other != first for other in others):
        refuse(INVALID, "can be read with and without a country code; write it with +")
    mainland = MOBILE_WITH_CODE.fullmatch(digits) or (MOBILE.fullmatch(digits) and not best[0])
    if mainland and e164(first) != digits:
        refuse(INVALID, "looks like a mainland mobile, and its line names another country")
    return first


def _plausibility(number: phonenumbers.PhoneNumber) -> tuple[bool, bool]:
    mobile = phonenumbers.is_possible_number_for_type_with_reason(number, PhoneNumberType.MOBILE)
    return phonenumbers.is_valid_number(number), mobile == ValidationResult.IS_POSSIBLE


def _possible(text: str, region: str | None) -> phonenumbers.PhoneNumber:
    """Parse a number of a length that its country has. Ranges in use change too often to be asked about."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        refuse(INVALID, "begins with no country code" if region is None else "is no number of its country")
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        refuse(INVALID, "is too short or too long for its country")
    return number


def e164(number: phonenumbers.PhoneNumber) -> str:
    """Return country code and number, digits only."""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)[1:]


def region_of(number: phonenumbers.PhoneNumber, named: str | None) -> str:
    """Numbers outside the ranges in use have no region of their own: they get the named one, or the code's main one."""
    code = number.country_code or 0
    region = phonenumbers.region_code_for_number(number)
    if region is None and named is not None and phonenumbers.country_code_for_region(named) == code:
        region = named
    return region or phonenumbers.region_code_for_country_code(code)
