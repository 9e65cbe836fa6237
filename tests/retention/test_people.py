"""Which cells are about a person: by number, by hash, in any spelling, and never a part of more digits."""

from __future__ import annotations

import pytest

from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.retention.people import People

PERSON, ABROAD = "139" + "00001111", "49151" + "12345678"


@pytest.fixture
def people(key: PrivacyKey) -> People:
    return People([PERSON, ABROAD], key)


@pytest.mark.parametrize(
    "cell",
    [
        PERSON,
        f"+86{PERSON}",
        f"+86 {PERSON}",
        "139-0000-1111",
        "１３９００００１１１１",
        f"{PERSON}/0",
        ABROAD,
        "+" + ABROAD,
    ],
)
def test_the_owner_of_a_row_is_found_in_each_spelling(people: People, cell: str) -> None:
    assert people.owner_of(cell) in (PERSON, ABROAD)


@pytest.mark.parametrize("cell", [None, "", "138" + "00001111", PERSON + "1", "1" + PERSON, "a" * 64, "1" * 64])
def test_somebody_else_is_not_the_owner(people: People, cell: str | None) -> None:
    assert people.owner_of(cell) is None


def test_hashes_under_the_current_and_the_previous_secret_are_known() -> None:
    people = People([PERSON], PrivacyKey("t" * 32, "s" * 32))
    for secret in ("t" * 32, "s" * 32):
        assert people.owner_of(PrivacyKey(secret).phone_hash(PERSON)) == PERSON
    assert people.owner_of(PrivacyKey("u" * 32).phone_hash(PERSON)) is None


def test_nothing_shows_a_number(people: People) -> None:
    assert repr(people) == "People(2)"


def test_digits_of_two_cells_are_not_one_number(people: People) -> None:
    assert not people.may_be_in([PERSON[:6], PERSON[6:]])
    assert people.may_be_in(["a", f"{PERSON[:3]} {PERSON[3:]}"])
