"""Random values of a generated day: valid, never repeated where they must be unique, and equal for equal seeds."""

from __future__ import annotations

from random import Random
from typing import Any

import phonenumbers
import pytest

from airflow_provider_dysms.emulator.generator.catalogue import (
    GLOBE,
    INTERNATIONAL,
    MAINLAND,
    Catalogue,
    billed_segments,
    text_pattern,
)
from airflow_provider_dysms.emulator.sms_rules import normalize_number


@pytest.mark.parametrize("international", [False, True])
def test_numbers_are_valid_unique_and_understood_in_every_spelling(international: bool) -> None:
    catalogue = Catalogue(Random(1))
    numbers = [catalogue.number(international=international) for _ in range(500)]
    assert len(set(numbers)) == 500
    for number in numbers:
        parsed = phonenumbers.parse(f"+{number}" if international else number, "CN")
        assert phonenumbers.is_valid_number(parsed)
        spelling = catalogue.spell_number(number, international=international)
        assert normalize_number(spelling) == (number, international)


def test_a_number_that_was_drawn_before_is_drawn_again() -> None:
    class Repeating(Random):
        calls = 0

        def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
            self.calls += 1
            return self.calls // 100

        def choice(self, seq: Any) -> Any:
            return seq[0]

    catalogue = Catalogue(Repeating(1))
    assert [catalogue.number(international=False) for _ in range(3)] == ["13000000000", "13000000001", "13000000002"]


def test_the_same_seed_gives_the_same_values() -> None:
    def values(seed: int) -> list[object]:
        catalogue = Catalogue(Random(seed))
        return [
            *(catalogue.number(international=False) for _ in range(9)),
            catalogue.code(),
            catalogue.template(international=True),
            catalogue.error_code(international=False),
        ]

    assert values(1) == values(1)
    assert values(1) != values(2)


def test_each_site_has_its_own_templates() -> None:
    catalogue = Catalogue(Random(1))
    assert {catalogue.template(international=False) for _ in range(200)} == set(MAINLAND)
    assert {catalogue.template(international=True) for _ in range(200)} == set(INTERNATIONAL)
    assert {catalogue.template(international=True, globe=True) for _ in range(200)} == set(GLOBE)
    assert all(text_pattern(template).startswith(f"【{template.sign_name}】") for template in MAINLAND)
    assert {billed_segments(template, international=False) for template in MAINLAND} == {1, 2, 3}


def test_most_receipts_come_within_half_a_minute_and_all_within_an_hour() -> None:
    catalogue = Catalogue(Random(1))
    delays = [catalogue.receipt_delay() for _ in range(2_000)]
    assert 0.8 < sum(delay <= 30 for delay in delays) / 2_000 < 0.9
    assert (min(delays), max(delays) > 300, max(delays) <= 3_600) == (2, True, True)
