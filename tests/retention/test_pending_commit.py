"""An eraser that is killed between data and manifest: the next run puts the manifest in its place."""

from __future__ import annotations

from datetime import date

import pytest
from support.known_archives import Archive, manifest_of, put_day, rows_of, verdict

from airflow_provider_dysms.storage.partition import Partition
from airflow_provider_dysms.storage.verify import PartitionDiffers, verify

PERSON, OTHER = "139" + "00001111", "138" + "00002222"


@pytest.fixture
def killed(archive: Archive, days: list[date], monkeypatch: pytest.MonkeyPatch) -> Archive:
    """The archive after a kill in front of the manifest."""
    put_day(archive.uri, days[0], [verdict(days[0], PERSON), verdict(days[0], OTHER, second=1)])
    manifest = archive.path / f"_manifests/send_date={days[0]}.json"
    before = manifest.read_bytes()

    def die(*_: object) -> None:
        manifest.write_bytes(before)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Partition, "_verify_commit", die)
        with pytest.raises(KeyboardInterrupt):
            archive.erase(PERSON)
    with pytest.raises(PartitionDiffers):
        verify(archive.uri, f"send_date={days[0]}")
    return archive


def test_the_next_run_finishes_the_commit(killed: Archive, days: list[date]) -> None:
    assert killed.erase(PERSON)["rows"] == 1
    assert verify(killed.uri, f"send_date={days[0]}").rows == 1
    assert manifest_of(killed.path, days[0])["result"]["erased"]["rows"] == 1
    assert not (killed.path / "_erasures/pending").exists()


def test_an_audit_that_came_between_stays(killed: Archive, days: list[date]) -> None:
    put_day(killed.uri, days[0], [verdict(days[0], OTHER, second=place) for place in range(3)])
    assert killed.erase(PERSON)["rows"] == 0
    assert len(rows_of(killed.path, days[0])) == 3
    assert verify(killed.uri, f"send_date={days[0]}").rows == 3
    assert not (killed.path / "_erasures/pending").exists()
