"""Headers as they are sent: one text, a line each. Thousands a second are made so, and only adapters need fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def header_lines(fields: Mapping[str, str]) -> str:
    """Return headers as they are sent, each with the end of its line."""
    return "".join([f"{name}: {value}\r\n" for name, value in fields.items()])


def header_fields(lines: str) -> dict[str, str]:
    """Return what :func:`header_lines` was given."""
    return dict(line.split(": ", 1) for line in lines.split("\r\n")[:-1])
