"""Numbers are taken out of free text, in any writing, and nothing else is."""

import pytest

from airflow_provider_dysms.audit.verdict import Verdict, output_columns, to_row
from airflow_provider_dysms.model.phone_numbers.redaction import redact_number

MOBILE, FOREIGN = "13900001111", "4915123456789"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("no route to 13900001111.", "no route to ***."),
        ("+86 139-0000-1111, 0086 139 0000 1111", "***, ***"),
        ("8613900001111", "***"),
        ("１３９００００１１１１", "***"),
        ("code 1234 13900001111 5678", "code 1234 *** 5678"),
        ("order 20251122001234", "order 20251122001234"),
        ("13900002222", "13900002222"),
        ("", ""),
    ],
)
def test_a_number_goes_and_the_rest_stays(text: str, left: str) -> None:
    assert redact_number(text, MOBILE) == left


@pytest.mark.parametrize("text", ["+4915123456789", "0151 23456789", "(0151) 234-56789", "23456789"])
def test_a_foreign_number_goes_without_its_country_code_too(text: str) -> None:
    assert "23456789" not in redact_number(text, FOREIGN).replace(" ", "").replace("-", "")


def test_a_row_with_a_hash_has_no_number_in_clear_but_for_what_is_the_users_own() -> None:
    verdict = Verdict(
        state="rejected",
        is_final=True,
        phone_number="+86 139-0000-1111",
        out_id=f"mine-{MOBILE}",
        error_code=f"NO ROUTE TO 0086{MOBILE}",
        content=f"Your number is {MOBILE}",
        vendor_extra='{"description": "139 0000 1111 is unknown"}',
        carried=(f"user {MOBILE}",),
    )
    columns = output_columns(("user",), content=True, hashed=True)
    row = dict(zip(columns, to_row(verdict, content=True, phone_hash=lambda number: "hash"), strict=True))
    assert row["phone_hash"] == "hash"
    assert (row["error_code"], row["content"]) == ("NO ROUTE TO ***", "Your number is ***")
    assert row["vendor_extra"] == '{"description": "*** is unknown"}'
    assert (row["out_id"], row["user"]) == (f"mine-{MOBILE}", f"user {MOBILE}")
    assert to_row(verdict, content=True)[0] == "+86 139-0000-1111"
