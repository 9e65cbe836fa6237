"""Checks arguments of operators and sensors while a DAG is parsed, so that a wrong one is an import error of the DAG.

A check takes the name and the value of one argument. The same checks run again when the task runs, on the rendered
values. Numbers, ids and results of sends are data, which may come from anywhere: they are checked only when the task
runs. This module imports nothing that a DAG file does not load anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from airflow_provider_dysms.arguments.private_fields import reveal
from airflow_provider_dysms.arguments.task_view import TaskView
from airflow_provider_dysms.arguments.template_values import Templated
from airflow_provider_dysms.exceptions import DysmsArgumentError
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import safe_repr

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_dysms.arguments.template_values import Reader

    Check = Callable[[str, Any], object]

#: Beginnings of a Jinja template.
_TEMPLATE = ("{{", "{%", "{#")


class CheckedArguments(TaskView, Templated):
    """A base class before BaseOperator; subclasses call :meth:`check_literals` at the end of ``__init__``."""

    #: Argument -> its check, which raises :class:`DysmsInputError`.
    checks: ClassVar[Mapping[str, Check]] = {}
    #: Templated argument -> the function that reads its rendered value, if that is not just a text.
    readers: ClassVar[Mapping[str, Reader]] = {}
    template_fields: Any

    def check_literals(self) -> None:
        """Check every argument whose value is known while the DAG is parsed.

        :raises DysmsArgumentError: naming the argument
        """
        self._check_these({name: getattr(self, name) for name in self.checks})
        _raise_for_dag(self.check_together)

    def check_arguments(self) -> None:
        """Read and check every argument of a task that runs.

        :raises DysmsInputError: naming the argument
        """
        for name, read in self.readers.items():
            setattr(self, name, read(name, getattr(self, name)))
        for name, check in self.checks.items():
            check(name, reveal(getattr(self, name)))
        self.check_together()

    def check_together(self) -> None:
        """Check arguments that depend on each other, as far as that is known before templates are rendered.

        :raises DysmsInputError: naming one of them
        """

    @classmethod
    def partial(cls, **arguments: Any) -> Any:
        cls._check_these(arguments)
        partial = super().partial(**arguments)
        partial.__class__ = _checked_partial()  # so that expand() checks too
        return partial

    @classmethod
    def _check_these(cls, arguments: Mapping[str, Any]) -> None:
        for name, argument in arguments.items():
            value = reveal(argument)
            if name in cls.checks and _is_literal(value, templated=name in cls.template_fields):
                _raise_for_dag(cls.checks[name], name, value)


@cache
def _checked_partial() -> type:
    from airflow.sdk.definitions.mappedoperator import OperatorPartial

    class CheckedPartial(OperatorPartial):
        """The result of ``partial()``; it checks the literals of ``expand()``, and names the mapped instances."""

        __slots__ = ()

        def expand(self, **mapped: Any) -> Any:
            for name, values in mapped.items():
                for value in values if isinstance(values, (list, tuple)) else ():
                    self.operator_class._check_these({name: value})  # type: ignore[attr-defined]
            self.operator_class.fill_in_label(self.kwargs, mapped)  # type: ignore[attr-defined]
            return super().expand(**mapped)

        def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> Any:
            for each in kwargs if isinstance(kwargs, (list, tuple)) else ():
                if isinstance(each, Mapping):
                    self.operator_class._check_these(each)  # type: ignore[attr-defined]
                    self.operator_class.fill_in_label(self.kwargs, each)  # type: ignore[attr-defined]
            return super().expand_kwargs(kwargs, strict=strict)

    return CheckedPartial


def optional(check: Check) -> Check:
    """Return a check that accepts ``None`` too."""
    return lambda argument, value: None if value is None else check(argument, value)


def each(check: Check) -> Check:
    """Return a check of one text, or of every text in a list."""

    def check_all(argument: str, value: Any) -> None:
        for text in [value] if isinstance(value, str) else text_list(argument, value):
            check(argument, text)

    return check_all


def text_list(argument: str, value: Any) -> list[str]:
    """Check a list of texts."""
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return list(value)
    raise DysmsInputError(argument, f"must be one text or a list of texts, not {safe_repr(value)}")


def one_of(choices: Any) -> Check:
    """Return a check for one of a few words.

    :param choices: a ``Literal`` of them, or the words
    """
    words: tuple[Any, ...] = get_args(choices) or tuple(choices)

    return lambda argument, value: validation.word(argument, value, words)


def number(lowest: float, highest: float, what: str, *, above: bool = False) -> Check:
    """Return a check for a number.

    :param what: the kind of number, for the error, such as ``a number of seconds``
    :param above: whether it must be greater than ``lowest``
    """

    def check(argument: str, value: Any) -> None:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not lowest <= value <= highest or (above and value == lowest):
            span = f"above {lowest:g} and at most {highest:g}" if above else f"from {lowest:g} to {highest:.10g}"
            raise DysmsInputError(argument, f"must be {what} {span}, not {safe_repr(value)}")

    return check


def flag(argument: str, value: Any) -> None:
    """Check a switch: the text ``"False"`` would count as true."""
    if not isinstance(value, bool):
        raise DysmsInputError(argument, f"must be True or False, not {safe_repr(value)}")


def _raise_for_dag(check: Callable[..., object], *arguments: Any) -> None:
    """Run a check; raise its error as one that Airflow does not retry, without the frames that have the value."""
    try:
        check(*arguments)
        return
    except DysmsInputError as error:
        argument_error = DysmsArgumentError(error.argument, error.problem)
    raise argument_error


def _is_literal(value: Any, *, templated: bool) -> bool:
    """Return whether a value is known already: it has no template and no result of another task."""
    if hasattr(value, "resolve"):
        return False
    if isinstance(value, str):
        return not (templated and any(mark in value for mark in _TEMPLATE))
    if isinstance(value, Mapping):
        parts: list[Any] = [*value.keys(), *value.values()]
    elif isinstance(value, (list, tuple, AbstractSet)):
        parts = list(value)
    else:
        return True
    return all(_is_literal(part, templated=templated) for part in parts)
