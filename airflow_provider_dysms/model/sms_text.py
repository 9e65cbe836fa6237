"""Facts about the text of a message, taken before it is dropped: its signature, and its number of billed segments.

The vendor bills 70 characters as one message and a longer text by 67 on the mainland; abroad it bills 160 and 153
characters of the GSM-7 alphabet, or 70 and 67 of any other.
"""

from __future__ import annotations

import re
import unicodedata

#: A signature begins the text. Its brackets are part of the text and are billed with it.
_SIGNATURE = re.compile(r"\s*【([^【】]+)】")

#: The alphabet of GSM 03.38, one septet per character.
_GSM_7 = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Its extension, two septets per character.
_GSM_7_EXTENSION = "\f^{}\\[~]|€"
_GSM_7_ALPHABET = frozenset(_GSM_7 + _GSM_7_EXTENSION)


def sign_name(content: str) -> str | None:
    """Return the signature of a text, without its brackets; ``None`` if it has none."""
    match = _SIGNATURE.match(content)
    return match[1].strip() or None if match else None


def segments(content: str, *, international: bool) -> int:
    """Return the number of segments that a text is billed as: 0 for an empty one.

    :param content: the whole text, signature and brackets included
    :param international: whether the rules for numbers outside the mainland apply
    """
    if international and _GSM_7_ALPHABET.issuperset(content):
        septets = sum(2 if character in _GSM_7_EXTENSION else 1 for character in content)
        return _count_segments(septets, 160, 153)
    # An SMS travels in UTF-16, where an emoji takes two characters.
    return _count_segments(len(content.encode("utf-16-le", "surrogatepass")) // 2, 70, 67)


def fold_name(name: str) -> str:
    """Return the name of a column without the differences that SQL engines ignore: case, width and blanks."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _count_segments(length: int, max_single: int, max_part: int) -> int:
    if length <= max_single:
        return min(length, 1)
    return -(-length // max_part)
