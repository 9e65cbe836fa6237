"""The day in the name of a file or a folder: ``{send_date:%Y-%m-%d}``."""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.errors import DysmsInputError

PROBLEM = "knows one placeholder, {send_date:%Y-%m-%d}; write other braces twice: {{ }}"

#: How a day may be written: codes of a day, and what stands between them; nothing, for ISO 8601. Widths and alignments
#: are not of a day, and make a text of any length.
_FORM = re.compile(r"|(?=.*%)(?:%[YymdjGVuUWwaAbB]|[^%{}<>=^!\x00-\x1f]){1,64}")

if TYPE_CHECKING:
    from datetime import date


def render_day(text: str, day: date, argument: str) -> str:
    """Fill in ``{send_date:...}``.

    :param text: with any number of placeholders
    :param argument: name of the argument, for the error
    :raises DysmsInputError: it has another placeholder, or a brace that is none
    """
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise DysmsInputError(argument, PROBLEM) from None
    filled = ""
    for literal, name, form, conversion in parts:
        filled += literal
        if name is None:
            continue
        if name != "send_date" or conversion is not None or not _FORM.fullmatch(form or ""):
            raise DysmsInputError(argument, PROBLEM)
        filled += format(day, form or "")
    return filled
