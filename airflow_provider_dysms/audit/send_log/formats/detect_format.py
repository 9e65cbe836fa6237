"""Detects the format of a send log file by its first bytes, then its name, then its first line, and opens it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_dysms.audit.send_log.formats.delimited import first_line, has_columns, open_csv, open_text
from airflow_provider_dysms.audit.send_log.formats.json_lines import open_json_lines
from airflow_provider_dysms.audit.send_log.formats.parquet import open_parquet
from airflow_provider_dysms.audit.send_log.formats.table import Table, unreadable

if TYPE_CHECKING:
    from airflow_provider_dysms.audit.send_log.formats.delimited import Fits
    from airflow_provider_dysms.audit.send_log.formats.text_streams import Source
    from airflow_provider_dysms.audit.send_log.notes import Notes
    from airflow_provider_dysms.model.choices import SentFormat

_PARQUET = b"PAR1"

#: First bytes of files that are not supported -> what they are, and what to do instead.
_UNSUPPORTED = {
    b"PK\x03\x04": "an Excel workbook or a zip file; save it as CSV UTF-8, or unpack it",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save it as CSV UTF-8",
    b"PARE": "an encrypted Parquet file; write it without encryption of its footer",
    b"ORC": "an ORC file; write it as Parquet",
    b"Obj\x01": "an Avro file; write it as Parquet",
    b"ARROW1": "an Arrow or Feather file; write it as Parquet",
    b"SEQ\x06": "a Hadoop sequence file; write it as Parquet",
    b"SQLite format 3": "an SQLite database; export the table as CSV",
    b"BZh": "compressed with bzip2; compress it with gzip",
    b"\x28\xb5\x2f\xfd": "compressed with zstd; compress it with gzip",
    b"\xfd7zXZ\x00": "compressed with xz; compress it with gzip",
    b"\x04\x22\x4d\x18": "compressed with lz4; compress it with gzip",
    b"\xff\x06\x00\x00sNaPpY": "compressed with snappy; compress it with gzip",
    b"\x1f\x8b": "gzip within gzip; decompress it once",
    b"%PDF": "a PDF document; export the log as CSV",
}

#: Ending of a name -> format.
_ENDINGS: dict[str, SentFormat] = {
    "csv": "csv",
    "tsv": "csv",
    "tab": "csv",
    "psv": "csv",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "json": "jsonl",
    "txt": "text",
    "parquet": "parquet",
    "parq": "parquet",
    "pq": "parquet",
}

# Without the blanks around it: two classes in a row that both take blanks are tried in every division of a long line.
_NUMBER = re.compile(r"(?:tel:)?[+＋(（]?[0-9０-９][0-9０-９ ().（）-]{4,}", re.IGNORECASE)


def open_source(source: Source, fits: Fits, notes: Notes, *, has_names: bool) -> Table | None:
    """Open a file in its format.

    :param fits: says whether a header has every column that must be read
    :param notes: collects findings about the file
    :param has_names: whether an argument names columns; then the file is not plain text
    :returns: the table; ``None`` for an empty file
    :raises DysmsInputError: its format is unknown or differs from ``sent_format``, or it cannot be read
    """
    if not source.head:
        return None
    match _format(source, fits, notes, has_names=has_names):
        case "parquet":
            return open_parquet(source)
        case "jsonl":
            return open_json_lines(source, notes)
        case "text":
            return open_text(source, notes)
        case _:
            return open_csv(source, fits, notes)


def _format(source: Source, fits: Fits, notes: Notes, *, has_names: bool) -> SentFormat:
    stated = source.options.sent_format
    by_name = _by_name(source.name)
    if source.head.startswith(_PARQUET):
        if stated not in (None, "parquet"):
            raise unreadable(source.name, f"is a Parquet file, but sent_format is {stated!r}")
        return "parquet"
    if other := next((what for magic, what in _UNSUPPORTED.items() if source.head.startswith(magic)), None):
        raise unreadable(source.name, f"is {other}")
    if "parquet" in (stated, by_name if stated is None else None):
        raise unreadable(source.name, "is not a Parquet file, or only part of one")
    if stated is not None:
        return stated
    if by_name == "jsonl":
        return by_name
    line = first_line(source, notes)
    if line.lstrip().startswith("{") and _is_object(line):
        return "jsonl"
    # A name that ends in .txt says little, because tables have such names as well.
    if by_name == "csv" or has_columns(line, fits, source.options.delimiter):
        return "csv"
    if (by_name == "text" and line) or (_NUMBER.fullmatch(line.strip()) and not has_names):
        return "text"
    if not line:
        return "csv"
    problem = "has an unknown format: its first line is not a header with the columns to read, an object or a number"
    if line.lstrip()[:1] in ("[", "{"):
        problem = "begins like JSON, but not with an object on one line"
    raise unreadable(
        source.name, f"{problem}; set sent_format='csv', 'jsonl', 'parquet' or 'text', or check columns and delimiter"
    )


def _by_name(name: str) -> SentFormat | None:
    bare = name.lower().removesuffix(".gz").removesuffix(".gzip")
    return _ENDINGS.get(bare.rpartition(".")[2]) if "." in bare else None


def _is_object(line: str) -> bool:
    try:
        msgspec.json.decode(line, type=dict)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True
