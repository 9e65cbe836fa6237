"""Prints rows to the standard output in the formats of Airflow's own commands: table, plain, JSON and YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.cli.simple_table import AirflowConsole, SimpleTable
from rich.text import Text

from airflow_provider_dysms.model.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: What tables show for nothing.
NOTHING = "-"

#: Characters of a line of a table, as Airflow's own tables have it that are not printed at a terminal.
MAX_WIDTH = 200


def print_rows(rows: Sequence[Mapping[str, Any]], output: str, *, none: str = "Nothing found.") -> None:
    """Print rows with the same columns.

    JSON and YAML keep every value unchanged. The others show texts on one line, without escape codes, and a table
    leaves out the columns that are empty in every row.

    :param rows: JSON-able values
    :param output: ``table``, ``plain``, ``json`` or ``yaml``
    :param none: what a table without rows says
    """
    if output in ("json", "yaml"):
        print_document([dict(row) for row in rows], output)
        return
    if not rows:
        print(none)
        return
    cells = [[_cell(value) for value in row.values()] for row in rows]
    if output == "plain":
        lines = [list(rows[0]), *cells]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            print("    ".join(map(str.ljust, line, widths)).rstrip())
        return
    _print_table(list(rows[0]), cells)


def print_facts(facts: Mapping[str, Any], output: str) -> None:
    """Print what is known about one thing: an object in JSON and YAML, else one line per fact, as Airflow has it.

    :param facts: JSON-able
    :param output: as :func:`print_rows` takes it
    """
    if output in ("json", "yaml"):
        print_document(dict(facts), output)
    else:
        print_rows([{"property_name": name, "property_value": value} for name, value in facts.items()], output)


def print_document(document: Any, output: str) -> None:
    """Print a value as JSON or YAML, with numbers as numbers.

    :param document: JSON-able
    :param output: ``json`` or ``yaml``
    """
    console = AirflowConsole()
    if output == "json":
        console.print_as_json(document)
    else:
        console.print_as_yaml(document)


def _print_table(names: list[str], cells: list[list[str]]) -> None:
    """Print a table without the columns that are empty in every row."""
    kept = [place for place in range(len(names)) if any(row[place] != NOTHING for row in cells)]
    table = SimpleTable(show_header=True, caption=None)
    for place in kept:
        table.add_column(names[place])
    for row in cells:
        table.add_row(*(Text(row[place]) for place in kept))  # square brackets in a plain text would be markup
    console = AirflowConsole()
    # A narrow terminal folds long lines; rich would fold every cell, in the middle of dates and ids.
    console.width = max(console.width, console.measure(table, options=console.options.update(width=MAX_WIDTH)).maximum)
    console.print(table)


def _cell(value: Any) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_cell(part)}" for name, part in value.items()) or NOTHING
    if isinstance(value, list):
        return "; ".join(map(_cell, value)) or NOTHING
    return one_line(str(value))
