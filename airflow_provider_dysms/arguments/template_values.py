"""Reads the rendered values of template fields: one reader for each kind of value.

A template renders to text, or, with ``render_template_as_native_obj``, to the value of a single expression. Readers
take both. They refuse a value that they cannot read without losing something: a code ``000000`` that was written as a
number, an object that has a key twice.
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

#: Longest text in characters that is read as a list, a mapping or JSON; a thousand long numbers have a hundredth of it.
MAX_TEXT_LENGTH = 1_000_000


#: How Python prints other objects than texts and lists: ``dict_keys(['a'])``, ``<generator object ...>``.
_PRINTED = re.compile(r"[A-Za-z_.]+\(['\"\[{(]|<.*>$", re.DOTALL)


class Templated:
    """A base class before BaseOperator whose templates render to what they say.

    Airflow evaluates natively rendered text as Python: ``20261128_1`` becomes 202611281. Here a template that is a
    single expression renders to the value of that expression, and any other template renders to text.
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


def read_text(argument: str, value: object) -> object:
    """Return a text; a whole number is a text without quotes. The check of the argument refuses anything else."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def read_uri(argument: str, value: object) -> object:
    """Return a URI; a path becomes its URI. The check of the argument refuses anything else."""
    if isinstance(value, str):
        return value
    from airflow.sdk import ObjectStoragePath  # loads fsspec, which most DAG files do not need

    return str(value) if isinstance(value, (ObjectStoragePath, os.PathLike)) else value


def read_texts(argument: str, value: object) -> list[str] | None:
    """Return a list of texts; one text becomes a list of one.

    :raises DysmsInputError: it is not a list of texts
    """
    if value is None:
        return None
    if isinstance(value, str):
        if _PRINTED.match(value.strip()):
            raise DysmsInputError(
                argument, "is how Python prints an object; convert it to a list in the template: | list"
            )
        value = parse_structure(argument, value) if value.lstrip().startswith(("[", "(", "{")) else [value]
    if isinstance(value, (bytes, Mapping)) or not isinstance(value, Iterable):
        raise DysmsInputError(argument, f"must be one text or a list of texts, not {safe_repr(value)}")
    texts = sorted(value, key=str) if isinstance(value, AbstractSet) else list(value)
    for item in texts:
        if not isinstance(item, str):
            raise DysmsInputError(argument, f"must be one text or a list of texts, but contains {safe_repr(item)}")
    return texts


def read_mapping(argument: str, value: object) -> dict[str, Any] | None:
    """Return a mapping of names to values.

    :raises DysmsInputError: it is not a mapping
    """
    if value is None:
        return None
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = parse_structure(argument, value)
    if not isinstance(value, Mapping):
        raise DysmsInputError(argument, f"must be a mapping of names to values, not {safe_repr(value)}")
    return dict(value)


def parse_structure(argument: str, written: str) -> Any:
    """Return the list or mapping that a text describes: JSON, or Python's own notation, which templates produce.

    :raises DysmsInputError: it is neither, or reading it would lose something
    """
    if len(written) > MAX_TEXT_LENGTH:
        raise DysmsInputError(argument, f"is longer than {MAX_TEXT_LENGTH:,} characters")
    try:
        return json.loads(written, object_pairs_hook=_unique, parse_constant=_refuse)
    except _DuplicateName:
        raise DysmsInputError(argument, "has a name twice in one object; use each name once") from None
    except (ValueError, RecursionError):
        pass
    try:
        tree = ast.parse(written.strip(), mode="eval")
        value = ast.literal_eval(tree)
        problem = _loss(tree, written.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise DysmsInputError(
            argument, "begins like a list or a mapping, but is neither JSON nor a list or mapping in Python's notation"
        ) from None
    if problem:
        raise DysmsInputError(argument, problem)
    return value


def is_json(written: str) -> bool:
    """Return whether a text is JSON."""
    try:
        json.loads(written)
    except (ValueError, RecursionError):
        return False
    return True


class _DuplicateName(ValueError):
    """An object has a name twice."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _DuplicateName
    return found


def _refuse(_: str) -> None:
    raise ValueError("not a JSON number")


def _loss(tree: ast.AST, written: str) -> str | None:
    """Return what is lost when Python reads a text; ``None`` if nothing is."""
    lines = written.encode().split(b"\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float, complex):
            number = lines[node.lineno - 1][node.col_offset : node.end_col_offset]
            if number.decode() != repr(node.value):
                return "contains a number in an unusual notation, such as 000000 or 1_0; quote it"
        if isinstance(node, ast.Dict):
            names = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            if len(set(names)) < len(names):
                return "has a name twice in one object; use each name once"
    return "contains two texts without a comma between them" if _is_joined(written) else None


def _is_joined(written: str) -> bool:
    """Return whether two texts are adjacent, as NumPy prints arrays: Python would join them."""
    kinds = [token.type for token in tokenize.generate_tokens(io.StringIO(written).readline)]
    return (tokenize.STRING, tokenize.STRING) in pairwise(kinds)
