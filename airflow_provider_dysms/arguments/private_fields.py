"""Keeps phone numbers and texts out of everything that Airflow stores or shows of a task's arguments.

Airflow writes template fields into its database and its UI, before and after rendering. A value that is not JSON and
prints as what it is keeps its content out of both; :class:`PrivateField` wraps whatever is assigned, so that rendering
(which assigns the attribute again) cannot unwrap it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any, Self

from airflow.sdk import XComArg

from airflow_provider_dysms.arguments.template_values import is_json, parse_structure
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.phone_numbers.parse import parse_number


class Private:
    """A value that does not show.

    :param value: anything; what is private already is taken out first, also inside of lists and dicts. What can be
        read only once is read here, and a set gets an order
    """

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = in_order(reveal(value))

    def __str__(self) -> str:
        return "private text"

    def __repr__(self) -> str:
        return f"<{self}>"

    def resolve(self, context: Any) -> Self:
        """Render templates in the value; Airflow calls this instead of looking into it.

        Text stays text, also where a DAG has native objects made of its templates: those make 0 of the code 000000.
        """
        task = copy.copy(context["task"])
        vars(task)["render_template_as_native_obj"] = False
        return type(self)(task.render_template(self._value, context))


class PrivateParameters(Private):
    """Names and values, such as those of a template, that do not show."""

    __slots__ = ()

    def __str__(self) -> str:
        return "private parameters"


class PrivateNumbers(Private):
    """Phone numbers that do not show.

    :param value: one number, several in a list, or text with several separated by commas, semicolons or line ends
    """

    __slots__ = ()

    def __str__(self) -> str:
        if any(mark in str(self._value) for mark in ("{{", "{%")):
            return "templated phone number(s)"
        try:
            return f"{len(_numbers('phone_numbers', self._value))} phone number(s)"
        except DysmsInputError:
            # Airflow asks for this while it writes the DAG down; the task will say what is wrong.
            return "phone number(s)"


class PrivateField:
    """A template field of an operator whose value never shows.

    :param kind: how it prints
    """

    def __init__(self, kind: type[Private] = PrivateNumbers) -> None:
        self._kind = kind

    def __set_name__(self, owner: type, name: str) -> None:
        self._slot = f"_private_{name}"

    def __get__(self, operator: Any, owner: type | None = None) -> Any:
        return self if operator is None else operator.__dict__.get(self._slot)

    def __set__(self, operator: Any, value: Any) -> None:
        operator.__dict__[self._slot] = self.wrapped(value)

    def wrapped(self, value: Any) -> Any:
        """Wrap a value, but for what Airflow resolves later: it must be seen until then, wherever it stands."""
        if value is None or hasattr(value, "resolve"):
            return value
        if any(XComArg.iter_xcom_references(value)):
            if isinstance(value, dict):
                return {name: self.wrapped(part) for name, part in value.items()}
            return [self.wrapped(part) for part in value]
        return self._kind(value)


class PrivatePartial:
    """Goes before BaseOperator, and keeps private fields so wherever Airflow keeps arguments.

    It writes those of ``partial()`` down as they are, and has those that an operator was made with beside its
    attributes; lineage may be told of both.
    """

    @classmethod
    def partial(cls, **arguments: Any) -> Any:
        return super().partial(**cls._kept_private(arguments))  # type: ignore[misc]

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, self._kept_private({name: value})[name])

    def _hook_apply_defaults(self, **arguments: Any) -> tuple[tuple[()], dict[str, Any]]:
        """Airflow calls this before ``__init__``."""
        return (), self._kept_private(arguments)

    @classmethod
    def _kept_private(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        fields = {name: getattr(cls, name, None) for name in arguments}
        return {
            name: field.wrapped(arguments[name]) if isinstance(field, PrivateField) else arguments[name]
            for name, field in fields.items()
        }


def reveal(value: Any) -> Any:
    """Return what a private field holds."""
    if isinstance(value, Private):
        return value._value
    if isinstance(value, dict):
        return {name: reveal(part) for name, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(reveal, value))
    return value


def in_order(value: Any) -> Any:
    """Return a list of what can be read only once, or of a set: its order differs between processes."""
    if isinstance(value, AbstractSet):
        return sorted(value, key=str)
    return list(value) if isinstance(value, Iterator) else value


def raw_numbers(argument: str, value: Any) -> list[object]:
    """Return the numbers of a rendered private field, as they were written.

    :raises DysmsInputError: there is none, or it is neither text nor a collection of numbers
    """
    numbers = _numbers(argument, reveal(value))
    if not numbers:
        raise DysmsInputError(argument, "is empty; name at least one number")
    return numbers


def normalized_numbers(argument: str, value: Any) -> list[str]:
    """Return the numbers of a rendered private field, as the API takes them.

    :raises DysmsInputError: one of them cannot be asked for; it is named by its place
    """
    return [_digits(argument, place, number) for place, number in enumerate(raw_numbers(argument, value), 1)]


def parameters_in(value: Any) -> Any:
    """Return the names and values of a rendered private field; what templates leave of a dict is read again.

    :raises DysmsInputError: it begins like an object, and not all of it would be kept
    """
    value = reveal(value)
    if isinstance(value, str) and value.lstrip().startswith("{"):
        read = parse_structure("template_param", value)
        return value if is_json(value) else read  # JSON goes out as it is written: 1.10 is not 1.1
    return value


def split_list(argument: str, text: str) -> list[object]:
    """Return what a text lists: Python's own writing of a list, which templates leave, or parts between commas.

    :raises DysmsInputError: it begins like a list and is none
    """
    if text.lstrip().startswith(("[", "(")):
        try:
            value = parse_structure(argument, text)
        except DysmsInputError:
            if text.lstrip().startswith("["):  # a number may begin with a bracket
                raise
            value = None
        if isinstance(value, (list, tuple)):
            return list(value)
    return [part.strip() for part in re.split(r"[,;，；\r\n]", text) if part.strip()]


def _numbers(argument: str, value: object) -> list[object]:
    if value is None:
        return []
    if isinstance(value, str):
        return split_list(argument, value)
    if isinstance(value, (int, float)):
        return [value]
    if isinstance(value, Iterable) and not isinstance(value, (bytes, dict)):
        return list(in_order(value))
    raise DysmsInputError(argument, f"is one number or a list of numbers, not {type(value).__name__}")


def _digits(argument: str, place: int, number: object) -> str:
    try:
        return parse_number(number).digits
    except DysmsInputError as error:
        raise DysmsInputError(argument, f"(number {place} of the list) {error.problem}") from None
