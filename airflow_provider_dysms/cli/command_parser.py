"""Replaces the parsers that Airflow makes for our commands, so that no phone number is taken or repeated.

Airflow's parser repeats wrong arguments, and prints the whole help to the standard output, where scripts read JSON.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.cli.cli_config import Arg, DefaultHelpParser

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

#: Options whose value is a number of bytes, which may look like a phone number.
_SIZES = frozenset({"--max-file-bytes", "--max-line-bytes"})

#: Digits that may be a phone number, together or grouped.
_DIGITS = re.compile(r"\+?\d(?:[ ().\-]{0,2}\d){6,}")

NUMBER_REFUSED = (
    "a phone number is never taken as an argument, because arguments stay in the shell's history and are shown in the "
    "list of processes; airflow dysms lookup reads numbers from its standard input, or asks for them"
)


class PrivateParser(DefaultHelpParser):
    """Refuses phone numbers, and writes one sentence about a wrong argument."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        arguments = list(args or ())
        values = (
            part
            for before, argument in zip(["", *arguments], arguments, strict=False)
            if before not in _SIZES and not argument.startswith(tuple(f"{name}=" for name in _SIZES))
            for part in (argument, *re.split(r"[=,;\s]+", argument))
        )
        if any(map(is_phone_number, [*values, " ".join(arguments)])):
            self.error(NUMBER_REFUSED)
        known, unknown = super().parse_known_args(arguments, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return known, unknown

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {_DIGITS.sub('***', message)}. See {self.prog} --help.\n")


class PassingParser(DefaultHelpParser):
    """Passes every argument on, ``--help`` too, as ``arguments``: the command has a parser of its own."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        known, _ = super().parse_known_args([], namespace)
        known.arguments = list(args or ())
        return known, []


class ParserClass(Arg):
    """An entry in the arguments of a command that replaces the class of the command's parser."""

    def __init__(self, parser_class: type[argparse.ArgumentParser]) -> None:
        super().__init__(flags=("parser_class",))  # type: ignore[no-untyped-call]  # Airflow sorts arguments by their flags
        self._parser_class = parser_class

    def add_to_parser(self, parser: argparse.ArgumentParser) -> None:
        parser.__class__ = self._parser_class


def is_phone_number(text: str, *, of_any_country: bool = False) -> bool:
    """Return whether an argument is a phone number: of the mainland, or with the ``+`` or ``00`` of another country.

    :param of_any_country: whether bare digits of another country are one too: ids and dates may look like them
    """
    from airflow_provider_dysms.model.phone_numbers.number import NumberError
    from airflow_provider_dysms.model.phone_numbers.parse import parse_number

    if not any(map(str.isdigit, text)):
        return False
    try:
        number = parse_number(text, to_query=False)
    except NumberError:
        return False
    return of_any_country or number.is_mainland or text.strip().startswith(("+", "00", "\uff0b", "tel:"))


def refuse_numbers(values: Sequence[str]) -> str | None:
    """Return why some ids are refused: one of them is a phone number; ``None`` if none is."""
    written = [*values, " ".join(values)]  # a number in groups is several arguments
    return NUMBER_REFUSED if any(is_phone_number(value, of_any_country=True) for value in written) else None
