"""Every call of a store translates its errors and names the file."""

from __future__ import annotations

import io
from typing import Any

import pytest

from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError
from airflow_provider_dysms.storage.object_store.guarded_store import GuardedStore

CALLS = {
    "read": ("cannot be read", ("a/b",)),
    "write": ("cannot be written", ("a/b", b"")),
    "upload": ("cannot be written", ("a/b", io.BytesIO())),
    "fetch": ("cannot be read", ("a/b", io.BytesIO())),
    "matches": ("cannot be read", ("a/b", 0, "")),
    "keys": ("cannot be listed", ("a/b",)),
    "remove": ("cannot be removed", ("a/b",)),
    "clear": ("cannot be removed", ("a/b",)),
}


class Failing:
    """A store of which every call raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def call(*_: object) -> None:
            raise self._error

        return call


@pytest.mark.parametrize("name", CALLS)
def test_a_refusal_names_the_argument_the_file_and_what_to_check(name: str) -> None:
    problem, arguments = CALLS[name]
    store = GuardedStore(Failing(PermissionError("no")), "output_uri", "s3://bucket/out/")  # type: ignore[arg-type]
    with pytest.raises(DysmsInputError, match=rf"^output_uri {problem}: s3://bucket/out/a/b \(no\); the task lists"):
        getattr(store, name)(*arguments)


@pytest.mark.parametrize("name", CALLS)
def test_an_outage_may_pass(name: str) -> None:
    store = GuardedStore(Failing(TimeoutError("x")), "output_uri", "s3://bucket/out")  # type: ignore[arg-type]
    with pytest.raises(DysmsStorageError):
        getattr(store, name)(*CALLS[name][1])


def test_a_probe_names_the_root() -> None:
    store = GuardedStore(Failing(PermissionError("no")), "output_uri", "s3://bucket/out")  # type: ignore[arg-type]
    with pytest.raises(DysmsInputError, match=r"^output_uri cannot be written: s3://bucket/out \(no\)"):
        store.probe("a")


def test_results_are_passed_on(light_place: Any) -> None:
    store = GuardedStore(light_place.store, "output_uri", "x")
    store.write("a/b", b"abc")
    assert store.read("a/b") == b"abc"
    assert store.keys("a") == ["a/b"]
    copy = io.BytesIO()
    assert store.fetch("a/b", copy)
    assert copy.getvalue() == b"abc"
