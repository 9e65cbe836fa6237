"""Opens one file of a send log as a table: CSV, JSON Lines, Parquet or text, each also gzipped.

A file is read in one pass and a few rows at a time. If it cannot be read, the error names the file and the line, but
never their content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from airflow_provider_dysms.audit.send_log.formats.detect_format import open_source
from airflow_provider_dysms.audit.send_log.formats.text_streams import Source

if TYPE_CHECKING:
    from airflow_provider_dysms.audit.send_log.formats.delimited import Fits
    from airflow_provider_dysms.audit.send_log.formats.table import Table
    from airflow_provider_dysms.audit.send_log.notes import Notes
    from airflow_provider_dysms.audit.send_log.options import LogOptions


def open_table(
    name: str, file: BinaryIO, options: LogOptions, fits: Fits, notes: Notes, *, has_names: bool
) -> Table | None:
    """Open a file of a send log.

    :param name: its name or path, for errors; its ending decides the format if the bytes do not
    :param file: open for reading, and seekable; it is left open
    :param options: formats, encodings and limits
    :param fits: says whether a header has every column that must be read
    :param notes: collects findings about the file
    :param has_names: whether an argument names columns; then the file is not plain text
    :returns: the table; ``None`` for an empty file
    :raises DysmsInputError: its format is unknown, or it cannot be read
    """
    return open_source(Source(name, file, options), fits, notes, has_names=has_names)
