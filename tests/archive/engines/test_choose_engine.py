"""The engine that reads a file follows from its format, its place, and what is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.archives import FIRST, NOW, rows_of, write_day

from airflow_provider_dysms.archive.engines import arrow_parquet, choose_engine, duckdb_parquet
from airflow_provider_dysms.archive.sending_details.find import find
from airflow_provider_dysms.archive.sending_details.query import FindQuery
from airflow_provider_dysms.model.errors import DysmsInputError


def spy_on(name: str, search: Callable[..., Any], engines: list[str]) -> Callable[..., Any]:
    def spy(*arguments: Any) -> Any:
        engines.append(name)
        return search(*arguments)

    return spy


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The engines that have searched."""
    engines: list[str] = []
    for name, owner, attribute in (
        ("duckdb", duckdb_parquet.DuckDb, "search"),
        ("pyarrow", arrow_parquet, "search_parquet"),
    ):
        monkeypatch.setattr(owner, attribute, spy_on(name, getattr(owner, attribute), engines))
    return engines


@pytest.mark.parametrize(
    ("installed", "engine", "expected"),
    [
        ({"duckdb", "pyarrow"}, "auto", ["duckdb"]),
        ({"pyarrow"}, "auto", ["pyarrow"]),
        ({"duckdb"}, "auto", ["duckdb"]),
        ({"duckdb", "pyarrow"}, "pyarrow", ["pyarrow"]),
    ],
)
def test_duckdb_reads_parquet_of_this_machine_if_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, used: list[str], installed: set[str], engine: Any, expected: Any
) -> None:
    write_day(f"file://{tmp_path}", FIRST, rows_of(FIRST, 5), "parquet")
    monkeypatch.setattr(choose_engine, "_is_installed", installed.__contains__)
    query = FindQuery(output_uri=f"file://{tmp_path}", sent_from=FIRST)
    assert find(query, now=NOW, engine=engine).total.count == 5
    assert used == expected


def test_without_an_engine_the_error_says_what_to_install_and_other_formats_need_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, used: list[str]
) -> None:
    monkeypatch.setattr(choose_engine, "_is_installed", lambda module: False)
    query = FindQuery(output_uri=f"file://{tmp_path}", sent_from=FIRST)
    write_day(f"file://{tmp_path}", FIRST, rows_of(FIRST, 5), "csv", "gzip")
    assert find(query, now=NOW).total.count == 5
    write_day(f"file://{tmp_path}", FIRST, rows_of(FIRST, 5), "parquet")
    with pytest.raises(DysmsInputError, match=r"pip install 'airflow-provider-dysms\[archive\]'"):
        find(query, now=NOW)
    assert used == []
