"""Each check returns a good value, and names the argument, not the value, if it is bad."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Callable


def test_good_values_come_back_as_text() -> None:
    assert validation.whole_number("page", 1, "pages", 1, 3) == "1"
    assert validation.whole_number("page", 3, "pages", 1, 3) == "3"
    assert validation.one_of("kind", 2, (1, 2)) == "2"
    assert validation.text("name", "阿里云") == "阿里云"
    assert validation.text("name", "abc", 3) == "abc"
    validation.word("format", "csv", ("csv", "jsonl"))


@pytest.mark.parametrize(
    ("check", "problem"),
    [
        (lambda: validation.whole_number("it", 0, "pages", 1, 3), "must be a whole number from 1 to 3 (pages)"),
        (lambda: validation.whole_number("it", 4, "pages", 1, 3), "must be a whole number from 1 to 3 (pages)"),
        (lambda: validation.whole_number("it", True, "pages", 1, 3), "must be a whole number from 1 to 3 (pages)"),
        (lambda: validation.whole_number("it", "1", "pages", 1, 3), "must be a whole number from 1 to 3 (pages)"),
        (lambda: validation.one_of("it", True, (1, 2)), "must be one of 1, 2"),
        (lambda: validation.one_of("it", "c", ("a", "b")), "must be one of 'a', 'b'"),
        (lambda: validation.text("it", 7), "must be text, not int"),
        (lambda: validation.text("it", " \n"), "is empty"),
        (lambda: validation.text("it", "abcd", 3), "has 4 characters; at most 3 are allowed"),
        (lambda: validation.text("it", "\ud83d"), "has half a character (a lone surrogate); decode it properly"),
        (lambda: validation.word("it", "xml", ("csv", "jsonl")), "must be one of csv, jsonl, not 'xml'"),
        (
            lambda: validation.word("it", "JSON", ("csv", "jsonl")),
            "must be one of csv, jsonl, not 'JSON'; did you mean 'jsonl'?",
        ),
        (lambda: validation.word("it", "13900001111", ("csv",)), "must be one of csv, not this str"),
        (lambda: validation.word("it", ["csv"], ("csv",)), "must be one of csv, not this list; did you mean 'csv'?"),
    ],
)
def test_a_bad_value_is_an_error_that_says_what_is_allowed(check: Callable[[], object], problem: str) -> None:
    with pytest.raises(DysmsInputError) as caught:
        check()
    assert (caught.value.argument, caught.value.problem) == ("it", problem)
