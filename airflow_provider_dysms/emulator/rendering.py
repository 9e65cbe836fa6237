"""Answers as JSON or XML bytes."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

import msgspec

_JSON = msgspec.json.Encoder()
#: What no XML document can have.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TYPES = {"JSON": b"application/json;charset=utf-8", "XML": b"text/xml;charset=utf-8"}


def render(answer: dict[str, object], root: str, form: str) -> tuple[bytes, bytes]:
    """Return (content type, body).

    :param root: name of the XML root, ``QuerySendDetailsResponse`` or ``Error``
    :param form: ``JSON`` or ``XML``
    """
    if form == "JSON":
        return _TYPES[form], _JSON.encode(answer)
    return _TYPES[form], ("<?xml version='1.0' encoding='UTF-8'?>" + _element(root, answer)).encode()


def _element(name: str, value: object) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, dict):
        inner = "".join(_element(str(key), each) for key, each in value.items())
        return f"<{name}>{inner}</{name}>"
    if value is None or value == "":
        return f"<{name}/>"
    return f"<{name}>{escape(_NOT_XML.sub('?', str(value)))}</{name}>"
