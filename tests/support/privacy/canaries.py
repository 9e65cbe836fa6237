"""The canaries that are planted, and the spellings in which they are looked for.

All numbers of one run share digits that occur nowhere else, and so do all texts and all secrets: a search looks for the
few shared parts first, and for the many canaries only where one of those is.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html import unescape as unescaped_html
from urllib.parse import unquote_to_bytes

#: Such as stand between the digits of a number that a person wrote.
_BETWEEN_DIGITS = re.compile(rb"(?<=\d)(?:[ ().-]|\xc2\xa0|\xe2\x80\x91){1,3}(?=\d)")
_ESCAPED = re.compile(rb"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")
_ENTITY = re.compile(rb"&#x?[0-9a-fA-F]{1,6};")
_PERCENT = re.compile(rb"%(?:25)*([0-9a-fA-F]{2})")
_HEX = re.compile(rb"[0-9a-fA-F]{32,}")
_FULL_WIDTH = str.maketrans(string.digits, "０１２３４５６７８９")


@dataclass(frozen=True)
class Kind:
    """Canaries that share a part.

    :param shared: stands in each of them
    :param template: what one is made of the shared part and a serial number
    """

    shared: str
    template: str


@dataclass
class Canaries:
    """Numbers, texts and secrets that exist nowhere else, by name.

    >>> planted = Canaries()
    >>> planted.number("hook") == planted.number("hook")
    True
    """

    values: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._hashed: set[str] = set()
        self._by_hash: dict[bytes, tuple[str, str]] = {}
        digits = "".join(secrets.choice("123456789") for _ in range(4))
        letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(8))
        self._kinds = {
            # Eleven digits each, also without the country code of the foreign ones.
            "number": Kind(f"139{digits}", f"139{digits}{{:03}}7"),
            "foreign": Kind(f"151{digits}", f"49151{digits}{{:03}}7"),
            "text": Kind(f"金丝雀{letters}", f"金丝雀{letters}{{:03}}。"),
            "secret": Kind(f"Canary{letters}", f"Canary{letters}{{:03}}z"),
        }

    def number(self, name: str) -> str:
        """Return a mobile of the mainland."""
        return self._plant("number", name)

    def foreign(self, name: str) -> str:
        """Return a German mobile, with its country code."""
        return self._plant("foreign", name)

    def text(self, name: str) -> str:
        """Return a piece of a message, with letters that are not ASCII."""
        return self._plant("text", name)

    def secret(self, name: str) -> str:
        """Return a secret."""
        return self._plant("secret", name)

    def found_in(self, data: bytes) -> dict[str, str]:
        """Return the canaries that stand in data, by name, each with the spelling in which it does."""
        found: dict[str, str] = {}
        for reading, content in _readings(data):
            for shared, kind in ((each.shared, name) for name, each in self._kinds.items()):
                present = {way for way, spelled in spellings(shared) if spelled in content}
                for name, value in self.values.items() if present else ():
                    own = _searched(value)
                    if own.startswith(shared):
                        hits = (way for way, spelled in spellings(own) if way in present and spelled in content)
                        if way := next(hits, None):
                            found.setdefault(name, f"{way}{reading}")
                if present and kind in ("text", "secret") and not any(name.startswith(f"{kind} ") for name in found):
                    found.setdefault(f"{kind} (a part of one)", f"{min(present)}{reading}")
        hashes = {run.lower() for run in _HEX.findall(data)}
        return found | {name: way for spelled, (name, way) in self._hashes().items() if spelled in hashes}

    def _plant(self, kind: str, name: str) -> str:
        return self.values.setdefault(f"{kind} {name}", self._kinds[kind].template.format(len(self.values)))

    def _hashes(self) -> dict[bytes, tuple[str, str]]:
        """Eleven digits behind a hash without a key are found by trying."""
        for name, value in self.values.items():
            if name not in self._hashed:
                self._hashed.add(name)
                for written in (value, f"+{value}", f"86{value}", f"+86{value}"):
                    for way in ("md5", "sha1", "sha256"):
                        self._by_hash[hashlib.new(way, written.encode()).hexdigest().encode()] = name, f"{way}, no key"
        return self._by_hash


@cache  # the few shared parts are looked for in thousands of places
def spellings(value: str) -> tuple[tuple[str, bytes], ...]:
    """Return the ways in which a value is written, and what it looks like then.

    For the part that canaries share, each is a part of what the whole looks like. In base64 the last character may be
    out of sight, so it tells no canary from another.
    """
    return tuple(_spelled(value))


def _spelled(value: str) -> Iterator[tuple[str, bytes]]:
    written = {"": value}
    if value.isdigit():
        written |= {f" with {gap!r}": f"{value[:3]}{gap}{value[3:7]}{gap}{value[7:]}" for gap in " -"}
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", *(() if value.isascii() else ("gbk",))):
        for way, text in written.items():
            raw = text.encode(encoding)
            yield f"{encoding}{way}", raw
            yield f"{encoding}{way}, hex", raw.hex().encode()
            yield f"{encoding}{way}, HEX", raw.hex().upper().encode()
            for offset in range(3):
                yield f"{encoding}{way}, base64 from {offset}", _base64(raw, offset)
    yield "full-width digits", value.translate(_FULL_WIDTH).encode()


def _searched(value: str) -> str:
    """Leave the country code of a foreign number aside: it may be written without."""
    return value.removeprefix("49") if value.startswith("49151") else value


def _readings(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield data unchanged, as what escapes in it stand for, without what separates digits, and from its end."""
    yield "", data
    plain = data
    if b"\\" in plain:
        plain = _ESCAPED.sub(_character, plain)
    if b"&#" in plain:
        plain = _ENTITY.sub(lambda match: unescaped_html(match[0].decode()).encode(), plain)
    if b"%" in plain:
        plain = unquote_to_bytes(_PERCENT.sub(rb"%\1", plain))
    if plain != data:
        yield ", escaped", plain
    joined = _BETWEEN_DIGITS.sub(b"", plain)
    if joined != plain:
        yield ", with separators", joined
    yield ", backwards", _backwards(plain)


def _backwards(data: bytes) -> bytes:
    return data.decode("utf-8", "replace")[::-1].encode()


def _character(match: re.Match[bytes]) -> bytes:
    if match[2]:
        return bytes.fromhex(match[2].decode())
    return chr(int(match[1], 16)).encode("utf-8", "replace")


def _base64(raw: bytes, offset: int) -> bytes:
    """Return what base64 makes of bytes at an offset in their group, whatever stands around them."""
    encoded = base64.b64encode(b"\0" * offset + raw)
    return encoded[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
