"""Fills the day into the name of a file or a folder, as in ``send_date={send_date:%Y-%m-%d}``."""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from datetime import date

PROBLEM = "may have only the placeholder {send_date:%Y-%m-%d}; write other braces twice: {{ }}"

# A format is empty (ISO 8601), or has codes of a day with text between them. Widths and alignments are not allowed,
# because they make a text of any length.
_FORMAT = re.compile(r"|(?=.*%)(?:%[YymdjGVuUWwaAbB]|[^%{}<>=^!\x00-\x1f]){1,64}")


def render_day(text: str, day: date, argument: str) -> str:
    """Return a text with the day in the place of each ``{send_date:...}``.

    :param text: with any number of placeholders
    :param day: the day to fill in
    :param argument: name of the argument, for the error
    :raises DysmsInputError: it has another placeholder, or a brace that does not belong to one
    """
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise DysmsInputError(argument, PROBLEM) from None
    rendered = ""
    for literal, name, day_format, conversion in parts:
        rendered += literal
        if name is None:
            continue
        if name != "send_date" or conversion is not None or not _FORMAT.fullmatch(day_format or ""):
            raise DysmsInputError(argument, PROBLEM)
        rendered += format(day, day_format or "")
    return rendered
