"""Reads answers: bytes into a mapping, and values out of a mapping, through every drift that is known.

What is neither JSON nor XML is ``None``; a value of a wrong type is :class:`DysmsUnreadable`. Nothing is ever taken for
nothing because it could not be read, and no value is repeated in an error.
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

#: The deepest answer of the documents has five levels.
MAX_DEPTH = 16

_BOM = b"\xef\xbb\xbf"
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_decode_json = msgspec.json.Decoder().decode


def decode(body: bytes) -> Mapping[str, object] | None:
    """Return what a body says, whatever it is written in; it never raises.

    :param body: JSON, or XML whose root ends in ``Response`` or ``Error``
    :returns: names and values, names beginning with a capital; ``None`` where the body is neither
    """
    body = body.removeprefix(_BOM).strip()
    try:
        answer = _from_xml(body.decode()) if body.startswith(b"<") else _decode_json(body)
    except (ValueError, RecursionError, SyntaxError):  # which XML's ParseError is
        return None
    return _capitalised(answer) if isinstance(answer, dict) else None


def known(fields: Mapping[str, object], names: frozenset[str]) -> tuple[Mapping[str, object], dict[str, object]]:
    """Return the fields with the names of today, and beside them those whose names are not known.

    The answers of 2017 wrote names with a small letter first.
    """
    if fields.keys() <= names:
        return fields, {}
    fields = _capitalised(fields)
    extra = {name: fields[name] for name in fields if name not in names}
    for name, value in extra.items():
        _check_depth(name, value)
    return fields, extra


def records(value: object, name: str) -> list[Mapping[str, object]]:
    """Return the records of a listing: a list, a single one, or nothing, bare or under a name.

    :param value: what stands where the records belong
    :param name: under which the records stand in it
    :raises DysmsUnreadable: it is something else; that is not nothing
    """
    if isinstance(value, dict):
        value = _capitalised(value)
        value = value.get(name, value)
    if value is None or value == {} or (isinstance(value, str) and not value.strip()):
        return []
    rows = [value] if isinstance(value, dict) else value
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise unreadable(name, "is no list of records")
    return rows


def text(fields: Mapping[str, object], name: str) -> str | None:
    """Return a text as it stands; a number is one too, and an empty one is none."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise unreadable(name, "is no text")


def token(fields: Mapping[str, object], name: str) -> str | None:
    """Return a text without the blanks around it: a code, an id, a number."""
    value = text(fields, name)
    return value.strip() or None if value else None


def required(fields: Mapping[str, object], name: str) -> str:
    """Return a token that must be there."""
    value = token(fields, name)
    if value is None:
        raise unreadable(name, "is missing")
    return value


def integer(fields: Mapping[str, object], name: str) -> int | None:
    """Return a whole number, written as a number or as a text."""
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
    raise unreadable(name, "is no whole number")


def count(fields: Mapping[str, object], name: str) -> int:
    """Return a whole number that must be there, and not be negative."""
    value = integer(fields, name)
    if value is None:
        raise unreadable(name, "is missing")
    if value < 0:
        raise unreadable(name, "is negative")
    return value


def instant(fields: Mapping[str, object], name: str) -> datetime | None:
    """Return a time, aware and in UTC; one without a zone is Beijing's."""
    try:
        return parse_instant(fields.get(name))
    except ValueError:
        raise unreadable(name, "is no time") from None


def day(fields: Mapping[str, object], name: str) -> date:
    """Return a day that must be there."""
    try:
        return parse_day(required(fields, name))
    except DysmsInputError:
        raise unreadable(name, "is no date") from None


def unreadable(name: str, problem: str) -> DysmsUnreadable:
    """Return the error of a field."""
    return DysmsUnreadable(f"{name} in the service's answer {problem}")


def _capitalised(fields: Mapping[str, object]) -> Mapping[str, object]:
    small = {name: name[0].upper() + name[1:] for name in fields if "a" <= name[:1] <= "z"}
    if not small:
        return fields
    # An exact name goes before one that only becomes it, which then stays what it is: unknown, and kept.
    return {
        small[name] if name in small and small[name] not in fields else name: value for name, value in fields.items()
    }


def _check_depth(name: str, value: object, depth: int = 0) -> None:
    """What is kept is written as JSON later, by encoders that would break on it there."""
    if depth > MAX_DEPTH:
        raise unreadable(name, "is nested too deeply")
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            _check_depth(name, part, depth + 1)


def _from_xml(document: str) -> object:
    # Neither is ever in an answer; entities are how a small body becomes a large one.
    if "<!DOCTYPE" in document or "<!ENTITY" in document:
        return None
    from xml.etree import ElementTree  # for answers that are hardly ever there

    root = ElementTree.fromstring(document)  # noqa: S314 - as a string, with no document type: nothing to expand
    if not root.tag.endswith(("Response", "Error")):
        return None
    value = _value(root, 0)
    if isinstance(value, str):
        return None if value.strip() else {}
    return value


def _value(element: ElementTree.Element, depth: int) -> str | dict[str, object]:
    """Return the text of an element, or its children by name; several of one name become a list."""
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
