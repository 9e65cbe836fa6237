"""Ids that the service gives to messages and requests, and the words that programs write for a missing value."""

from __future__ import annotations

import re

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import is_visible_ascii

#: Characters of an id.
MAX_ID = 255

#: The smsMsgId of Huawei: a UUID and a number.
HUAWEI_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?:_\d+)?")

#: In lower case. ``NA`` is not among them: it is the country code of Namibia.
_NULL_WORDS = frozenset(
    {
        *("none", "null", "<null>", "(null)"),  # Python, SQL, and tools that show what SQL returned
        "\\n",  # the \N of MySQL, Hive and PostgreSQL
        *("nan", "<na>", "n/a", "#n/a"),  # pandas and Excel
        "undefined",  # JavaScript
    }
)


def vendor_id(argument: str, value: object) -> str:
    """Check an id that the service gave, such as a BizId or a MessageId.

    :param argument: name of the argument, for the error
    :param value: 1 to 255 visible ASCII characters
    :returns: the id, unchanged
    :raises DysmsInputError: it cannot be an id of the service, or is a word for a missing value
    """
    if isinstance(value, str) and is_visible_ascii(value, MAX_ID):
        if is_null_word(value):
            raise DysmsInputError(
                argument, f"is {value!r}, a word for a missing value; check the task or column that the id comes from"
            )
        return value
    raise DysmsInputError(argument, "must be an id as the service returned it: text without blanks")


def is_null_word(text: str) -> bool:
    """Return whether a text is a word for a missing value, in any case and with blanks around it."""
    return text.strip().lower() in _NULL_WORDS
