"""One number in the ways people and programs write it, and numbers of other countries."""

from __future__ import annotations

from urllib.parse import quote

NUMBER = "139" + "12345678"
FULL_WIDTH = "".join(chr(ord(digit) + 0xFEE0) for digit in NUMBER)
ARABIC = "".join(chr(ord(digit) - 0x30 + 0x660) for digit in NUMBER)

SPELLINGS = [
    NUMBER,
    f"+86{NUMBER}",
    f"0086 {NUMBER}",
    f"+86 {NUMBER[:3]}-{NUMBER[3:7]}-{NUMBER[7:]}",
    f"({NUMBER[:3]}) {NUMBER[3:7]} {NUMBER[7:]}",
    ".".join(NUMBER),
    f"tel:{NUMBER}",
    f"x{NUMBER}",
    f"SMS_{NUMBER}",
    f"Li {NUMBER}",
    FULL_WIDTH,
    ARABIC,
    "\u200b".join(NUMBER),
    quote(quote("+86" + NUMBER)),
    "4402000000",
    "+852 6123 4567",
    "1 (415) 555-0100",
]
