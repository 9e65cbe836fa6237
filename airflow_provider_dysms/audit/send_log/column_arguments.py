"""Checks the arguments that say which columns of a send log are read, and that a file has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from airflow_provider_dysms.audit.send_log.columns import NAMES, Columns, has_whom_to_ask, spelling
from airflow_provider_dysms.audit.send_log.formats.table import describe_columns
from airflow_provider_dysms.audit.verdict import COLUMNS, PHONE_HASH
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.sms_text import fold_name

if TYPE_CHECKING:
    from airflow_provider_dysms.audit.send_log.formats.table import Table

# ``send_date`` is what the folders of the output are named by, and readers make a column of it.
_TAKEN = frozenset((*COLUMNS, PHONE_HASH, "send_date"))


def check_columns(columns: Mapping[str, str] | None) -> None:
    """Check the argument that maps our names to those of a log."""
    if columns is None:
        return
    if not isinstance(columns, Mapping) or not all(isinstance(column, str) and column for column in columns.values()):
        raise DysmsInputError("columns", "must map our names to names of columns, such as {'phone_number': 'mobile'}")
    if unknown := sorted(map(str, set(columns) - set(NAMES))):
        raise DysmsInputError("columns", f"has unknown names: {', '.join(unknown)}; known are {', '.join(NAMES)}")
    if "phone_number" not in columns and "message_id" not in columns:
        raise DysmsInputError("columns", "names neither phone_number nor message_id; one of them is needed to ask")


def checked_carry(carry: Sequence[str] | None, columns: Mapping[str, str] | None) -> tuple[str, ...]:
    """Check the argument that names columns to copy, and return them."""
    if carry is None:
        return ()
    if (
        isinstance(carry, str)
        or not isinstance(carry, Sequence)
        or not all(isinstance(column, str) and column for column in carry)
    ):
        raise DysmsInputError("carry", "must be a list of names of columns")
    names = [*map(fold_name, carry)]
    if twice := [column for column in carry if names.count(fold_name(column)) > 1]:
        raise DysmsInputError(
            "carry",
            f"names a column twice: {describe_columns(twice)}; names that differ by case or blanks alone are one to readers",
        )
    if taken := [column for column in carry if fold_name(column) in _TAKEN]:
        raise DysmsInputError(
            "carry",
            f"names {describe_columns(taken)}, which the output has itself (readers do not tell case and blanks apart); rename it "
            "in the log",
        )
    numbers = [columns.get("phone_number")] if columns else [name for name in carry if spelling(name) == "phonenumber"]
    if not set(carry).isdisjoint(numbers):
        raise DysmsInputError("carry", "names the column of the numbers, which come out as phone_number, or hashed")
    return tuple(carry)


def choose(
    name: str, table: Table, columns: Mapping[str, str] | None, carry: tuple[str, ...], found: Columns
) -> list[str | None]:
    """Return the file's columns in the order of our names, ``None`` for those that it does not have."""
    if table.headless:
        if columns is not None or carry:
            argument = "carry" if carry else "columns"
            hint = "its first line is not a header with them; if it is CSV, check their names, or set sent_format='csv'"
            raise DysmsInputError(argument, f"names columns, and {name} is text, which has none: {hint}")
        return ["phone_number", *[None] * (len(NAMES) - 1)]
    if table.columns is None:
        table.choose = found.of_file(name)
        return [columns.get(ours) if columns else ours for ours in NAMES]
    check_has(name, table.columns, columns, carry)
    return found.of_file(name)(table.columns)


def check_has(name: str, present: Sequence[str], columns: Mapping[str, str] | None, carry: tuple[str, ...]) -> None:
    """Refuse a file or log that lacks a column which is to be read.

    :param present: the columns that it has
    :raises DysmsInputError: it names those that are missing, and those that are there
    """
    missing = missing_of(present, columns, carry)
    if missing is None:
        return
    argument, wanted = missing
    if wanted:
        raise DysmsInputError(
            argument, f"names {', '.join(wanted)}, which {name} does not have; it has {describe_columns(present)}"
        )
    raise DysmsInputError(
        argument,
        f"must say which column of {name} is phone_number or message_id, such as {{'phone_number': 'mobile'}}; "
        f"it has {describe_columns(present)}",
    )


def missing_of(
    present: Sequence[str], columns: Mapping[str, str] | None, carry: tuple[str, ...]
) -> tuple[str, list[str]] | None:
    """Return the argument that names columns which are missing, and those; ``None`` if every one is there."""
    for argument, wanted in (("columns", (columns or {}).values()), ("carry", carry)):
        if missing := [column for column in wanted if column not in present]:
            return argument, missing
    if columns is None and not has_whom_to_ask(present):
        return "columns", []
    return None
