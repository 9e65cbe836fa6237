"""The rows of a partition are read back and found by number or message id, if they can be compared."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dysms.audit.results import HiddenCounts, HiddenCountsPacker
from airflow_provider_dysms.audit.verdict import Verdict
from airflow_provider_dysms.storage.disk_index import DiskIndex
from airflow_provider_dysms.storage.manifest import Manifest
from airflow_provider_dysms.storage.partition import Partition
from airflow_provider_dysms.transfers.known_rows.previous_rows import PreviousRows, read_previous_rows
from airflow_provider_dysms.transfers.known_rows.row_codec import RowCodec

NUMBER, OTHER = "139" + "00001111", "139" + "00002222"
KNOWN = {"send_date": "2025-06-01", "keyed": True, "parameters": {"match": "auto", "carry": []}}
CODEC = RowCodec((), content=False, phone_hash=None)
LOG = logging.getLogger(__name__)


@pytest.fixture
def partition(tmp_path: Path) -> Partition:
    return Partition.resolve(f"file://{tmp_path}", partition="send_date=2025-06-01")


@pytest.fixture
def manifest(partition: Partition) -> Manifest:
    """Commit two rows of one number and one of a message, the second group with hidden counts."""
    verdicts = [
        Verdict(phone_number=NUMBER, state="delivered", is_final=True),
        Verdict(phone_number=NUMBER, state="failed", is_final=True),
        Verdict(phone_number=OTHER, message_id="17", state="delivered", is_final=True),
    ]
    hidden_counts = HiddenCountsPacker()
    hidden_counts.add(2, HiddenCounts(edge=1))
    result = {**KNOWN, "oldest_answer": "2025-06-01T04:00:00Z", "unseen": hidden_counts.text()}
    with partition.open_spool(CODEC.columns) as spool:
        spool.write(CODEC.rows(verdicts))
        return partition.commit(spool, result, partition.uris)


@pytest.fixture
def index() -> Iterator[DiskIndex]:
    with DiskIndex() as index:
        yield index


def read(partition: Partition, manifest: Manifest | None, index: DiskIndex, **known: Any) -> PreviousRows | None:
    return read_previous_rows(partition, manifest, {**KNOWN, **known}, CODEC, index, LOG)


def test_groups_are_found_by_number_and_by_message_id(
    partition: Partition, manifest: Manifest, index: DiskIndex
) -> None:
    rows = read(partition, manifest, index)
    assert rows is not None
    found = rows.find(f"number {NUMBER}")
    assert found is not None
    assert (found[0], [verdict.state for verdict in found[1]]) == (HiddenCounts(), ["delivered", "failed"])
    found = rows.find("message 17")
    assert found is not None
    assert found[0] == HiddenCounts(edge=1)
    assert rows.find(f"number {OTHER}") is None


def test_an_empty_partition_has_no_rows(partition: Partition, index: DiskIndex) -> None:
    assert read(partition, None, index) is None


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"send_date": "2025-06-02"}, "send_date changed since"),
        ({"keyed": False}, "keyed changed since"),
        ({"parameters": {"match": "biz_id", "carry": []}}, "match changed since"),
        ({"parameters": {"match": "auto", "carry": ["campaign"]}}, "carry changed since"),
    ],
)
def test_rows_of_another_audit_are_not_used_and_the_log_says_why(
    partition: Partition,
    manifest: Manifest,
    index: DiskIndex,
    caplog: pytest.LogCaptureFixture,
    known: dict[str, Any],
    reason: str,
) -> None:
    caplog.set_level(logging.INFO)
    assert read(partition, manifest, index, **known) is None
    assert reason in caplog.text


def test_a_file_that_cannot_be_read_back_is_warned_about(
    partition: Partition, manifest: Manifest, index: DiskIndex, caplog: pytest.LogCaptureFixture
) -> None:
    manifest["result"]["unseen"] = "torn"
    assert read(partition, manifest, index) is None
    assert "cannot be read back" in caplog.text
