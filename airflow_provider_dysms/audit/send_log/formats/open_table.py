"""Opens one file of a send log as a table: CSV, JSON Lines, Parquet or text, each also gzipped.

A file is read in one pass and a few rows at a time. What cannot be read is an error that names the file and the line,
and never what stands there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from airflow_provider_dysms.audit.send_log.formats.detect import open_source
from airflow_provider_dysms.audit.send_log.formats.text_streams import Source

if TYPE_CHECKING:
    from airflow_provider_dysms.audit.send_log.formats.delimited import Fits
    from airflow_provider_dysms.audit.send_log.formats.table import Table
    from airflow_provider_dysms.audit.send_log.options import LogOptions, Notes


def open_table(
    name: str, file: BinaryIO, options: LogOptions, fits: Fits, notes: Notes, *, has_names: bool
) -> Table | None:
    """Open a file of a send log.

    :param name: its name or path, for errors; its ending says the kind if its bytes do not
    :param file: open for reading, and seekable; it is left open
    :param options: how the log is written
    :param fits: whether a header with these names has every column that is read
    :param notes: told what was found out about the file
    :param has_names: whether columns are named, which text has none of
    :returns: the table; ``None`` for a file without a byte, which is a part without lines
    :raises DysmsInputError: it is of no known kind, or cannot be read
    """
    return open_source(Source(name, file, options), fits, notes, has_names=has_names)
