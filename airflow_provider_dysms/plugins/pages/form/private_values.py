"""Finds out whether a text may be a phone number: such a text must not stand in an address.

Addresses stand in access logs, in the history of browsers and in the logs of proxies. A value that may be a number, in
any field, is taken from the body of a request alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from airflow_provider_dysms.model.phone_numbers.recognition import may_be_number

if TYPE_CHECKING:
    from collections.abc import Iterable

#: A day, or a time of a day, as the fields of a form write it.
WRITTEN_TIME = re.compile(r"(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9](?:[T ][0-2][0-9]:[0-5][0-9](?::[0-5][0-9])?)?")
_CURSORS = re.compile(r"[A-Za-z0-9_-]{70,200}(?:\.[A-Za-z0-9_-]{70,200})*")

#: Field -> the form in which its digits are not those of a number.
_FORMS = {
    **dict.fromkeys(("sent_from", "sent_to", "day"), WRITTEN_TIME),
    **dict.fromkeys(("cursor", "trail"), _CURSORS),
}


def is_private_query(query: str) -> bool:
    """Return whether the query of an address has something in it that may be a phone number.

    :param query: the part of the address after the question mark
    """
    return has_private_value(parse_qsl(query, keep_blank_values=True, separator="&"))


def has_private_value(fields: Iterable[tuple[str, str]]) -> bool:
    """Return whether a field may hold a phone number.

    :param fields: names and values
    """
    return any(_is_private(name, value) for name, value in fields)


def _is_private(name: str, value: str) -> bool:
    if name == "phone_number" and value:
        return True
    form = _FORMS.get(name)
    return may_be_number(name) or (may_be_number(value) and not (form and form.fullmatch(value)))
