"""Keeps phone numbers out of everything that Airflow stores or shows of a task's arguments.

Airflow writes template fields into its database and its UI, before and after rendering. A value that is not JSON and
prints as a count keeps the numbers out of both; :class:`PrivateField` wraps whatever is assigned, so that rendering
(which assigns the attribute again) cannot unwrap it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any

from airflow.sdk import XComArg

from airflow_provider_dysms.api.errors import DysmsInputError


class PrivateNumbers:
    """Phone numbers that do not show.

    :param value: one number, several in a list, or text with several separated by commas, semicolons or line ends
    """

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __str__(self) -> str:
        if any(mark in str(self._value) for mark in ("{{", "{%")):
            return "templated phone number(s)"
        try:
            return f"{len(self.reveal())} phone number(s)"
        except DysmsInputError:
            # Airflow asks for this while it writes the DAG down; the task will say what is wrong.
            return "phone number(s)"

    def __repr__(self) -> str:
        return f"<{self}>"

    def resolve(self, context: Any) -> PrivateNumbers:
        """Render templates in the value; Airflow calls this instead of looking into it."""
        return PrivateNumbers(context["task"].render_template(self._value, context))

    def reveal(self) -> list[object]:
        """Return the numbers as they were written.

        :raises DysmsInputError: the value is neither text nor a collection of numbers
        """
        value = self._value
        if isinstance(value, str):
            return listed("phone_numbers", value)
        if isinstance(value, (int, float)):
            return [value]
        if isinstance(value, Iterable) and not isinstance(value, (bytes, dict)):
            return list(value)
        raise DysmsInputError("phone_numbers", f"is one number or a list of numbers, not {type(value).__name__}")


def listed(argument: str, text: str) -> list[object]:
    """Return what a text lists: Python's own writing of a list, which templates leave, or parts between commas.

    :raises DysmsInputError: it begins like a list and is none
    """
    if text.lstrip().startswith(("[", "(")):
        try:
            value = ast.literal_eval(text.strip())
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            value = None
        if isinstance(value, (list, tuple)):
            return list(value)
        if text.lstrip().startswith("["):
            raise DysmsInputError(argument, "begins like a list and is none")
    return [part.strip() for part in re.split(r"[,;，；\r\n]", text) if part.strip()]


def revealed(value: Any) -> list[object]:
    """Return the numbers of a rendered private field.

    :raises DysmsInputError: there is none
    """
    numbers = [] if value is None else (value if isinstance(value, PrivateNumbers) else PrivateNumbers(value)).reveal()
    if not numbers:
        raise DysmsInputError("phone_numbers", "is empty; name at least one number")
    return numbers


class PrivateField:
    """A template field of an operator whose value never shows."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._slot = f"_private_{name}"

    def __get__(self, operator: Any, owner: type | None = None) -> Any:
        return self if operator is None else operator.__dict__.get(self._slot)

    def __set__(self, operator: Any, value: Any) -> None:
        # What Airflow resolves later (XComArg, DagParam, a list with one in it) must be seen by it until then.
        refers = value is None or hasattr(value, "resolve") or any(XComArg.iter_xcom_references(value))
        operator.__dict__[self._slot] = value if refers else PrivateNumbers(value)
