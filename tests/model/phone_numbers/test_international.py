"""Google's library is asked about countries only when a number needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from airflow_provider_dysms.model.phone_numbers import international
from airflow_provider_dysms.model.phone_numbers.number import NumberError
from airflow_provider_dysms.model.phone_numbers.parse import country_of


def test_the_region_of_an_answered_number_is_known_if_it_has_one() -> None:
    assert country_of("13125550123") == "US"
    assert country_of("85200001234") == "HK"
    assert country_of("80012345678") == "001"
    assert country_of("0") is None
    assert country_of("") is None


@pytest.mark.parametrize(
    ("country", "found"),
    [
        (None, (None, None)),
        (" ", (None, None)),
        ("us", ("US", 1)),
        ("852", ("HK", 852)),
        ("+852", ("HK", 852)),
        ("00852", ("HK", 852)),
        ("86.0", ("CN", 86)),
        ("800", ("001", 800)),
    ],
)
def test_a_country_is_an_iso_code_or_a_calling_code(country: str | None, found: tuple[str | None, int | None]) -> None:
    assert international.read_country(country) == found


@pytest.mark.parametrize("country", ["China", "XX", "999", "0"])
def test_another_country_is_an_error(country: str) -> None:
    with pytest.raises(NumberError, match="neither an ISO code"):
        international.read_country(country)


def test_the_named_region_decides_only_outside_the_known_ranges() -> None:
    unknown = international.parse("+85200001234", None)
    assert international.region_of(unknown, None) == "HK"
    unassigned = international.parse("+12005550123", None)
    assert international.region_of(unassigned, "CA") == "CA"
    assert international.region_of(unassigned, "HK") == "US"
    canadian = international.parse("+14165550123", None)
    assert international.region_of(canadian, "US") == "CA"


def test_a_mainland_mobile_does_not_load_the_library() -> None:
    code = (
        "import sys; from airflow_provider_dysms.model.phone_numbers.parse import parse_number; "
        "parse_number('13900000000'); sys.exit('phonenumbers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
