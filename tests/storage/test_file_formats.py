"""Formats and compressions are checked before anything is written, and pyarrow is needed only for Parquet."""

from __future__ import annotations

import subprocess
import sys

import pytest

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.file_formats import EXTENSIONS, check_csv_safe, extension_of


@pytest.mark.parametrize(("file_format", "compression"), EXTENSIONS)
def test_every_format_has_an_extension(file_format, compression):
    assert extension_of(file_format, compression) == EXTENSIONS[file_format, compression]


@pytest.mark.parametrize(
    ("file_format", "compression", "message"),
    [
        ("xml", None, r"^file_format must be one of jsonl, csv, parquet, not 'xml'"),
        (None, None, r"^file_format must be one of jsonl, csv, parquet, not None"),
        ("jsonl", "zstd", r"^compression is 'zstd'; for jsonl it must be one of None, 'gzip'"),
        ("csv", "zip", r"^compression is 'zip'; for csv it must be one of None, 'gzip'"),
        (
            "parquet",
            "lzo",
            r"^compression is 'lzo'; for parquet it must be one of None, 'zstd', 'snappy', 'gzip', 'n",
        ),
        ("jsonl", 9, r"^compression is 9;"),
    ],
)
def test_an_unknown_format_or_compression_is_named_with_the_known_ones(file_format, compression, message):
    with pytest.raises(DysmsInputError, match=message):
        extension_of(file_format, compression)


def test_without_pyarrow_parquet_names_the_extra_and_the_other_formats_work():
    script = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from airflow_provider_dysms.storage.file_formats import extension_of\n"
        "assert extension_of('csv', 'gzip') == 'csv.gz'\n"
        "try: extension_of('parquet', None)\n"
        "except ValueError as error: print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "file_format is 'parquet', which needs: pip install 'airflow-provider-dysms[parquet]'" in run.stdout


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet"])
def test_only_csv_is_written_for_spreadsheets(file_format):
    check_csv_safe(file_format, False)
    if file_format == "csv":
        check_csv_safe(file_format, True)
    else:
        with pytest.raises(DysmsInputError, match=r"^csv_safe is for file_format='csv'; leave it out"):
            check_csv_safe(file_format, True)
    with pytest.raises(DysmsInputError, match=r"^csv_safe must be True or False, not 'yes'"):
        check_csv_safe(file_format, "yes")
