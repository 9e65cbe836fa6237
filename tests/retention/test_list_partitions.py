"""Partitions are found by their manifests, by their data, and by what a killed writer left."""

from __future__ import annotations

from pathlib import Path

from airflow_provider_dysms.retention.list_partitions import list_partitions
from airflow_provider_dysms.storage.object_store.local_folder import LocalFolder


def test_partitions_of_every_kind_are_found_and_nothing_else(tmp_path: Path) -> None:
    store = LocalFolder(tmp_path)
    for key in (
        *("_manifests/a=1.json", "a=1/part-0.csv", "a=1/part-0.jsonl.gz", "a=1/_SUCCESS", "a=1/part-1.csv"),
        *("_manifests/y/m.json", "orphan/part-0.parquet", "killed/.part-0.csv.0123456789abcdef.tmp"),
        *("_spool/x/part-0.csv", ".hidden/part-0.csv", "notes.txt", "a=1/.notes/part-0.csv", "part-0.csv"),
    ):
        store.write(key, b"")
    assert list_partitions(store) == {
        "a=1": ["a=1/part-0.csv", "a=1/part-0.jsonl.gz"],
        "killed": [],
        "orphan": ["orphan/part-0.parquet"],
        "y/m": [],
    }
