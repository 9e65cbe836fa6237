"""Records of erasures: which concern a day, whom they name to the holder of the secret, and what is wrong with one."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.retention import erasure_records
from airflow_provider_dysms.retention.people import People
from airflow_provider_dysms.storage.object_store.local_folder import LocalFolder

PERSON, OTHER = "139" + "00001111", "138" + "00002222"
NOW = datetime(2026, 3, 1, 3, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path)


@pytest.fixture
def record(store: LocalFolder, key: PrivacyKey) -> str:
    """Write the record of an erasure, and return its key."""
    name, content = erasure_records.new_record(People([PERSON], key), "remove", NOW)
    erasure_records.write_record(store, name, content)
    return name


def test_a_record_concerns_the_days_up_to_its_last(store: LocalFolder, record: str) -> None:
    assert erasure_records.record_keys(store, date(2026, 3, 1)) == [record]
    assert erasure_records.record_keys(store, date(2026, 3, 2)) == []
    assert erasure_records.record_keys(store) == [record]


def test_the_secret_tells_who_was_erased_also_when_rotated(store: LocalFolder, record: str, key: PrivacyKey) -> None:
    for holder in (key, PrivacyKey("t" * 32, "s" * 32)):
        people = erasure_records.erased_people(store, [record], holder)
        assert people.hash_of(PERSON) == key.phone_hash(PERSON)
        assert people.hash_of(OTHER) is None
    with pytest.raises(DysmsInputError, match="put that secret into privacy_secret_previous"):
        erasure_records.erased_people(store, [record], PrivacyKey("t" * 32))


def test_an_erasure_goes_on_only_with_the_same_people_mode_and_secret(
    store: LocalFolder, record: str, key: PrivacyKey
) -> None:
    people = People([PERSON], key)
    found = erasure_records.find_unfinished(store, people, "remove")
    assert found is not None
    assert found[0] == record
    assert erasure_records.find_unfinished(store, people, "hash") is None
    assert erasure_records.find_unfinished(store, People([PERSON, OTHER], key), "remove") is None
    assert erasure_records.find_unfinished(store, People([PERSON], PrivacyKey("t" * 32)), "remove") is None
    erasure_records.write_record(store, record, {**found[1], "finished": True})
    assert erasure_records.find_unfinished(store, people, "remove") is None


@pytest.mark.parametrize("content", ["", "{}", "[]", json.dumps({"version": 2, "mode": "remove", "digests": []})])
def test_a_record_that_cannot_be_read_is_an_error_and_not_nobody(
    store: LocalFolder, record: str, key: PrivacyKey, content: str
) -> None:
    store.write(record, content.encode())
    with pytest.raises(DysmsInputError, match="has a record of an erasure that cannot be read"):
        erasure_records.erased_people(store, [record], key)
