"""A phone number is recognised in any field and spelling; what is not a number may stand in an address."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest

from airflow_provider_dysms.plugins.pages.form.private_values import is_private_query, may_be_number

NUMBER = "139" + "12345678"
FULL_WIDTH = "".join(chr(ord(digit) + 0xFEE0) for digit in NUMBER)
ARABIC = "".join(chr(ord(digit) - 0x30 + 0x660) for digit in NUMBER)

SPELLINGS = [
    NUMBER,
    f"+86{NUMBER}",
    f"0086 {NUMBER}",
    f"+86 {NUMBER[:3]}-{NUMBER[3:7]}-{NUMBER[7:]}",
    f"({NUMBER[:3]}) {NUMBER[3:7]} {NUMBER[7:]}",
    ".".join(NUMBER),
    f"tel:{NUMBER}",
    f"x{NUMBER}",
    f"SMS_{NUMBER}",
    f"Li {NUMBER}",
    FULL_WIDTH,
    ARABIC,
    "\u200b".join(NUMBER),
    quote(quote("+86" + NUMBER)),
    "4402000000",
    "+852 6123 4567",
    "1 (415) 555-0100",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_number_is_recognised_in_any_spelling(spelling: str) -> None:
    assert may_be_number(spelling)


FIELDS = ["archive", "template_code", "result", "sign_name", "country", "error_code", "last", "sent_from", "sent_to"]
FIELDS += ["page_size", "cursor", "trail", "phone_number", "day", "anything", "x[]"]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_field_of_an_address_may_hold_a_number(field: str, spelling: str) -> None:
    assert is_private_query(urlencode({"result": "Failed", field: spelling}))


def test_neither_may_a_name_without_a_value_or_the_field_of_the_number_anything() -> None:
    assert is_private_query(NUMBER)
    assert is_private_query(f"{NUMBER}=1")
    assert is_private_query("phone_number=1")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "phone_number=",
        "template_code=SMS_100000001&last=24h",
        "template_code=8ff55eac1d0b478ab3c06c3c6a492300",
        "template_code=1234567",
        "error_code=MK%3A0012&country=CN&result=Failed&page_size=100",
        "last=&sent_from=2026-11-28T09%3A00&sent_to=2026-11-29+10%3A30",
        "day=2026-11-28&archive=production",
        "cursor=" + "AQAL" * 25,
        "cursor=" + "AQAL" * 25 + "&trail=" + "AQAL" * 25 + "." + "AQAL" * 25,
        "sign_name=%E9%98%BF%E9%87%8C%E4%BA%91",
    ],
)
def test_filters_that_are_not_numbers_make_addresses(query: str) -> None:
    assert not is_private_query(query)
