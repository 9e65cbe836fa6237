"""Decodes response bodies (JSON or XML) and reads typed values from them, in every form the service has used.

A body that is neither JSON nor XML is ``None``; a value of a wrong type is a :class:`DysmsUnreadable`. A value that
cannot be read is never treated as missing, and an error never quotes a value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_dysms.model.dates import parse_day, parse_instant
from airflow_provider_dysms.model.errors import DysmsInputError, DysmsUnreadable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from xml.etree import ElementTree

#: Levels of nesting that are accepted; the deepest documented response has five.
MAX_DEPTH = 16

_BOM = b"\xef\xbb\xbf"
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_decode_json = msgspec.json.Decoder().decode


def decode(body: bytes) -> Mapping[str, object] | None:
    """Decode a body; never raises.

    :param body: JSON, or XML whose root ends in ``Response`` or ``Error``
    :returns: names, with a capital first letter, and values; ``None`` if the body is neither JSON nor XML
    """
    body = body.removeprefix(_BOM).strip()
    try:
        payload = _from_xml(body.decode()) if body.startswith(b"<") else _decode_json(body)
    except (ValueError, RecursionError, SyntaxError):  # the ParseError of XML is a SyntaxError
        return None
    return _capitalised(payload) if isinstance(payload, dict) else None


def known(fields: Mapping[str, object], names: frozenset[str]) -> tuple[Mapping[str, object], dict[str, object]]:
    """Return the fields under today's names, and a mapping of the fields with unknown names.

    The responses of 2017 have names with a small first letter.
    """
    if fields.keys() <= names:
        return fields, {}
    fields = _capitalised(fields)
    extra = {name: fields[name] for name in fields if name not in names}
    for name, value in extra.items():
        _check_depth(name, value)
    return fields, extra


def records(value: object, name: str) -> list[Mapping[str, object]]:
    """Return the records of a listing: a list, a single record, or nothing, bare or under a name.

    :param value: the value in the place of the records
    :param name: name under which the value may hold the records
    :raises DysmsUnreadable: the value is something else, which must not be treated as an empty listing
    """
    if isinstance(value, dict):
        value = _capitalised(value)
        value = value.get(name, value)
    if value is None or value == {} or (isinstance(value, str) and not value.strip()):
        return []
    rows = [value] if isinstance(value, dict) else value
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise unreadable(name, "is not a list of records")
    return rows


def text(fields: Mapping[str, object], name: str) -> str | None:
    """Return a text unchanged; a number becomes a text, and an empty text ``None``."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise unreadable(name, "is not text")


def token(fields: Mapping[str, object], name: str) -> str | None:
    """Return a text without surrounding blanks: a code, an id, a phone number."""
    value = text(fields, name)
    return value.strip() or None if value else None


def required(fields: Mapping[str, object], name: str) -> str:
    """Return a required token."""
    value = token(fields, name)
    if value is None:
        raise unreadable(name, "is missing")
    return value


def integer(fields: Mapping[str, object], name: str) -> int | None:
    """Return a whole number, which may be written as a number or as text."""
    value = fields.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if value is None:
        return None
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        if _INTEGER.fullmatch(value):
            return int(value)
    raise unreadable(name, "is not a whole number")


def count(fields: Mapping[str, object], name: str) -> int:
    """Return a required whole number that is not negative."""
    value = integer(fields, name)
    if value is None:
        raise unreadable(name, "is missing")
    if value < 0:
        raise unreadable(name, "is negative")
    return value


def instant(fields: Mapping[str, object], name: str) -> datetime | None:
    """Return an aware time in UTC; a time without a zone is in Beijing time."""
    try:
        return parse_instant(fields.get(name))
    except ValueError:
        raise unreadable(name, "is not a time") from None


def day(fields: Mapping[str, object], name: str) -> date:
    """Return a required day."""
    try:
        return parse_day(required(fields, name))
    except DysmsInputError:
        raise unreadable(name, "is not a date") from None


def unreadable(name: str, problem: str) -> DysmsUnreadable:
    """Return the error of a field."""
    return DysmsUnreadable(f"{name} in the service's response {problem}")


def _capitalised(fields: Mapping[str, object]) -> Mapping[str, object]:
    small = {name: name[0].upper() + name[1:] for name in fields if "a" <= name[:1] <= "z"}
    if not small:
        return fields
    # If both spellings are present, the capital one wins, and the other one is kept as an unknown field.
    return {
        small[name] if name in small and small[name] not in fields else name: value for name, value in fields.items()
    }


def _check_depth(name: str, value: object, depth: int = 0) -> None:
    """Refuse a value that the JSON encoders of the output could not write."""
    if depth > MAX_DEPTH:
        raise unreadable(name, "is nested too deeply")
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            _check_depth(name, part, depth + 1)


def _from_xml(document: str) -> object:
    # A response never has either of them, and entities can expand a small body into a huge one.
    if "<!DOCTYPE" in document or "<!ENTITY" in document:
        return None
    from xml.etree import ElementTree  # imported here because XML responses are rare

    root = ElementTree.fromstring(document)  # noqa: S314 - without a document type there is nothing to expand
    if not root.tag.endswith(("Response", "Error")):
        return None
    value = _value(root, 0)
    if isinstance(value, str):
        return None if value.strip() else {}
    return value


def _value(element: ElementTree.Element, depth: int) -> str | dict[str, object]:
    """Return the text of an element, or its children by name; children with the same name become a list."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if len(element) == 0:
        return element.text or ""
    if any((part or "").strip() for part in (element.text, *(child.tail for child in element))):
        raise ValueError("text between elements")
    children: dict[str, list[object]] = {}
    for child in element:
        children.setdefault(child.tag.rpartition("}")[2], []).append(_value(child, depth + 1))
    return {name: values[0] if len(values) == 1 else values for name, values in children.items()}
