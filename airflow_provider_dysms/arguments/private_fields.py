"""Keeps phone numbers and texts out of the arguments that Airflow stores in its database or shows in its UI.

Airflow stores and shows template fields before and after rendering. A value that is not JSON, and whose ``str`` only
names its kind, keeps its content out of both. :class:`PrivateField` wraps every assigned value, so that rendering
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
    """A value whose content is not shown.

    :param value: anything. Private values in it, also in lists and dicts, are unwrapped first; an iterator is read,
        and a set is sorted
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

        Text stays text, also if the DAG renders templates as native objects: that would make 0 of the code 000000.
        """
        task = copy.copy(context["task"])
        vars(task)["render_template_as_native_obj"] = False
        return type(self)(task.render_template(self._value, context))


class PrivateParameters(Private):
    """Names and values, such as the variables of a message template, that are not shown."""

    __slots__ = ()

    def __str__(self) -> str:
        return "private parameters"


class PrivateNumbers(Private):
    """Phone numbers of which only the count is shown.

    :param value: one number, several in a list, or text with several separated by commas, semicolons or line ends
    """

    __slots__ = ()

    def __str__(self) -> str:
        if any(mark in str(self._value) for mark in ("{{", "{%")):
            return "templated phone number(s)"
        try:
            return f"{len(_numbers('phone_numbers', self._value))} phone number(s)"
        except DysmsInputError:
            # Airflow calls this while it serializes the DAG; the task reports the error.
            return "phone number(s)"


class PrivateField:
    """A template field of an operator whose value is never shown.

    :param kind: the class that wraps the value, and says how it is shown
    """

    def __init__(self, kind: type[Private] = PrivateNumbers) -> None:
        self._kind = kind

    def __set_name__(self, owner: type, name: str) -> None:
        self._slot = f"_private_{name}"

    def __get__(self, operator: Any, owner: type | None = None) -> Any:
        return self if operator is None else operator.__dict__.get(self._slot)

    def __set__(self, operator: Any, value: Any) -> None:
        operator.__dict__[self._slot] = self.wrap(value)

    def wrap(self, value: Any) -> Any:
        """Wrap a value, except results of other tasks: Airflow must find those at any depth until it resolves them."""
        if value is None or hasattr(value, "resolve"):
            return value
        if any(XComArg.iter_xcom_references(value)):
            if isinstance(value, dict):
                return {name: self.wrap(part) for name, part in value.items()}
            return [self.wrap(part) for part in value]
        return self._kind(value)


class PrivatePartial:
    """A base class before BaseOperator that keeps private fields private in every place where Airflow keeps arguments.

    Airflow stores the arguments of ``partial()`` unchanged, and keeps the arguments of an operator in addition to its
    attributes; both may be sent to lineage.
    """

    @classmethod
    def partial(cls, **arguments: Any) -> Any:
        return super().partial(**cls._with_private(arguments))  # type: ignore[misc]

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, self._with_private({name: value})[name])

    def _hook_apply_defaults(self, **arguments: Any) -> tuple[tuple[()], dict[str, Any]]:
        """Airflow calls this before ``__init__``."""
        return (), self._with_private(arguments)

    @classmethod
    def _with_private(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        fields = {name: getattr(cls, name, None) for name in arguments}
        return {
            name: field.wrap(arguments[name]) if isinstance(field, PrivateField) else arguments[name]
            for name, field in fields.items()
        }


def reveal(value: Any) -> Any:
    """Return the value of a private field."""
    if isinstance(value, Private):
        return value._value
    if isinstance(value, dict):
        return {name: reveal(part) for name, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(reveal, value))
    return value


def in_order(value: Any) -> Any:
    """Return an iterator as a list, and a set sorted, because its order differs between processes; else the value."""
    if isinstance(value, AbstractSet):
        return sorted(value, key=str)
    return list(value) if isinstance(value, Iterator) else value


def raw_numbers(argument: str, value: Any) -> list[object]:
    """Return the numbers of a rendered private field, as they were written.

    :raises DysmsInputError: there are none, or the value is neither text nor a collection of numbers
    """
    numbers = _numbers(argument, reveal(value))
    if not numbers:
        raise DysmsInputError(argument, "is empty; give at least one number")
    return numbers


def normalized_numbers(argument: str, value: Any) -> list[str]:
    """Return the numbers of a rendered private field, as the API takes them.

    :raises DysmsInputError: one of them is not a phone number; the error has its position
    """
    return [_digits(argument, position, number) for position, number in enumerate(raw_numbers(argument, value), 1)]


def parameters_in(value: Any) -> Any:
    """Return the names and values of a rendered private field; a dict that a template has turned into text is read.

    :raises DysmsInputError: the text begins like an object, and reading it would lose something
    """
    value = reveal(value)
    if isinstance(value, str) and value.lstrip().startswith("{"):
        read = parse_structure("template_param", value)
        return value if is_json(value) else read  # JSON is sent unchanged: 1.10 is not 1.1
    return value


def split_list(argument: str, text: str) -> list[object]:
    """Split a text: a list in Python's own notation, which templates produce, or parts between separators.

    :raises DysmsInputError: it begins like a list and is not one
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
    raise DysmsInputError(argument, f"must be one number or a list of numbers, not {type(value).__name__}")


def _digits(argument: str, position: int, number: object) -> str:
    try:
        return parse_number(number).digits
    except DysmsInputError as error:
        raise DysmsInputError(argument, f"(number {position} of the list) {error.problem}") from None
