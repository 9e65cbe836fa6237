"""A phone number in the form that the API takes, and whether two spellings are the same number.

The API takes a mainland mobile as eleven digits, and any other number as country code and number without ``+``.
"""

from __future__ import annotations

import re
from typing import NoReturn

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.private_struct import PrivateStruct

#: Reasons for which a number is refused.
INVALID = "invalid_number"
NOT_A_MOBILE = "not_a_mobile"
READS_AS_MAINLAND = "reads_as_mainland"

#: ISO code and calling code of the mainland of China.
MAINLAND_COUNTRY, MAINLAND_CODE = "CN", 86

#: Full-width digits, as East Asian keyboards write them -> ASCII digits, for ``str.translate``.
FULL_WIDTH_DIGITS = {0xFF10 + digit: str(digit) for digit in range(10)}

MOBILE = re.compile(r"(1[3-9]\d{9})", re.ASCII)
# The 0 is the trunk prefix, dialled before numbers of other provinces. Without 86 it does not show the mainland.
MOBILE_WITH_CODE = re.compile(r"(?:\+|00)?860?(1[3-9]\d{9})", re.ASCII)


class NumberError(DysmsInputError):
    """A text that is not exactly one usable phone number; the message does not repeat it.

    :param reason: ``invalid_number``, ``not_a_mobile`` or ``reads_as_mainland``
    :param problem: what is wrong with it, a clause that follows the name of the argument
    """

    def __init__(self, reason: str, problem: str) -> None:
        super().__init__("phone_number", problem)
        self.reason = reason
        self.problem = problem


class PhoneNumber(PrivateStruct, frozen=True, gc=False):
    """A phone number as the API takes it.

    :param digits: eleven digits for a mainland mobile, else country code and number
    :param country: ISO 3166 region, ``CN`` for the mainland; ``001`` for numbers of no country
    """

    digits: str
    country: str

    _repr_fields = ("country",)

    @property
    def is_mainland(self) -> bool:
        """Whether it is a number of the mainland of China."""
        return self.country == MAINLAND_COUNTRY


def same_number(queried: str, answered: str) -> bool:
    """Return whether a record is about the number that was queried.

    The form of numbers in answers is not documented: they may have a country code or ``+``, or be masked. So only the
    last digits that both have are compared, and ``*`` or ``x`` matches any digit. Numbers with fewer than seven digits
    in common, or fewer than four that no mask hides, are not the same.
    """
    if queried == answered:
        return True
    pairs = list(zip(reversed(_digits_and_mask(queried)), reversed(_digits_and_mask(answered)), strict=False))
    visible = sum("*" not in pair for pair in pairs)
    return len(pairs) >= 7 and visible >= 4 and all(ours == theirs or "*" in (ours, theirs) for ours, theirs in pairs)


def refuse(reason: str, problem: str) -> NoReturn:
    """Raise the :class:`NumberError` for a text, without a cause that would quote it."""
    raise NumberError(reason, problem) from None


def _digits_and_mask(number: str) -> str:
    masked = number.lower().replace("x", "*")
    return "".join(character for character in masked if character in "0123456789*")
