"""TODO storage.file_formats"""

from __future__ import annotations

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import safe_repr
from airflow_provider_dysms.model.validation import word

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


def file_format(argument: str, value: object) -> None:
    """Check the format of an output file."""
    word(argument, value, list(dict.fromkeys(name for name, _ in EXTENSIONS)))


def compression(file_format: object, value: object) -> None:
    """Check the compression of an output file of a format."""
    compressions = [taken for name, taken in EXTENSIONS if name == file_format]
    if value not in compressions:
        raise DysmsInputError(
            "compression",
            f"is {safe_repr(value)}; for {file_format} take one of {', '.join(map(repr, compressions))}",
        )


def csv_safe(file_format: object, value: object) -> None:
    """Check whether texts are written for spreadsheets, which CSV alone needs."""
    if not isinstance(value, bool):
        raise DysmsInputError("csv_safe", f"must be True or False, not {safe_repr(value)}")
    if value and file_format != "csv":
        raise DysmsInputError(
            "csv_safe", f"is for file_format='csv'; leave it out, {file_format} says itself what is text"
        )
