"""A commit, step by step: what is put, in which order, what is taken away, and what is refused."""

from __future__ import annotations

import gzip
import hashlib
import json

import pytest

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage import partition as partitions
from airflow_provider_dysms.storage.partition import Partition

DAY = "send_date=2025-06-01"
DATA, MANIFEST = f"{DAY}/part-0.jsonl", f"_manifests/{DAY}.json"
SCHEMA = {"name": str, "count": int}
ROWS = [("甲", 1), ("b", None)]
WRITTEN = '{"name":"甲","count":1}\n{"name":"b","count":null}\n'.encode()


def test_the_data_file_is_put_first_and_the_manifest_that_describes_it_after_it(light_place):
    steps = light_place.steps()
    manifest = light_place.commit(store=steps, result={"b": "甲", "a": 1}, run={"requests": 7})
    assert steps.taken == [f"upload {DATA}", f"write {MANIFEST}"]
    files = light_place.files()
    assert files[DATA] == WRITTEN
    assert files[MANIFEST].decode() == (
        '{\n  "result": {\n    "a": 1,\n    "b": "甲",\n'
        f'    "bytes": {len(WRITTEN)},\n'
        '    "columns": [\n'
        '      {\n        "name": "name",\n        "type": "string"\n      },\n'
        '      {\n        "name": "count",\n        "type": "integer"\n      }\n'
        "    ],\n"
        f'    "data": "{DATA}",\n    "rows": 2,\n    "sha256": "{hashlib.sha256(WRITTEN).hexdigest()}"\n  }},\n'
        '  "run": {\n    "requests": 7\n  },\n  "version": 1\n}\n'
    )
    assert json.loads(files[MANIFEST]) == manifest == light_place.partition().read_manifest()


def test_nothing_is_committed_where_nothing_was(light_place):
    assert light_place.partition().read_manifest() is None
    assert light_place.store.keys(DAY) == []


def test_what_the_caller_counted_cannot_take_the_place_of_what_is_there(light_place):
    manifest = light_place.commit(result={"data": "elsewhere", "rows": 9})
    assert (manifest["result"]["data"], manifest["result"]["rows"]) == (DATA, 2)


def test_another_format_takes_the_place_of_the_last_and_the_manifest_says_so(light_place):
    light_place.commit()
    steps = light_place.steps()
    manifest = light_place.commit(extension="csv.gz", store=steps, run={"requests": 1})
    assert manifest["run"] == {"requests": 1, "replaced": [DATA]}
    assert steps.taken == [f"upload {DAY}/part-0.csv.gz", f"write {MANIFEST}", f"remove {DATA}"]
    assert set(light_place.files()) == {f"{DAY}/part-0.csv.gz", MANIFEST}


def test_a_second_commit_of_equal_rows_gives_equal_bytes(light_place):
    light_place.commit()
    before = light_place.files()
    light_place.commit()
    assert light_place.files() == before


@pytest.mark.parametrize("key", [f"{DAY}/part-1.jsonl", f"{DAY}/deeper/x", f"{DAY}/part-0.csv"])
def test_a_data_file_that_nothing_explains_is_refused_by_name_and_stays(light_place, key):
    light_place.put(key)
    with pytest.raises(DysmsInputError) as refused:
        light_place.commit()
    assert (refused.value.argument, refused.value.problem) == (
        "output_uri",
        "has a data file that does not belong to its manifest: "
        f"{light_place.root.protocol}://{light_place.root.path}/{key}; a partition "
        "has one data file, so move this one away, or write to another folder",
    )
    with pytest.raises(DysmsInputError, match="does not belong to its manifest"):
        light_place.partition().probe()
    assert light_place.files() == {key: b"mine"}


def test_of_several_unexplained_files_the_first_is_named(light_place):
    for key in ("b", "a", "c"):
        light_place.put(f"{DAY}/{key}")
    with pytest.raises(DysmsInputError, match=f"{DAY}/a;"):
        light_place.commit()


def test_a_file_that_comes_while_the_partition_is_written_is_refused_too_and_stays(light_place):
    steps = light_place.steps()
    steps.after = lambda verb, key: light_place.put(f"{DAY}/theirs.jsonl") if verb == "write" else None
    with pytest.raises(DysmsInputError, match="does not belong to its manifest"):
        light_place.commit(store=steps)
    assert set(light_place.files()) == {DATA, MANIFEST, f"{DAY}/theirs.jsonl"}


def test_what_readers_skip_and_what_lies_beside_is_nobodys_business(light_place):
    neighbours = [
        f"{DAY}/_SUCCESS",
        f"{DAY}/.crc",
        f"{DAY}/_deep/x",
        f"{DAY}/.deep/x",
        f"{DAY}/deep/_x",
        f"{DAY}/deep/.x/y",
        f"{DAY}1/part-0.csv",
        "x.txt",
    ]
    for key in neighbours:
        light_place.put(key)
    light_place.partition().probe()
    light_place.commit(extension="csv")
    light_place.commit()
    assert set(light_place.files()) == {*neighbours, DATA, MANIFEST}


def test_a_probe_leaves_nothing_where_nothing_was_and_all_where_something_was(light_place, tmp_path):
    light_place.partition().probe()
    assert light_place.files() == {}
    assert not (tmp_path / "out").exists()
    light_place.commit()
    before = light_place.files()
    steps = light_place.steps()
    probed: list[str] = []
    steps.before = lambda verb, key: probed.append(key) if verb == "probe" else None
    light_place.partition(store=steps).probe()
    assert probed == [DAY, "_manifests"]
    assert light_place.files() == before


def test_a_probe_of_a_nested_partition_looks_where_its_manifest_will_lie(light_place):
    name = f"app=shop/{DAY}"
    steps = light_place.steps()
    probed: list[str] = []
    steps.before = lambda verb, key: probed.append(key) if verb == "probe" else None
    light_place.partition(name=name, store=steps).probe()
    assert probed == [name, "_manifests/app=shop"]
    light_place.commit(name=name)
    assert set(light_place.files()) == {f"{name}/part-0.jsonl", f"_manifests/{name}.json"}


def test_a_folder_may_end_in_what_hides_a_file_in_front(light_place):
    light_place.commit(name="app_")
    assert light_place.partition(name="app_").read_manifest()["result"]["data"] == "app_/part-0.jsonl"


def test_what_is_put_in_one_piece_is_not_read_again_for_the_second_look(light_bucket, monkeypatch):
    files, read = type(light_bucket.root.fs), []
    really = files.open

    def spied(self, key, mode="rb", **how):
        read.append((key, mode))
        return really(self, key, mode, **how)

    monkeypatch.setattr(files, "open", spied)
    light_bucket.commit()
    assert (f"{light_bucket.root.path}/{DATA}", "wb") in read
    assert (f"{light_bucket.root.path}/{DATA}", "rb") not in read


@pytest.mark.parametrize("column", ["name", "count"])
def test_a_column_named_like_a_folder_of_the_partition_is_refused(light_place, column):
    with pytest.raises(DysmsInputError) as refused:
        light_place.partition(name=f"send_date=2025-06-01/{column}=1=2").open_spool(SCHEMA)
    assert (refused.value.argument, refused.value.problem) == (
        "partition",
        f"names '{column}', which is also a column; rename one",
    )
    light_place.partition(name=column).open_spool(SCHEMA).__exit__(None, None, None)


@pytest.mark.parametrize(("name", "column", "other"), [("NAME=a", "NAME", "name"), ("day=1/Day=2", "Day", "day")])
def test_a_folder_of_the_partition_that_readers_confuse_with_a_column_is_refused(light_place, name, column, other):
    with pytest.raises(DysmsInputError) as refused:
        light_place.partition(name=name).open_spool(SCHEMA)
    assert refused.value.problem == (f"names '{column}', which readers confuse with '{other}', a column; rename one")


@pytest.mark.parametrize("result", [{"at": object()}, {"rate": float("nan")}])
@pytest.mark.parametrize("part", ["result", "run"])
def test_what_is_no_json_is_refused_before_anything_is_put(light_place, part, result):
    with pytest.raises((TypeError, ValueError)):
        light_place.commit(**{part: result})
    assert light_place.files() == {}


@pytest.mark.parametrize(
    ("asked", "argument", "told"),
    [
        (
            {"partition": ".hidden"},
            "partition",
            "is not a folder name; use letters, digits and '=', as in send_date={send_date:%Y-%m-%d}",
        ),
        ({"partition": "a/../b"}, "partition", "is not a folder name"),
        ({"partition": "a/"}, "partition", "is not a folder name"),
        ({"partition": None}, "partition", "is not a folder name"),
        ({"partition": DAY, "file_format": "xls"}, "file_format", "must be one of"),
        (
            {"partition": DAY, "file_format": "csv", "compression": "zip"},
            "compression",
            "is 'zip'; for csv it must be one of",
        ),
    ],
)
def test_a_place_that_cannot_be_is_refused_by_its_argument(asked, argument, told):
    with pytest.raises(DysmsInputError) as refused:
        Partition.resolve("file:///out", **asked)
    assert refused.value.argument == argument
    assert refused.value.problem.startswith(told)


@pytest.mark.parametrize(
    ("how", "key"),
    [
        ({}, f"{DAY}/part-0.jsonl"),
        ({"compression": "gzip"}, f"{DAY}/part-0.jsonl.gz"),
        ({"file_format": "csv", "compression": "gzip"}, f"{DAY}/part-0.csv.gz"),
    ],
)
def test_a_place_that_is_resolved_writes_there_in_the_format_that_was_asked_for(light_place, monkeypatch, how, key):
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(
        partitions, "resolve_uri", lambda uri, argument: (asked.append((uri, argument)), light_place.root)[1]
    )
    target = Partition.resolve("protocol://out", partition=DAY, **how)
    assert asked == [("protocol://out", "output_uri")]
    assert target.uri == f"{light_place.root.protocol}://{light_place.root.path}/{key}"
    nested = Partition.resolve("protocol://out", partition=f"app=shop/{DAY}", **how)
    assert nested.uri == f"{light_place.root.protocol}://{light_place.root.path}/app=shop/{key}"
    with target.open_spool(SCHEMA) as spool:
        spool.write(ROWS)
        target.commit(spool, {}, {})
    found = light_place.files()
    assert set(found) == {key, MANIFEST}
    data = gzip.decompress(found[key]) if key.endswith(".gz") else found[key]
    assert data.startswith(b"name,count" if "csv" in key else b'{"name"')


@pytest.fixture
def resolved(light_place, monkeypatch):
    monkeypatch.setattr(partitions, "resolve_uri", lambda uri, argument: light_place.root)
    return light_place


@pytest.mark.parametrize(("how", "written"), [({}, "=1+1,1"), ({"csv_safe": True}, '"\'=1+1",1')])
def test_a_csv_that_is_resolved_is_safe_for_spreadsheets_if_that_was_asked_for(resolved, how, written):
    target = Partition.resolve("protocol://out", partition=DAY, file_format="csv", **how)
    with target.open_spool(SCHEMA) as spool:
        spool.write([("=1+1", 1)])
        target.commit(spool, {}, {})
    assert resolved.files()[f"{DAY}/part-0.csv"].decode().splitlines()[1] == written


def test_what_only_csv_has_is_refused_for_another_format_by_its_name(resolved):
    with pytest.raises(DysmsInputError) as refused:
        Partition.resolve("protocol://out", partition=DAY, csv_safe=True)
    assert (refused.value.argument, refused.value.problem) == (
        "csv_safe",
        "is for file_format='csv'; leave it out, because jsonl files mark what is text",
    )


def test_a_place_that_is_resolved_names_its_argument_when_it_refuses(resolved, monkeypatch):
    class Refusing:
        def read(self, key):
            raise PermissionError("no")

    monkeypatch.setattr(partitions, "open_store", lambda root: Refusing())
    with pytest.raises(DysmsInputError) as refused:
        Partition.resolve("protocol://out", partition=DAY).read_manifest()
    assert refused.value.argument == "output_uri"
    uri = f"{resolved.root.protocol}://{resolved.root.path}"
    assert refused.value.problem.startswith(f"cannot be read: {uri}/{MANIFEST} (no); ")


def test_the_manifest_of_an_audit_keeps_the_figures_of_the_audits_before_it(light_place):
    figures = [{"as_of": f"2025-06-02T0{hour}:00:00Z", "by_state": {"delivered": hour}} for hour in range(3)]
    for number, audit in enumerate(figures):
        light_place.commit(result={"send_date": "2025-06-01", **audit})
        assert json.loads(light_place.files()[MANIFEST]).get("snapshots", []) == figures[:number]
