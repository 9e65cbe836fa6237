"""Checks of what a send is given, as templates and other tasks leave it; what the API itself asks is checked there."""

from __future__ import annotations

from typing import Any

from airflow_provider_dysms.arguments.private_fields import normalized_numbers
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.ids import is_null_word
from airflow_provider_dysms.model.phone_numbers.parse import parse_number


def refuse_repeated(numbers: list[str]) -> None:
    """Refuse a list that names a number twice.

    :param numbers: as the API takes them
    :raises DysmsInputError: naming the places, not the number
    """
    places: dict[str, int] = {}
    for place, number in enumerate(numbers, 1):
        if number in places:
            raise DysmsInputError(
                "phone_numbers", f"has the same number at places {places[number]} and {place}; name each once"
            )
        places[number] = place


def international_number(value: Any) -> str:
    """Return the one number outside the mainland that a rendered private field names, as the API takes it.

    :raises DysmsInputError: there is none, or several, or it is one of the mainland
    """
    numbers = normalized_numbers("to", value)
    if len(numbers) > 1:
        raise DysmsInputError("to", f"has {len(numbers)} numbers, and one message has one; map the task for more")
    if parse_number(numbers[0]).is_mainland:
        raise DysmsInputError("to", "is a number of the mainland; send to it with DysmsSendSmsOperator")
    return numbers[0]


def required_text(argument: str, value: object, longest: int | None = 255) -> str:
    """Return a text that must be there.

    :param longest: most characters; ``None``: the API alone says
    :raises DysmsInputError: there is none, or a word for none
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # what native rendering makes of digits
    text = validation.text(argument, value, longest)
    if is_null_word(text):
        raise DysmsInputError(argument, f"is {text.strip()!r}, a word for nothing: what it came from gave nothing")
    return text


def optional_text(argument: str, value: object) -> str | None:
    """Return a text, where there is one.

    :raises DysmsInputError: it is none, or a word for none
    """
    return None if value is None else required_text(argument, value)


def as_int(value: object) -> object:
    """Return a number of what a template has made text of; anything else as it is."""
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else value
