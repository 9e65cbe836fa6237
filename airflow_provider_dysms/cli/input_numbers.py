"""Reads phone numbers from the standard input or a prompt: as arguments they would stay in the shell's history."""

from __future__ import annotations

import getpass
import sys

from airflow_provider_dysms.arguments.private_fields import normalized_numbers, raw_numbers
from airflow_provider_dysms.model.errors import DysmsInputError

#: Bounds of one command: a look-up asks about them one after the other.
MAX_NUMBERS, MAX_BYTES = 1_000, 64 * 1024


def read_numbers() -> list[str]:
    """Return the numbers of the standard input, as the API takes them; at a terminal, ask for them.

    What is typed is not shown: screens are shared and recorded. The answer shows the numbers masked.

    :raises DysmsInputError: there are none or too many, or one of them is not a number; the error has its position
    """
    numbers = normalized_numbers("the input", _ask() if sys.stdin and sys.stdin.isatty() else _read_standard_input())
    if len(numbers) > MAX_NUMBERS:
        raise DysmsInputError("the input", f"has {len(numbers):,} numbers; a command takes at most {MAX_NUMBERS:,}")
    return numbers


def read_number() -> str:
    """Return one number of the standard input as it was written; at a terminal, ask for it.

    :raises DysmsInputError: there is none, or more than one
    """
    numbers = raw_numbers("the input", _ask(_ONE) if sys.stdin and sys.stdin.isatty() else _read_standard_input())
    if len(numbers) > 1:
        raise DysmsInputError("the input", f"has {len(numbers):,} numbers; a search takes one")
    return str(numbers[0])


_ONE, _MANY = "Phone number (it is not shown): ", "Phone numbers, separated by commas (they are not shown): "


def _ask(prompt: str = _MANY) -> str:
    try:
        return getpass.getpass(prompt)
    except EOFError:  # Ctrl-D
        return ""


def _read_standard_input() -> str:
    # Python has no standard input if the shell has closed it, as in: airflow dysms lookup <&-
    content = sys.stdin.buffer.read(MAX_BYTES + 1) if sys.stdin else b""
    if len(content) > MAX_BYTES:
        raise DysmsInputError("the input", f"is longer than {MAX_BYTES:,} bytes; use airflow dysms audit for a log")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DysmsInputError("the input", "is not UTF-8 text") from None
