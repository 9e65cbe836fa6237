"""SIGKILL at every boundary of input and output: a reader finds the old file or the new one, and a later run heals."""

from __future__ import annotations

import hashlib
import json

import pytest

DAY = "send_date=2025-06-01"
MANIFEST = f"_manifests/{DAY}.json"
KILLED = [-9]

SCENARIOS = {
    "the first file of a partition": (None, "jsonl"),
    "a new file for an old one": ("jsonl", "jsonl"),
    "another format": ("csv", "jsonl"),
}


def data_files(place):
    """Return the files that a reader finds with the glob ``send_date=*/*.<ext>``."""
    return {key: data for key, data in place.files().items() if key.startswith(f"{DAY}/part")}


def fits(place):
    result = json.loads(place.get(MANIFEST))["result"]
    digests = {key: hashlib.sha256(data).hexdigest() for key, data in data_files(place).items()}
    return digests == {result["data"]: result["sha256"]}


@pytest.fixture
def new_bytes(tmp_path, folder, writer):
    place = type(folder)(tmp_path / "expected")
    writer.here(place, writer=2, rows=500)
    return place.get(f"{DAY}/part-0.jsonl")


def die_and_heal(place, writer, scenario, new_bytes, **killed):
    """Replace the old file by the new one and die on the way; then look, write once more, and look again.

    :returns: whether it died, and whether the new file was there by then
    """
    old, new = SCENARIOS[scenario]
    if old:
        writer.here(place, writer=1, rows=400, file_format=old)
    before = data_files(place)

    ended = writer(place, writer=2, rows=500, file_format=new, **killed)

    found = data_files(place)
    assert set(found.values()) <= {*before.values(), new_bytes}
    assert found or not before
    if ended["exit"] != KILLED:
        assert ended["exit"] == [0]
        assert "manifest" in ended["answers"][0], ended
        assert fits(place)
    writer.here(place, writer=2, rows=500, file_format=new)
    assert fits(place)
    assert data_files(place) == {f"{DAY}/part-0.{new}": new_bytes}
    return ended["exit"] == KILLED, new_bytes in found.values()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_killed_before_every_change_in_the_file_system(folder, writer, scenario, new_bytes, tmp_path):
    outcomes = []
    for change in range(1, 100):
        place = type(folder)(tmp_path / f"{change}")
        watched = [str(place.path), str(writer.temporary)]
        outcomes.append(die_and_heal(place, writer, scenario, new_bytes, kill_before_change=change, watched=watched))
        if not outcomes[-1][0]:
            break
    # It died before the commit, after it, and at last not at all: the enumeration is complete, and not empty.
    assert outcomes[-1] == (False, True)
    assert outcomes.count((True, False)) >= 6
    assert outcomes.count((True, True)) >= 2
    assert list(writer.temporary.iterdir()) == []


@pytest.mark.parametrize("scenario", ["a new file for an old one", "another format"])
def test_killed_before_every_change_in_the_object_store(new_bucket, writer, s3_server, scenario, new_bytes):
    outcomes = []
    for change in range(1, 100):
        s3_server.watch(change)
        control = f"{s3_server.url}/control"
        outcomes.append(die_and_heal(new_bucket(), writer, scenario, new_bytes, control=control))
        if not outcomes[-1][0]:
            break
    assert outcomes[-1] == (False, True)
    assert outcomes.count((True, False)) == 5  # two probes, made and removed, and the data
    assert outcomes.count((True, True)) == (2 if scenario == "another format" else 1)  # the manifest; the old file


def test_killed_while_rows_come_in(place, writer):
    writer.here(place, writer=1)
    before = place.files()
    assert writer(place, writer=2, rows=20_000, kill_in_spool=True)["exit"] == KILLED
    assert place.files() == before
    assert list(writer.temporary.iterdir()) == []


def test_the_spool_lies_in_tmpdir_and_has_no_name(place, writer):
    (answer,) = writer(place)["answers"]
    spools = [file for file in answer["open_files"] if file.startswith(str(writer.temporary))]
    assert len(spools) == 1
    assert spools[0].endswith("(deleted)")
