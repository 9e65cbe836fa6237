"""Writes the payload of a response as JSON or XML bytes."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

import msgspec

_JSON = msgspec.json.Encoder()
#: Characters that XML 1.0 does not allow.
_INVALID_XML_CHARACTERS = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONTENT_TYPES = {"JSON": b"application/json;charset=utf-8", "XML": b"text/xml;charset=utf-8"}


def render(payload: dict[str, object], root: str, format_name: str) -> tuple[bytes, bytes]:
    """Return the content type and the body of a response.

    :param payload: field name -> value
    :param root: name of the XML root element, such as ``QuerySendDetailsResponse`` or ``Error``
    :param format_name: ``JSON`` or ``XML``
    """
    if format_name == "JSON":
        return _CONTENT_TYPES[format_name], _JSON.encode(payload)
    return _CONTENT_TYPES[format_name], ("<?xml version='1.0' encoding='UTF-8'?>" + _element(root, payload)).encode()


def _element(name: str, value: object) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, dict):
        children = "".join(_element(str(key), item) for key, item in value.items())
        return f"<{name}>{children}</{name}>"
    if value is None or value == "":
        return f"<{name}/>"
    return f"<{name}>{escape(_INVALID_XML_CHARACTERS.sub('?', str(value)))}</{name}>"
