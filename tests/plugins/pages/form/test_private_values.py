"""A phone number is recognised in any field of an address; what is not a number may stand in an address."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from support.number_spellings import NUMBER, SPELLINGS

from airflow_provider_dysms.plugins.pages.form.private_values import is_private_query

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
