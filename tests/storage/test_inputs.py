"""A send log is a file, a folder or a glob, in both stores."""

from __future__ import annotations

import gzip
import io
import os
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_provider_dysms.audit.send_log.log import read_send_log
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.inputs import has_inputs, open_inputs
from airflow_provider_dysms.storage.object_store.store_errors import FileReplaced

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
    assert not has_inputs(f"{log.uri}/{tail}")


def test_a_file_is_found_without_reading_it(log):
    assert all(has_inputs(f"{log.uri}/{tail}") for tail in ("log/a.csv", "log", "log/*.csv", "log/**/*.csv"))
    with pytest.raises(DysmsInputError, match="sent_uri is empty"):
        has_inputs("")


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


ROWS = "".join(f"139{place:08}\n" for place in range(1_000)).encode()


def lines_of(uri, change):
    """Return how many lines a log has that is changed when its first file has been opened."""

    def meddled(files):
        for place, (name, file) in enumerate(files):
            if not place:
                assert file.read(1)
                change()
            yield name, file

    with open_inputs(uri) as files:
        return len(read_send_log(meddled(files), send_date=date(2025, 6, 1)).lines)


CHANGES = {
    "shorter": (lambda place: place.put("log/a.txt", ROWS[:1200]), r"log/a.txt had 12000 bytes at first and has 1200 "),
    "in half a line": (lambda place: place.put("log/a.txt", ROWS[:1203]), r"log/a.txt had 12000 bytes at first and "),
    "longer": (
        lambda place: place.put("log/a.txt", ROWS + ROWS[:12]),
        r"log/a.txt had 12000 bytes at first and has 12012 ",
    ),
    "of the same size": (lambda place: place.put("log/a.txt", ROWS[::-1]), r"log/a.txt was written or replaced"),
    "another one": (
        lambda place: place.put("log/b.txt", b"1390000000"),
        r"log/b.txt had 12 bytes at first and has 10 ",
    ),
    "one more": (lambda place: place.put("log/c.txt", ROWS[:12]), r"log/c.txt was added"),
    "one less": (lambda place: place.remove("log/b.txt"), r"log/b.txt was removed"),
    "nothing left": (lambda place: (place.remove("log/a.txt"), place.remove("log/b.txt")), r"log/a.txt was removed"),
}


@pytest.mark.parametrize("tail", ["log", "log/*.txt", "log/**/*.txt"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_log_that_changes_while_it_is_read_is_an_error_that_may_pass(place, change, tail):
    place.put("log/a.txt", ROWS)
    place.put("log/b.txt", ROWS[:12])
    meddle, told = CHANGES[change]
    with pytest.raises(FileReplaced) as caught:
        lines_of(f"{place.uri}/{tail}", lambda: meddle(place))
    message = str(caught.value)
    assert message.startswith("sent_uri ")
    if "was replaced while it was read" not in message:  # the store has said so itself
        assert f"changed while it was read: {place.clean_uri}/{told}" in message
    assert "run the task again when its writer has finished" in message
    assert "aws_test" not in message


def test_a_single_file_is_looked_at_as_well(place):
    place.put("log/a.txt", ROWS)
    with pytest.raises(FileReplaced, match="while it was read"):
        lines_of(f"{place.uri}/log/a.txt", lambda: place.put("log/a.txt", ROWS[:24]))
    with pytest.raises(FileReplaced, match="while it was read"):
        lines_of(f"{place.uri}/log/a.txt", lambda: place.remove("log/a.txt"))


def test_an_archive_may_grow_but_not_change_otherwise(place):
    def read(change):
        place.put("log/a.txt", ROWS)
        with open_inputs(f"{place.uri}/log", may_grow=True) as files:
            for _, file in files:
                assert file.read(1)
                change()

    read(lambda: place.put("log/a.txt", ROWS + ROWS[:12]))
    read(lambda: place.put("log/b.txt", ROWS))
    for change in (lambda: place.put("log/a.txt", ROWS[::-1]), lambda: place.put("log/a.txt", ROWS[:12])):
        with pytest.raises(FileReplaced, match="while it was read"):
            read(change)


def test_a_gzip_file_that_is_cut_off_while_it_is_read_may_be_whole_later(folder):
    zipped = gzip.compress(ROWS)
    folder.put("log/a.txt", ROWS)
    folder.put("log/b.txt.gz", zipped)
    path = folder.path / "log/b.txt.gz"
    with pytest.raises(FileReplaced, match=rf"b\.txt\.gz had {len(zipped)} bytes at first and has 1000 now"):
        lines_of(f"{folder.uri}/log", lambda: os.truncate(path, 1000))
    with pytest.raises(DysmsInputError, match="only part of one"):  # now it holds still
        lines_of(f"{folder.uri}/log", lambda: None)


def test_a_file_in_the_place_of_another_one_of_the_same_size_and_time_is_another_file(folder):
    folder.put("log/a.txt", ROWS)
    folder.put("b.txt", ROWS[::-1])
    path, other = folder.path / "log/a.txt", folder.path / "b.txt"

    def replace():
        os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
        os.replace(other, path)

    with pytest.raises(FileReplaced, match=r"log/a\.txt was written or replaced"):
        lines_of(f"{folder.uri}/log", replace)


def test_a_file_behind_a_link_is_looked_at_as_well(folder):
    folder.put("log/z.txt", ROWS[:12])
    folder.put("elsewhere/a.txt", ROWS)
    os.symlink(folder.path / "elsewhere/a.txt", folder.path / "log/a.txt")
    with pytest.raises(FileReplaced, match=r"log/a\.txt was written"):
        lines_of(f"{folder.uri}/log", lambda: folder.put("elsewhere/a.txt", ROWS[::-1]))


@pytest.mark.parametrize("tail", ["log", "log/*.txt", "log/**/*.txt", "log/a.txt"])
def test_what_is_not_of_the_log_may_change(place, tail):
    place.put("log/a.txt", ROWS)

    def meddle():
        for key in ("log/_SUCCESS", "log/.a.txt.tmp", "log/_temporary/b.txt", "other/a.txt"):
            place.put(key, b"x")

    assert lines_of(f"{place.uri}/{tail}", meddle) == 1_000
