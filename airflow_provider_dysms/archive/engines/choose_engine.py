"""Chooses what searches a data file: its format decides, and for Parquet what is installed."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Literal

from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from airflow_provider_dysms.archive.engines.data_file import DataFile
    from airflow_provider_dysms.archive.engines.day_search import DayMatches, DaySearch

#: What reads Parquet. ``auto``: duckdb for files of this machine if it is installed, else pyarrow.
Engine = Literal["auto", "duckdb", "pyarrow"]


def search_day(file: DataFile, search: DaySearch, engine: Engine = "auto") -> DayMatches:
    """Search the data file of a day.

    :param engine: what reads Parquet; other formats need none
    :raises FileDiffers: the file is not what its manifest says
    :raises DysmsInputError: the format needs an extra that is not installed
    """
    if file.file_format != "parquet":
        from airflow_provider_dysms.archive.engines.text_rows import search_text

        return search_text(file, search)
    if _is_installed("pyarrow"):
        from airflow_provider_dysms.archive.engines.arrow_parquet import search_parquet

        return search_parquet(file, search)
    raise DysmsInputError(
        "output_uri", "has files of Parquet, which need: pip install 'airflow-provider-dysms[archive,parquet]'"
    )


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
