"""Reads arguments as templates leave them: one reader for each kind of value.

A template leaves text, or, with ``render_template_as_native_obj``, what a single expression returned. Readers take
both. What they cannot read without losing something they refuse: a code ``000000`` that was written as a number, a key
that an object has twice.
"""

from __future__ import annotations

import ast
import copy
import io
import json
import os
import re
import tokenize
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import safe_repr

if TYPE_CHECKING:
    from collections.abc import Callable

    Reader = Callable[[str, Any], Any]

#: Characters of a text that is read as a list, a mapping or JSON: a thousand long numbers take a hundredth of it.
MAX_TEXT = 1_000_000


#: How Python prints what is neither text nor a list: ``dict_keys(['a'])``, ``<generator object ...>``.
_PRINTED = re.compile(r"[A-Za-z_.]+\(['\"\[{(]|<.*>$", re.DOTALL)


class Templated:
    """Goes before BaseOperator: what its templates leave is read as it was meant.

    Airflow reads text that is rendered natively as Python: ``20261128_1`` becomes 202611281. Here a template that is a
    single expression leaves what that returned, and any other template leaves text.
    """

    def _render(self, template: Any, context: Any, dag: Any = None) -> Any:
        from jinja2.nativetypes import NativeEnvironment

        env = template.environment
        if not isinstance(env, NativeEnvironment):
            return super()._render(template, context, dag)  # type: ignore[misc]
        names = copy.copy(context)
        names.update((name, value) for name, value in (template.globals or {}).items() if name not in context)
        try:
            parts = list(template.root_render_func(env.context_class(env, names, template.name, template.blocks)))
        except Exception:
            env.handle_exception()
        return parts[0] if len(parts) == 1 else "".join(map(str, parts))


def text(argument: str, value: object) -> object:
    """Return a text; a whole number is one without quotes. Anything else is for the check of the argument to refuse."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def uri(argument: str, value: object) -> object:
    """Return the URI of a path of object storage."""
    if isinstance(value, str):
        return value
    from airflow.sdk import ObjectStoragePath  # and fsspec, which most DAG files do without

    return str(value) if isinstance(value, (ObjectStoragePath, os.PathLike)) else value


def texts(argument: str, value: object) -> list[str] | None:
    """Return a list of texts; one text is a list of one.

    :raises DysmsInputError: it is not a list of texts
    """
    if value is None:
        return None
    if isinstance(value, str):
        if _PRINTED.match(value.strip()):
            raise DysmsInputError(argument, "is how Python prints an object; make a list of it in the template: | list")
        value = structure(argument, value) if value.lstrip().startswith(("[", "(", "{")) else [value]
    if isinstance(value, (bytes, Mapping)) or not isinstance(value, Iterable):
        raise DysmsInputError(argument, f"must be one text or a list of texts, not {safe_repr(value)}")
    found = sorted(value, key=str) if isinstance(value, AbstractSet) else list(value)
    for each in found:
        if not isinstance(each, str):
            raise DysmsInputError(argument, f"must be one text or a list of texts, and has {safe_repr(each)} in it")
    return found


def mapping(argument: str, value: object) -> dict[str, Any] | None:
    """Return a mapping of names to values.

    :raises DysmsInputError: it is not a mapping
    """
    if value is None:
        return None
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = structure(argument, value)
    if not isinstance(value, Mapping):
        raise DysmsInputError(argument, f"must be a mapping of names to values, not {safe_repr(value)}")
    return dict(value)


def structure(argument: str, written: str) -> Any:
    """Return the list or the mapping of a text: JSON, or Python's own way to write it, which templates leave.

    :raises DysmsInputError: it is neither, or not all of it would be kept
    """
    if len(written) > MAX_TEXT:
        raise DysmsInputError(argument, f"is longer than {MAX_TEXT:,} characters")
    try:
        return json.loads(written, object_pairs_hook=_unique, parse_constant=_refuse)
    except _Twice:
        raise DysmsInputError(argument, "has a name twice in one object; give each once") from None
    except (ValueError, RecursionError):
        pass
    try:
        tree = ast.parse(written.strip(), mode="eval")
        value = ast.literal_eval(tree)
        problem = _what_is_lost(tree, written.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise DysmsInputError(
            argument, "begins like a list or a mapping, and is neither JSON nor a list or mapping as Python writes it"
        ) from None
    if problem:
        raise DysmsInputError(argument, problem)
    return value


def is_json(written: str) -> bool:
    """Whether a text is JSON."""
    try:
        json.loads(written)
    except (ValueError, RecursionError):
        return False
    return True


class _Twice(ValueError):
    """A name stands twice in an object."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Twice
    return found


def _refuse(_: str) -> None:
    raise ValueError("not a JSON number")


def _what_is_lost(tree: ast.AST, written: str) -> str | None:
    """Say what of a text the value that Python reads from it does not show."""
    lines = written.encode().split(b"\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float, complex):
            number = lines[node.lineno - 1][node.col_offset : node.end_col_offset]
            if number.decode() != repr(node.value):
                return "has a number in it that is not written as numbers are, such as 000000 or 1_0; quote it"
        if isinstance(node, ast.Dict):
            names = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            if len(set(names)) < len(names):
                return "has a name twice in one object; give each once"
    return "has two texts in it without a comma between them" if _is_joined(written) else None


def _is_joined(written: str) -> bool:
    """Whether two texts stand side by side, as NumPy writes arrays: Python would make one text of them."""
    kinds = [token.type for token in tokenize.generate_tokens(io.StringIO(written).readline)]
    return (tokenize.STRING, tokenize.STRING) in pairwise(kinds)
