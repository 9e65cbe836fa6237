"""TODO model.ids"""

from __future__ import annotations

import re

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.nothing import is_word_for_nothing

_ID = re.compile(r"[!-~]{1,255}")


def given_id(argument: str, value: object) -> str:
    """Check an id that the service gave."""
    if isinstance(value, str) and _ID.fullmatch(value):
        if is_word_for_nothing(value):
            raise DysmsInputError(argument, f"is {value!r}, the word for no id: what it came from gave nothing")
        return value
    raise DysmsInputError(argument, "must be an id as the service returned it: text, without blanks")
