"""The facts in a manifest, files that are not manifests, and data that are fetched by one."""

from __future__ import annotations

import errno
import json
from typing import Any

import pytest

from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError
from airflow_provider_dysms.storage.manifest import decode, owned_files, was_csv_safe

DAY = "send_date=2025-06-01"
DATA, MANIFEST = f"{DAY}/part-0.jsonl", f"_manifests/{DAY}.json"
WRITTEN = '{"name":"甲","count":1}\n{"name":"b","count":null}\n'.encode()


def stored(**changes: Any) -> bytes:
    manifest: dict[str, Any] = {
        "version": 1,
        "result": {"data": DATA, "bytes": 1, "sha256": "x"},
        "run": {"replaced": [f"{DAY}/part-0.csv"]},
    }
    for name, value in changes.items():
        part, _, inner = name.partition("__")
        if inner:
            manifest[part][inner] = value
        else:
            manifest[part] = value
    return json.dumps(manifest).encode()


def test_a_manifest_accounts_for_its_data_and_for_what_it_was_about_to_take_away():
    assert decode(None, DAY) is None
    assert owned_files(None) == set()
    assert owned_files(decode(stored(), DAY)) == {DATA, f"{DAY}/part-0.csv"}
    assert owned_files(decode(stored(run={}), DAY)) == {DATA}


def test_a_manifest_may_account_for_a_file_of_every_format() -> None:
    others = [f"{DAY}/part-0.{extension}" for extension in ("jsonl.gz", "csv", "csv.gz", "parquet")]
    assert owned_files(decode(stored(run__replaced=others), DAY)) == {DATA, *others}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff",
        stored(version=2),
        stored(version=None),
        stored(result=None),
        stored(run=None),
        stored(result__data="../precious"),
        stored(result__data=f"{DAY}/precious.csv"),
        stored(result__data="send_date=2025-06-02/part-0.csv"),
        stored(result__bytes="1"),
        stored(result__sha256=None),
        stored(run__replaced=[f"{DAY}/precious.csv"]),
    ],
)
def test_a_manifest_that_is_none_of_ours_is_refused_and_nothing_it_names_is_touched(light_place, content):
    light_place.put(MANIFEST, content)
    light_place.put(f"{DAY}/precious.csv")
    before = light_place.files()
    for refused in (light_place.partition().read_manifest, light_place.partition().probe, light_place.commit):
        with pytest.raises(DysmsInputError) as told:
            refused()
        assert (told.value.argument, told.value.problem) == (
            "output_uri",
            f"has no readable manifest at {MANIFEST} (version 1 of this package); move it away, or write with the "
            "release that wrote it",
        )
    assert light_place.files() == before


def test_the_data_that_a_manifest_describes_is_fetched_from_its_start(light_place):
    file = light_place.partition().open_data(light_place.commit())
    assert file is not None
    with file:
        assert file.read() == WRITTEN


@pytest.mark.parametrize("content", [None, WRITTEN[:-1], WRITTEN + b"\n", bytes(len(WRITTEN))])
def test_data_that_do_not_fit_the_manifest_are_not_fetched(light_place, content):
    manifest = light_place.commit()
    if content is None:
        light_place.store.remove(DATA)
    else:
        light_place.put(DATA, content)
    assert light_place.partition().open_data(manifest) is None


def test_a_file_without_a_byte_that_is_gone_is_not_taken_for_an_empty_day(light_place):
    manifest = light_place.commit([])
    assert manifest["result"]["bytes"] == 0
    light_place.store.remove(DATA)
    assert light_place.partition().open_data(manifest) is None


class FileExpired(OSError):
    """As s3fs raises it."""


@pytest.mark.parametrize("error", [FileExpired(errno.EBUSY, "as planned"), OSError(errno.EBUSY, "as planned")])
def test_data_that_change_while_they_are_fetched_do_not_fit_and_other_errors_are_told(light_place, error):
    manifest = light_place.commit()
    steps = light_place.steps()

    def refuse(verb: str, key: str) -> None:
        raise error

    steps.before = refuse
    if isinstance(error, FileExpired):
        assert light_place.partition(store=steps).open_data(manifest) is None
    else:
        with pytest.raises(DysmsStorageError, match="as planned"):
            light_place.partition(store=steps).open_data(manifest)


@pytest.mark.parametrize(
    ("result", "safe"),
    [
        ({}, False),
        ({"parameters": None}, False),
        ({"parameters": {"csv_safe": None}}, False),
        ({"parameters": {"csv_safe": False}}, False),
        ({"parameters": {"csv_safe": True}}, True),
    ],
)
def test_a_manifest_says_whether_its_csv_is_safe_for_spreadsheets(result, safe):
    assert was_csv_safe(result) is safe
