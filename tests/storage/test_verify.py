"""A partition against its manifest: whatever was done to either is named, and no cell is repeated."""

from __future__ import annotations

import gzip
import json
import pickle
from datetime import UTC, datetime

import pytest

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage import verify as verifying
from airflow_provider_dysms.storage.file_formats import EXTENSIONS
from airflow_provider_dysms.storage.partition import Partition
from airflow_provider_dysms.storage.verify import PartitionDiffers, verify

DAY = "send_date=2025-06-01"
MANIFEST = f"_manifests/{DAY}.json"
SCHEMA = {"phone_number": str, "state": str, "sent_at": datetime, "segments": int, "is_final": bool}
AT = datetime(2025, 6, 1, 8, 44, 10, tzinfo=UTC)
NUMBER = "139" + "00001111"
ROWS = [
    (NUMBER, "delivered", AT, 1, True),
    (NUMBER, "waiting", AT, 2, False),
    (NUMBER, "missing", None, None, False),
    (NUMBER, "unlogged", AT, 1, True),
    (NUMBER, "delivered", AT, None, True),
]
COUNTS = {
    "by_state": {"delivered": 2, "missing": 1, "unlogged": 1, "waiting": 1},
    "missing": 1,
    "unlogged": 1,
    "open": 2,
}


def written(place, file_format="jsonl", compression=None, rows=ROWS, **counts):
    partition = Partition.resolve(place.uri, partition=DAY, file_format=file_format, compression=compression)
    with partition.open_spool(SCHEMA) as spool:
        spool.write(rows)
        return partition.commit(spool, {**COUNTS, **counts}, {})["result"]


def differences(place):
    with pytest.raises(PartitionDiffers) as caught:
        verify(place.uri, DAY)
    assert f"{place.clean_uri}/{DAY}" in str(caught.value)
    assert NUMBER not in str(caught.value)
    return caught.value.differences


@pytest.mark.parametrize(("file_format", "compression"), EXTENSIONS)
def test_what_was_written_is_what_is_there(place, file_format, compression):
    result = written(place, file_format, compression)
    before = place.files()
    assert verify(place.uri, DAY).as_dict() == {
        "data": result["data"],
        "bytes": result["bytes"],
        "sha256": result["sha256"],
        "rows": 5,
        **COUNTS,
    }
    assert place.files() == before


@pytest.mark.parametrize("file_format", ["jsonl", "csv", "parquet"])
def test_an_empty_day_is_what_it_says(folder, file_format):
    written(folder, file_format, rows=[], by_state={}, missing=0, unlogged=0, open=0)
    assert verify(folder.uri, DAY).rows == 0


def test_a_file_without_states_is_checked_for_what_it_has(folder):
    partition = Partition.resolve(folder.uri, partition=DAY)
    with partition.open_spool({"scope": str, "total": int}) as spool:
        spool.write([("mainland", 5)])
        partition.commit(spool, {"send_date": "2025-06-01"}, {})
    assert verify(folder.uri, DAY).rows == 1


@pytest.mark.parametrize(("file_format", "compression"), EXTENSIONS)
def test_every_single_byte_that_changed_is_noticed(folder, file_format, compression):
    data = written(folder, file_format, compression)["data"]
    content = folder.get(data)
    for place in range(0, len(content), max(1, len(content) // 25)):
        folder.put(data, content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert any(difference.startswith("sha256 ") for difference in differences(folder))


@pytest.mark.parametrize(("file_format", "compression"), EXTENSIONS)
def test_a_file_that_was_cut_off_is_noticed(folder, file_format, compression):
    data = written(folder, file_format, compression)["data"]
    content = folder.get(data)
    for length in (0, 1, len(content) // 2, len(content) - 1):
        folder.put(data, content[:length])
        named = differences(folder)
        assert named[0] == f"bytes {length}, in the manifest {len(content)}"
        assert any("rows" in difference for difference in named)


def test_a_row_that_was_taken_away_shows_in_every_count(place):
    data = written(place)["data"]
    place.put(data, b"".join(place.get(data).splitlines(keepends=True)[1:]))
    named = differences(place)
    assert [difference.split()[0] for difference in named] == ["bytes", "sha256", "rows", "by_state"]
    assert named[2:] == (
        "rows 4, in the manifest 5",
        f"by_state { ({**COUNTS['by_state'], 'delivered': 1}) }, in the manifest {COUNTS['by_state']}",
    )


@pytest.mark.parametrize(
    ("count", "value"), [("by_state", {"delivered": 5}), ("missing", 0), ("unlogged", 2), ("open", 1)]
)
def test_counts_of_the_manifest_are_counted_again(folder, count, value):
    written(folder, **{count: value})
    assert differences(folder) == (f"{count} {COUNTS[count]}, in the manifest {value}",)


def changed(place, **fields):
    manifest = json.loads(place.get(MANIFEST))
    manifest["result"].update(fields)
    place.put(MANIFEST, json.dumps(manifest).encode())


def test_a_manifest_that_was_edited_is_noticed(folder):
    result = written(folder)
    changed(folder, bytes=1, sha256="0" * 64, rows=3)
    assert differences(folder) == (
        f"bytes {result['bytes']}, in the manifest 1",
        f"sha256 {result['sha256']}, in the manifest {'0' * 64}",
        "rows 5, in the manifest 3",
    )


COLUMNS = [{"name": name, "type": "string"} for name in SCHEMA]


@pytest.mark.parametrize("file_format", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("columns", [COLUMNS, COLUMNS[:-1], [*COLUMNS, {"name": "more", "type": "string"}], [], None])
def test_columns_are_those_of_the_file(folder, file_format, columns):
    written(folder, file_format)
    if file_format == "csv" and columns == COLUMNS:
        columns = [{**column, "type": "date"} for column in columns]  # in CSV every cell is a text
    changed(folder, columns=columns)
    (difference,) = differences(folder)
    assert difference.startswith("its rows: ")


def test_a_second_data_file_is_named(place):
    written(place)
    place.put(f"{DAY}/part-1.jsonl", b"")
    assert differences(place) == (f"there is a second data file, {DAY}/part-1.jsonl, which the manifest does not name",)


def test_the_file_of_an_older_format_that_was_to_go_is_named_too(folder):
    written(folder)
    old = folder.get(f"{DAY}/part-0.jsonl")
    written(folder, "csv")
    folder.put(f"{DAY}/part-0.jsonl", old)
    assert differences(folder) == (
        f"there is a second data file, {DAY}/part-0.jsonl, which a commit was about to remove",
    )


def test_hidden_files_are_no_data(folder):
    written(folder)
    folder.put(f"{DAY}/.part-0.jsonl.tmp", b"x")
    folder.put(f"{DAY}/_SUCCESS", b"")
    assert verify(folder.uri, DAY).rows == 5


def test_what_is_not_there_is_named(place):
    assert differences(place) == (f"the manifest is missing at {MANIFEST}",)
    data = written(place)["data"]
    content = place.get(data)
    place.put(f"{DAY}/other.jsonl", content)
    partition = Partition.resolve(place.uri, partition=DAY)
    partition.store.remove(data)
    assert differences(place) == (
        f"there is a second data file, {DAY}/other.jsonl, which the manifest does not name",
        f"the data file {data} is missing",
    )


@pytest.mark.parametrize("stored", [b"", b"{}", b"\xff", b'{"version": 2}'])
def test_a_manifest_that_is_none_is_named(folder, stored):
    written(folder)
    folder.put(MANIFEST, stored)
    assert differences(folder) == (f"the manifest at {MANIFEST} cannot be read",)


def test_a_state_that_is_none_is_counted_and_not_repeated(folder):
    written(folder, rows=[(NUMBER, NUMBER, AT, 1, True)], by_state={}, missing=0, unlogged=0, open=0)
    assert differences(folder) == ("by_state {'of no known state': 1}, in the manifest {}",)


def test_a_partition_that_is_written_meanwhile_is_looked_at_again(folder, monkeypatch):
    written(folder)
    rows = ROWS[1:]
    real = verifying._fetch
    looks = []

    def fetch(*arguments):
        looks.append(1)
        if len(looks) == 1:  # the data is here, and the manifest follows
            data = written(folder, rows=rows, by_state={**COUNTS["by_state"], "delivered": 1})["data"]
            folder.put(data, folder.get(data))
        return real(*arguments)

    monkeypatch.setattr(verifying, "_fetch", fetch)
    assert verify(folder.uri, DAY).rows == 4
    assert len(looks) == 2


def test_the_error_survives_a_pickle():
    error = pickle.loads(pickle.dumps(PartitionDiffers("file:///out/day", ["rows 1, in the manifest 2"])))
    assert error.differences == ("rows 1, in the manifest 2",)
    assert "rows 1" in str(error)


@pytest.mark.parametrize(
    ("argument", "output_uri", "partition"),
    [("output_uri", "folder", DAY), ("partition", "file:///out", "../day"), ("partition", "file:///out", None)],
)
def test_arguments_that_cannot_be_used_are_named(argument, output_uri, partition):
    with pytest.raises(DysmsInputError, match=f"^{argument} "):
        verify(output_uri, partition)


def test_a_packed_file_of_another_packer_has_the_same_rows_and_is_another_file(folder):
    data = written(folder, "jsonl", "gzip")["data"]
    folder.put(data, gzip.compress(gzip.decompress(folder.get(data)), 1))
    assert [difference.split()[0] for difference in differences(folder)] == ["bytes", "sha256"]
