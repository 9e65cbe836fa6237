"""A send log is a file, a folder or a glob, in both stores."""

from __future__ import annotations

import io
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.inputs import open_inputs

KEYS = ["b.csv", "a.csv", "c.txt", "_skipped.csv", ".hidden.csv", "deeper/d.csv", "deeper/_e.csv", "_aside/f.csv"]


@pytest.fixture
def log(place):
    for key in KEYS:
        place.put(f"log/{key}", key.encode())
    return place


@pytest.mark.parametrize(
    ("tail", "names"),
    [
        ("log/a.csv", ["a.csv"]),
        ("log/_skipped.csv", ["_skipped.csv"]),
        ("log", ["a.csv", "b.csv", "c.txt"]),
        ("log/", ["a.csv", "b.csv", "c.txt"]),
        ("log/*.csv", ["a.csv", "b.csv"]),
        ("log/[ac].*", ["a.csv", "c.txt"]),
        ("log/?.txt", ["c.txt"]),
        ("log/**/*.csv", ["a.csv", "b.csv", "deeper/d.csv"]),
        ("log/*/d.csv", ["deeper/d.csv"]),
        ("lo*/a.csv", ["log/a.csv"]),
    ],
)
def test_a_file_a_folder_and_a_glob_give_their_files_in_order(log, tail, names):
    read = [(name, file.read().decode()) for name, file in open_inputs(f"{log.uri}/{tail}")]
    assert [name for name, _ in read] == names
    assert [text.rpartition("/")[2] for _, text in read] == [name.rpartition("/")[2] for name in names]


@pytest.mark.parametrize("tail", ["log/nothing.csv", "nowhere", "log/*.json", "log/_aside/[x]*", "log/_*"])
def test_nothing_to_read_is_an_error_that_names_the_argument(log, tail):
    with pytest.raises(DysmsInputError) as caught:
        open_inputs(f"{log.uri}/{tail}")
    assert str(caught.value).startswith("sent_uri ")
    assert f"{log.clean_uri}/{tail}" in str(caught.value)
    assert "aws_test" not in str(caught.value)


def test_the_argument_can_have_another_name(folder):
    with pytest.raises(DysmsInputError, match=r"^log_uri cannot be read: .* \(.*\); check that it is there"):
        open_inputs(folder.uri, argument="log_uri")


def test_an_empty_folder_is_an_error(folder):
    folder.path.mkdir()
    with pytest.raises(DysmsInputError, match=r"^sent_uri finds no file"):
        open_inputs(folder.uri)


def test_a_bucket_that_does_not_exist_is_an_error(s3):
    with pytest.raises(DysmsInputError, match=r"^sent_uri cannot be read: s3://nowhere/log"):
        open_inputs("s3://aws_test@nowhere/log")


def test_a_file_that_goes_away_before_its_turn_is_an_error(folder):
    folder.put("a.csv", b"a")
    files = open_inputs(folder.uri)
    (folder.path / "a.csv").unlink()
    with pytest.raises(DysmsInputError, match=r"^sent_uri cannot be read"):
        next(files)


def test_each_file_is_closed_when_the_next_ones_turn_comes(place):
    for name in ("a", "b"):
        place.put(f"log/{name}", b"x")
    opened = [file for _, file in open_inputs(f"{place.uri}/log")]
    assert [file.closed for file in opened] == [True, True]


def test_a_file_can_be_sought_in_as_parquet_needs(place):
    table = pa.table({"phone_number": ["1", "2"]})
    data = io.BytesIO()
    pq.write_table(table, data)
    place.put("log/a.parquet", data.getvalue())
    assert [pq.read_table(file) for _, file in open_inputs(f"{place.uri}/log")] == [table]


def test_a_log_that_changed_since_the_last_look_is_seen_as_it_is_now(place):
    place.put("log/a", b"1")
    assert [file.read() for _, file in open_inputs(f"{place.uri}/log")] == [b"1"]
    place.put("log/a", b"22")
    place.put("log/b", b"3")
    assert [file.read() for _, file in open_inputs(f"{place.uri}/log")] == [b"22", b"3"]


def test_a_symbolic_link_is_the_file_or_the_folder_that_it_leads_to(folder):
    for key in ("log/a.csv", "elsewhere/b.csv", "elsewhere/deeper/c.csv"):
        folder.put(key, key.encode())
    os.symlink(folder.path / "elsewhere/b.csv", folder.path / "log/b.csv")
    os.symlink(folder.path / "elsewhere/deeper", folder.path / "log/deeper")
    for tail, names in {
        "log": ["a.csv", "b.csv"],
        "log/*.csv": ["a.csv", "b.csv"],
        "log/*/*": ["deeper/c.csv"],
    }.items():
        assert [name for name, _ in open_inputs(f"{folder.uri}/{tail}")] == names


def test_folders_that_link_in_a_circle_are_walked_once(folder):
    folder.put("log/a.csv", b"a")
    os.symlink(folder.path / "log", folder.path / "log/again")
    assert [name for name, _ in open_inputs(f"{folder.uri}/log/**/*.csv")] == ["a.csv"]


def test_a_link_that_leads_nowhere_is_not_passed_over(folder):
    folder.put("log/a.csv", b"a")
    os.symlink(folder.path / "gone.csv", folder.path / "log/b.csv")
    with pytest.raises(DysmsInputError, match=r"^sent_uri cannot be read: file:///.*/log/b\.csv \(No such file"):
        list(open_inputs(f"{folder.uri}/log"))


def test_a_glob_that_is_none_is_refused(folder):
    folder.put("log/a.csv", b"a")
    with pytest.raises(DysmsInputError, match=r"^sent_uri is not a glob: file:///.*/log/\*\*\.csv \("):
        open_inputs(f"{folder.uri}/log/**.csv")
