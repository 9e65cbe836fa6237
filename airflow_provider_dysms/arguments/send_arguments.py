"""Checks the arguments of the send operators as templates leave them; the API module checks what the API requires."""

from __future__ import annotations

from typing import Any

from airflow_provider_dysms.arguments.private_fields import normalized_numbers
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.ids import is_null_word
from airflow_provider_dysms.model.phone_numbers.parse import parse_number


def refuse_repeated(numbers: list[str]) -> None:
    """Refuse a list that has a number twice.

    :param numbers: as the API takes them
    :raises DysmsInputError: naming the positions, not the number
    """
    positions: dict[str, int] = {}
    for position, number in enumerate(numbers, 1):
        if number in positions:
            raise DysmsInputError(
                "phone_numbers",
                f"has the same number at positions {positions[number]} and {position}; list each number once",
            )
        positions[number] = position


def international_number(value: Any) -> str:
    """Return the one number outside the mainland that a rendered private field has, as the API takes it.

    :raises DysmsInputError: there is none, or several, or it is a mainland number
    """
    numbers = normalized_numbers("to", value)
    if len(numbers) > 1:
        raise DysmsInputError(
            "to", f"has {len(numbers)} numbers, and a message has only one; map the task to send several"
        )
    if parse_number(numbers[0]).is_mainland:
        raise DysmsInputError("to", "is a mainland number; send to it with DysmsSendSmsOperator")
    return numbers[0]


def required_text(argument: str, value: object, max_length: int | None = 255) -> str:
    """Return a text that must be given.

    :param max_length: in characters; ``None``: the API module checks it
    :raises DysmsInputError: there is none, or a word such as ``None``
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # native rendering makes numbers of digits
    text = validation.text(argument, value, max_length)
    if is_null_word(text):
        raise DysmsInputError(argument, f"is {text.strip()!r}, a word for nothing: its source had no value")
    return text


def optional_text(argument: str, value: object) -> str | None:
    """Return a text, or ``None`` if there is none.

    :raises DysmsInputError: it is not text, or a word such as ``None``
    """
    return None if value is None else required_text(argument, value)


def as_int(value: object) -> object:
    """Return the number that a template has turned into text; anything else unchanged."""
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else value
