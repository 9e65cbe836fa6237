"""One file and its manifest, in both stores: what is written, what is taken away, and what is refused."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import UTC, date, datetime

import duckdb
import pyarrow.parquet
import pytest

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.partition import Partition

DAY = "send_date=2025-06-01"
MANIFEST = f"_manifests/{DAY}.json"
SCHEMA = {"name": str, "count": int, "share": float, "final": bool, "at": datetime, "day": date}
ROWS = [
    ("签名【甲】", 1, 1.5, True, datetime(2025, 6, 1, 8, 44, 10, tzinfo=UTC), date(2025, 6, 1)),
    ('"quoted",\r\nlines', -2, 0.0, False, datetime(2025, 6, 1, 8, 44, 10, 500000, tzinfo=UTC), date(1970, 1, 1)),
    (None, None, None, None, None, None),
]
FORMATS = [
    ("jsonl", None, "jsonl"),
    ("jsonl", "gzip", "jsonl.gz"),
    ("csv", None, "csv"),
    ("csv", "gzip", "csv.gz"),
    ("parquet", None, "parquet"),
    ("parquet", "zstd", "parquet"),
    ("parquet", "snappy", "parquet"),
    ("parquet", "gzip", "parquet"),
    ("parquet", "none", "parquet"),
]


def write(
    uri, rows=ROWS, *, partition=DAY, file_format="jsonl", compression=None, schema=SCHEMA, result=None, run=None
):
    target = Partition.resolve(uri, partition=partition, file_format=file_format, compression=compression)
    target.probe()
    with target.open_spool(schema) as spool:
        spool.write(rows)
        return target.commit(spool, result or {}, run or {})


@pytest.mark.parametrize(("file_format", "compression", "extension"), FORMATS)
def test_a_partition_is_one_data_file_and_the_manifest_that_describes_it(place, file_format, compression, extension):
    manifest = write(
        place.uri, file_format=file_format, compression=compression, result={"asked": 3}, run={"requests": 7}
    )

    files = place.files()
    data = files[f"{DAY}/part-0.{extension}"]
    assert set(files) == {f"{DAY}/part-0.{extension}", MANIFEST}
    assert json.loads(files[MANIFEST]) == manifest
    assert manifest == {
        "version": 1,
        "result": {
            "asked": 3,
            "data": f"{DAY}/part-0.{extension}",
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "rows": 3,
            "columns": [
                {"name": "name", "type": "string"},
                {"name": "count", "type": "integer"},
                {"name": "share", "type": "float"},
                {"name": "final", "type": "boolean"},
                {"name": "at", "type": "timestamp"},
                {"name": "day", "type": "date"},
            ],
        },
        "run": {"requests": 7},
    }
    assert "aws_test" not in json.dumps(manifest)


def test_equal_rows_give_equal_bytes_of_data_and_manifest(folder):
    for file_format, compression, _ in FORMATS:
        write(folder.uri, file_format=file_format, compression=compression, result={"b": 1, "a": {"d": 1, "c": 2}})
        write(folder.uri, file_format=file_format, compression=compression, result={"b": 1, "a": {"d": 1, "c": 2}})
        once = folder.files()
        write(
            folder.uri,
            iter(ROWS),
            file_format=file_format,
            compression=compression,
            result={"a": {"c": 2, "d": 1}, "b": 1},
        )
        assert folder.files() == once


def test_two_formats_in_turn_leave_one_data_file(place):
    for file_format, compression, extension in FORMATS:
        write(place.uri, file_format=file_format, compression=compression)
        assert set(place.files()) == {f"{DAY}/part-0.{extension}", MANIFEST}


def test_other_partitions_and_hidden_files_are_left_alone(place):
    write(place.uri, partition="send_date=2025-05-31")
    for key in (f"{DAY}/_SUCCESS", f"{DAY}/.crc", "send_date=2025-06-011/part-0.csv", "notes.txt"):
        place.put(key, b"mine")
    before = place.files()
    write(place.uri)
    write(place.uri, file_format="csv")

    assert set(place.files()) - set(before) == {f"{DAY}/part-0.csv", MANIFEST}
    assert {key: place.files()[key] for key in before} == before


@pytest.mark.parametrize("name", ["part-0.csv", "part-1.jsonl", "deeper/part-0.jsonl"])
def test_a_data_file_that_no_manifest_explains_is_refused_before_and_at_the_commit_and_not_deleted(place, name):
    target = Partition.resolve(place.uri, partition=DAY)
    target.probe()
    with target.open_spool(SCHEMA) as spool:
        spool.write(ROWS)
        place.put(f"{DAY}/{name}", b"mine")
        with pytest.raises(
            DysmsInputError,
            match=r"a data file that does not belong to its manifest.*move this one away",
        ):
            target.commit(spool, {}, {})
    with pytest.raises(DysmsInputError, match="does not belong to its manifest"):
        target.probe()
    assert place.files() == {f"{DAY}/{name}": b"mine"}


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"{",
        b"[]",
        b'{"version": 2, "result": {"data": "send_date=2025-06-01/part-0.csv", "bytes": 1, "sha256": ""}, "run": {}}',
        b'{"version": 1, "result": {"data": "../precious", "bytes": 1, "sha256": ""}, "run": {}}',
        b'{"version": 1, "result": {"data": "send_date=2025-06-01/precious.csv", "bytes": 1, "sha256": ""}, "run": {}}',
    ],
)
def test_a_manifest_of_somebody_else_is_refused_and_nothing_it_names_is_touched(place, stored):
    place.put(MANIFEST, stored)
    place.put(f"{DAY}/precious.csv", b"mine")
    before = place.files()
    with pytest.raises(DysmsInputError, match=rf"output_uri has no readable manifest at {MANIFEST}"):
        write(place.uri)
    assert place.files() == before


def test_an_error_while_rows_come_in_leaves_the_old_partition_as_it_was(place):
    write(place.uri)
    before = place.files()
    target = Partition.resolve(place.uri, partition=DAY, file_format="parquet")
    target.probe()
    with pytest.raises(ZeroDivisionError), target.open_spool(SCHEMA) as spool:  # noqa: PT012
        spool.write(ROWS * 10_000)
        raise ZeroDivisionError
    assert place.files() == before


def test_an_error_while_rows_come_in_leaves_nothing_where_nothing_was(folder):
    target = Partition.resolve(folder.uri, partition=DAY)
    target.probe()
    with pytest.raises(ZeroDivisionError), target.open_spool(SCHEMA) as spool:  # noqa: PT012
        spool.write(ROWS)
        raise ZeroDivisionError
    assert not folder.path.exists()


def test_a_result_that_is_no_json_is_refused_before_anything_is_put(place):
    for result in ({"at": datetime(2025, 6, 1, tzinfo=UTC)}, {"rate": float("nan")}):
        with pytest.raises((TypeError, ValueError)):
            write(place.uri, result=result)
    assert place.files() == {}


def test_a_probe_leaves_nothing_behind(place):
    Partition.resolve(place.uri, partition=DAY).probe()
    assert place.files() == {}


def test_partitions_may_be_nested(place):
    write(place.uri, partition="app=shop/send_date=2025-06-01")
    assert set(place.files()) == {
        "app=shop/send_date=2025-06-01/part-0.jsonl",
        "_manifests/app=shop/send_date=2025-06-01.json",
    }


def test_a_file_of_more_than_one_part_is_uploaded_whole_and_read_back_for_the_second_look(bucket):
    # Above 100 MiB s3fs uploads in parts, and the ETag is not a digest of the content any more.
    target = Partition.resolve(bucket.uri, partition=DAY)
    with target.open_spool({"text": str}) as spool:
        spool.write((text,) for text in ["x" * (1 << 20)] * 105)
        manifest = target.commit(spool, {}, {})
    data = bucket.get(f"{DAY}/part-0.jsonl")
    assert len(data) > 100 << 20
    assert hashlib.sha256(data).hexdigest() == manifest["result"]["sha256"]


READERS = [
    ("parquet", None, "read_parquet", "**/*.parquet", ""),
    ("parquet", None, "read_parquet", "send_date=*/part-*", ""),
    ("jsonl", None, "read_json", "**/*.jsonl", ""),
    ("jsonl", "gzip", "read_json", "**/*.jsonl.gz", ""),
    ("jsonl", None, "read_json", "send_date=*/part-*", ""),
    # A header alone says nothing of types: over days of which one is empty, CSV is read with types.
    ("csv", None, "read_csv", "**/*.csv", ", types = {'count': 'BIGINT', 'final': 'BOOLEAN'}"),
    ("csv", "gzip", "read_csv", "**/*.csv.gz", ", types = {'count': 'BIGINT', 'final': 'BOOLEAN'}"),
    ("csv", None, "read_csv", "send_date=*/part-*", ", types = {'count': 'BIGINT', 'final': 'BOOLEAN'}"),
]


@pytest.mark.parametrize(("file_format", "compression", "reader", "files", "options"), READERS)
def test_duckdb_reads_the_hive_layout_an_empty_day_beside_full_ones(
    folder, file_format, compression, reader, files, options
):
    for day, rows in (("2025-05-31", ROWS), ("2025-06-01", []), ("2025-06-02", ROWS * 4000)):
        write(folder.uri, rows, partition=f"send_date={day}", file_format=file_format, compression=compression)

    table = f"{reader}('{folder.path}/{files}', hive_partitioning = true{options})"
    with duckdb.connect() as connection:
        days = connection.sql(
            f"select send_date, count(*), sum(count), count(*) filter (final), max(name) from {table} "
            "where send_date >= date '2025-06-01' group by all"
        ).fetchall()
        total = connection.sql(f"select count(*) from {table}").fetchall()
    assert days == [(date(2025, 6, 2), 12000, -4000, 4000, "签名【甲】")]
    assert total == [(12003,)]


def test_a_glob_without_the_extension_meets_the_manifests_and_is_refused_aloud(folder):
    write(folder.uri)
    with duckdb.connect() as connection, pytest.raises(duckdb.BinderException, match="Hive partition mismatch"):
        connection.sql(f"from read_json('{folder.path}/**/*', hive_partitioning = true)")


def test_parquet_keeps_its_schema_on_an_empty_day(folder):
    write(folder.uri, [], partition="send_date=2025-06-01", file_format="parquet")
    write(folder.uri, ROWS, partition="send_date=2025-06-02", file_format="parquet")
    empty, full = (
        pyarrow.parquet.read_table(folder.path / f"send_date=2025-06-0{day}" / "part-0.parquet", partitioning=None)
        for day in (1, 2)
    )
    assert empty.schema == full.schema
    assert [str(kind) for kind in full.schema.types] == [
        "string",
        "int64",
        "double",
        "bool",
        "timestamp[us, tz=UTC]",
        "date32[day]",
    ]
    assert empty.num_rows == 0
    assert full.to_pylist() == [dict(zip(SCHEMA, row, strict=True)) for row in ROWS]


def test_gzip_carries_neither_time_nor_name(folder):
    write(folder.uri, compression="gzip")
    data = folder.get(f"{DAY}/part-0.jsonl.gz")
    assert data[3] == 0  # no name
    assert data[4:8] == bytes(4)  # no time
    assert gzip.decompress(data).count(b"\n") == 3
