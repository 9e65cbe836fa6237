"""The file formats of a partition: their compressions and extensions, the types of columns, and checks of arguments."""

from __future__ import annotations

import importlib
from datetime import date, datetime
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import safe_repr
from airflow_provider_dysms.model.validation import word

if TYPE_CHECKING:
    from collections.abc import Mapping

#: (file_format, compression) -> extension of the file.
EXTENSIONS: dict[tuple[str, str | None], str] = {
    ("jsonl", None): "jsonl",
    ("jsonl", "gzip"): "jsonl.gz",
    ("csv", None): "csv",
    ("csv", "gzip"): "csv.gz",
    ("parquet", None): "parquet",
    ("parquet", "zstd"): "parquet",
    ("parquet", "snappy"): "parquet",
    ("parquet", "gzip"): "parquet",
    ("parquet", "none"): "parquet",
}

#: Python type of a column -> its name in the manifest. Every column may also hold ``None``.
COLUMN_TYPES: Mapping[type, str] = {
    str: "string",
    int: "integer",
    float: "float",
    bool: "boolean",
    datetime: "timestamp",
    date: "date",
}


def extension_of(file_format: str, compression: str | None) -> str:
    """Check a format and its compression, and return the extension of its files.

    :param file_format: ``jsonl``, ``csv`` or ``parquet``
    :param compression: ``None`` or ``gzip``; for Parquet ``zstd`` (the default), ``snappy``, ``gzip`` or ``none``
    :raises DysmsInputError: the format or the compression is unknown, or pyarrow is not installed
    """
    check_file_format("file_format", file_format)
    check_compression(file_format, compression)
    if file_format == "parquet":
        try:
            importlib.import_module("pyarrow.parquet")
        except ImportError as error:
            raise DysmsInputError(
                "file_format", "is 'parquet', which needs: pip install 'airflow-provider-dysms[parquet]'"
            ) from error
    return EXTENSIONS[file_format, compression]


def check_file_format(argument: str, value: object) -> None:
    """Check the format of an output file.

    :raises DysmsInputError: it is unknown
    """
    word(argument, value, list(dict.fromkeys(file_format for file_format, _ in EXTENSIONS)))


def check_compression(file_format: object, value: object) -> None:
    """Check the compression of an output file.

    :param file_format: a known format
    :raises DysmsInputError: the format does not have this compression
    """
    compressions = [compression for known_format, compression in EXTENSIONS if known_format == file_format]
    if value not in compressions:
        raise DysmsInputError(
            "compression",
            f"is {safe_repr(value)}; for {file_format} it must be one of {', '.join(map(repr, compressions))}",
        )


def check_csv_safe(file_format: object, value: object) -> None:
    """Check the argument ``csv_safe``, which only CSV has.

    :raises DysmsInputError: it is not a bool, or is true for another format
    """
    if not isinstance(value, bool):
        raise DysmsInputError("csv_safe", f"must be True or False, not {safe_repr(value)}")
    if value and file_format != "csv":
        raise DysmsInputError(
            "csv_safe", f"is for file_format='csv'; leave it out, because {file_format} files mark what is text"
        )
