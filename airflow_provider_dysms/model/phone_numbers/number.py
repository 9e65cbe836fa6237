"""Phone numbers in any form that people write them in, normalised to the one form that the API takes.

The API takes mainland mobiles as eleven digits and everything else as country code and number without ``+``. A number
is never guessed and never repaired: what does not read as exactly one number is an error, whose text leaves it out.
"""

from __future__ import annotations

import re
from typing import NoReturn

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.private_struct import PrivateStruct

#: Why a number is refused.
INVALID = "invalid_number"
NOT_A_MOBILE = "not_a_mobile"
READS_AS_MAINLAND = "reads_as_mainland"


MOBILE = re.compile(r"(1[3-9]\d{9})", re.ASCII)
# The 0 is the trunk prefix, dialled before numbers of other provinces. Bare, it is no sign of the mainland.
MOBILE_WITH_CODE = re.compile(r"(?:\+|00)?860?(1[3-9]\d{9})", re.ASCII)


class NumberError(DysmsInputError):
    """A phone number that cannot be asked for; its text does not repeat the number.

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

    _shown = ("country",)


def same_number(asked: str, answered: str) -> bool:
    """Say whether an answer is about the number that was asked for.

    The form of numbers in answers is not documented: they may carry a country code or ``+``, or be masked. So the last
    digits that both have are compared, and ``*`` or ``x`` matches any. Fewer than seven digits, or a mask that leaves
    fewer than four to see, are not enough to compare.
    """
    if asked == answered:
        return True
    pairs = list(zip(reversed(_significant(asked)), reversed(_significant(answered)), strict=False))
    seen = sum("*" not in pair for pair in pairs)
    return len(pairs) >= 7 and seen >= 4 and all(ours == theirs or "*" in (ours, theirs) for ours, theirs in pairs)


def _significant(number: str) -> str:
    masked = number.lower().replace("x", "*")
    return "".join(character for character in masked if character in "0123456789*")


def refuse(reason: str, problem: str) -> NoReturn:
    """Say why a text is no number."""
    raise NumberError(reason, problem) from None
