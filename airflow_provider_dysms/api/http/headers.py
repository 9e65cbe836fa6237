"""Converts HTTP headers between a mapping of fields and the lines that are sent.

The client makes thousands of requests per second and works with lines; only adapters need fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def header_lines(fields: Mapping[str, str]) -> str:
    """Return the lines of headers, each with its line end."""
    return "".join([f"{name}: {value}\r\n" for name, value in fields.items()])


def header_fields(lines: str) -> dict[str, str]:
    """Return the fields of lines that :func:`header_lines` made."""
    return dict(line.split(": ", 1) for line in lines.split("\r\n")[:-1])
