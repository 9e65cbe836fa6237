"""The day in the name of a file or a folder: ``{send_date:%Y-%m-%d}``."""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING

from airflow_provider_dysms.api.errors import DysmsInputError

if TYPE_CHECKING:
    from datetime import date


def with_day(text: str, day: date, argument: str) -> str:
    """Fill in ``{send_date:...}``.

    :param text: with any number of placeholders
    :param argument: name of the argument, for the error
    :raises DysmsInputError: it has another placeholder, or a brace that is none
    """
    try:
        fields = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
        if set(fields) <= {"send_date"}:
            return text.format(send_date=day)
    except (AttributeError, ValueError, IndexError, KeyError):
        pass
    raise DysmsInputError(argument, "knows one placeholder, {send_date:%Y-%m-%d}; write other braces twice: {{ }}")
