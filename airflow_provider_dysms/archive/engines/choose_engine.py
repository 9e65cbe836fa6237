"""Chooses what searches a data file: its format decides, and for Parquet what is installed."""

from __future__ import annotations

import importlib.util
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from airflow_provider_dysms.archive.engines.text_rows import search_text
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from airflow_provider_dysms.archive.engines.data_file import DataFile
    from airflow_provider_dysms.archive.engines.day_search import DayMatches, DaySearch
    from airflow_provider_dysms.archive.engines.duckdb_parquet import DuckDb

#: What reads Parquet. ``auto``: duckdb for files of this machine if it is installed, else pyarrow.
Engine = Literal["auto", "duckdb", "pyarrow"]


class Engines:
    """Searches files in every format, until it is closed.

    :param engine: what reads Parquet; other formats need nothing
    """

    def __init__(self, engine: Engine = "auto") -> None:
        self._engine = engine

    def close(self) -> None:
        """Free the memory; a later search takes new memory."""
        if opened := vars(self).pop("_duckdb", None):
            opened.close()

    def search(self, file: DataFile, search: DaySearch) -> DayMatches:
        """Search the data file of a day.

        :raises FileDiffers: the file is not what its manifest says
        :raises DysmsInputError: the format needs an extra that is not installed
        """
        if file.file_format != "parquet":
            return search_text(file, search)
        if self._engine != "pyarrow" and file.path is not None and _is_installed("duckdb"):
            return self._duckdb.search(file, search)
        if self._engine != "duckdb" and _is_installed("pyarrow"):
            from airflow_provider_dysms.archive.engines.arrow_parquet import search_parquet

            return search_parquet(file, search)
        extra = "archive" if file.path is not None else "parquet"
        raise DysmsInputError(
            "output_uri", f"has files of Parquet, which need: pip install 'airflow-provider-dysms[{extra}]'"
        )

    @cached_property
    def _duckdb(self) -> DuckDb:
        from airflow_provider_dysms.archive.engines.duckdb_parquet import DuckDb

        return DuckDb()


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
