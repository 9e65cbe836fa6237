"""Checks the arguments ``columns`` and ``carry``, and that the files of a send log have these columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from airflow_provider_dysms.audit.send_log.columns import NAMES, Columns, has_queryable_column, spelling
from airflow_provider_dysms.audit.send_log.formats.table import describe_columns
from airflow_provider_dysms.audit.verdict import COLUMNS, PHONE_HASH
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.sms_text import fold_name

if TYPE_CHECKING:
    from airflow_provider_dysms.audit.send_log.formats.table import Table

# The output has these columns. Readers make a column of ``send_date``, which is in the names of the output folders.
_OUTPUT_COLUMNS = frozenset((*COLUMNS, PHONE_HASH, "send_date"))


def check_columns(columns: Mapping[str, str] | None) -> None:
    """Check ``columns``, which maps our names to the columns of a log."""
    if columns is None:
        return
    if not isinstance(columns, Mapping) or not all(isinstance(column, str) and column for column in columns.values()):
        raise DysmsInputError("columns", "must map our names to columns of the log, such as {'phone_number': 'mobile'}")
    if unknown := sorted(map(str, set(columns) - set(NAMES))):
        raise DysmsInputError(
            "columns", f"has unknown names: {', '.join(unknown)}; the known names are {', '.join(NAMES)}"
        )
    if "phone_number" not in columns and "message_id" not in columns:
        raise DysmsInputError("columns", "must name phone_number or message_id, which are needed to query messages")


def checked_carry(carry: Sequence[str] | None, columns: Mapping[str, str] | None) -> tuple[str, ...]:
    """Check ``carry``, which names the columns to copy, and return it as a tuple."""
    if carry is None:
        return ()
    if (
        isinstance(carry, str)
        or not isinstance(carry, Sequence)
        or not all(isinstance(column, str) and column for column in carry)
    ):
        raise DysmsInputError("carry", "must be a list of columns")
    names = [*map(fold_name, carry)]
    if twice := [column for column in carry if names.count(fold_name(column)) > 1]:
        raise DysmsInputError(
            "carry",
            f"names a column twice: {describe_columns(twice)}; names that differ only in case or blanks count as one",
        )
    if taken := [column for column in carry if fold_name(column) in _OUTPUT_COLUMNS]:
        raise DysmsInputError(
            "carry",
            f"names {describe_columns(taken)}, which is a column of the output (case and blanks do not matter); "
            "rename it in the log",
        )
    numbers = [columns.get("phone_number")] if columns else [name for name in carry if spelling(name) == "phonenumber"]
    if not set(carry).isdisjoint(numbers):
        raise DysmsInputError(
            "carry", "names the column of the phone numbers, which the output already has as phone_number or phone_hash"
        )
    return tuple(carry)


def choose(
    name: str, table: Table, columns: Mapping[str, str] | None, carry: tuple[str, ...], found: Columns
) -> list[str | None]:
    """Return the columns of a file in the order of our names, ``None`` for a name without a column."""
    if table.has_no_columns:
        if columns is not None or carry:
            argument = "carry" if carry else "columns"
            hint = "its first line is not a header with these; if it is CSV, check the names, or set sent_format='csv'"
            raise DysmsInputError(argument, f"names columns, but {name} is text without columns: {hint}")
        return ["phone_number", *[None] * (len(NAMES) - 1)]
    if table.columns is None:
        table.choose = found.of_file(name)
        return [columns.get(ours) if columns else ours for ours in NAMES]
    check_has(name, table.columns, columns, carry)
    return found.of_file(name)(table.columns)


def check_has(name: str, present: Sequence[str], columns: Mapping[str, str] | None, carry: tuple[str, ...]) -> None:
    """Refuse a file or log without a column that must be read.

    :param present: its columns
    :raises DysmsInputError: it names the missing columns, and the present ones
    """
    missing = missing_of(present, columns, carry)
    if missing is None:
        return
    argument, absent = missing
    if absent:
        raise DysmsInputError(
            argument, f"names {', '.join(absent)}, which {name} does not have; it has {describe_columns(present)}"
        )
    raise DysmsInputError(
        argument,
        f"must say which column of {name} is phone_number or message_id, such as {{'phone_number': 'mobile'}}; "
        f"it has {describe_columns(present)}",
    )


def missing_of(
    present: Sequence[str], columns: Mapping[str, str] | None, carry: tuple[str, ...]
) -> tuple[str, list[str]] | None:
    """Return the argument that names missing columns, and these columns; ``None`` if no column is missing."""
    for argument, wanted in (("columns", (columns or {}).values()), ("carry", carry)):
        if missing := [column for column in wanted if column not in present]:
            return argument, missing
    if columns is None and not has_queryable_column(present):
        return "columns", []
    return None
