"""Every bad place to write to or to read from is an error that names the argument and the remedy, with nothing left."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError
from airflow_provider_dysms.storage.inputs import open_inputs
from airflow_provider_dysms.storage.partition import Partition

DAY = "send_date=2025-06-01"

UNUSABLE = [
    ("", "is empty; write file:///folder, s3://conn_id@bucket/folder or oss://conn_id@bucket/folder"),
    (None, "is empty; write"),
    ("/tmp/output", "has no scheme; write file:///folder, s3://conn_id@bucket/folder or oss://conn_id@bucket/folder"),
    ("output", "has no scheme"),
    ("://output", "has no scheme"),
    ("file:/tmp/output", "has no scheme"),
    ("file://output", "is not an absolute folder; write file:///folder, with three slashes"),
    ("file://conn@/output", "is not an absolute folder"),
    ("file:///tmp/../output", "has a '..' in it"),
    ("s3://", "has no bucket; write s3://conn_id@bucket/folder"),
    ("s3://aws_test@", "has no bucket"),
    ("s3://@bucket/output", "has no connection id before the '@'"),
    ("s3://AKIA:geheim@bucket/output", "write keys into a connection"),
    ("s3://[bucket/output", "cannot be read"),
    ("s3://nope@bucket/output", "names the connection 'nope', which does not exist; create it"),
    (
        "memory://output",
        "has the scheme 'memory', whose writes have not been shown to be atomic; use file://, s3:// or oss://",
    ),
    ("gs://bucket/output", "has the scheme 'gs'"),
    ("abfs://container/output", "has the scheme 'abfs'"),
    ("oss://bucket/output", "names no connection; write oss://conn_id@bucket/folder"),
    ("oss://nope@bucket/output", "names the connection 'nope', which does not exist; create it"),
    ("oss://nope@My_Bucket/output", "has no name of a bucket of OSS"),
    ("https://example.com/output", "has the scheme 'https'"),
]


@pytest.mark.parametrize(("uri", "message"), UNUSABLE)
def test_a_place_that_cannot_be_used_is_refused_for_writing_and_for_reading(uri, message, s3):
    for argument, use in (
        ("output_uri", lambda: Partition.resolve(uri, partition=DAY)),
        ("sent_uri", lambda: open_inputs(uri)),
    ):
        with pytest.raises(DysmsInputError) as caught:
            use()
        assert str(caught.value).startswith(f"{argument} ")
        assert message in str(caught.value)
        assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "partition", ["", "/", "a//b", "../up", "a/..", ".hidden", "_manifests", "a b", "send_date={x}", "a/", "/a", None]
)
def test_a_partition_is_a_folder_name(partition, folder):
    with pytest.raises(DysmsInputError, match=r"^partition is not a folder name; use"):
        Partition.resolve(folder.uri, partition=partition)


def test_a_partition_folder_may_not_be_named_as_a_column_is(folder):
    with pytest.raises(DysmsInputError, match=r"^partition names 'send_date', which is also a column"):
        Partition.resolve(folder.uri, partition=DAY).open_spool({"send_date": str})


@pytest.mark.parametrize(
    ("partition", "column"),
    [
        ("STATE=a", "state"),
        ("state=a", "State"),
        ("STRASSE=1", "straße"),
        ("ｓｔａｔｅ=a", "state"),
        ("state=a", "st ate"),
        ("day=1/DAY=2", "state"),
    ],
)
def test_a_partition_folder_may_not_differ_from_a_column_by_case_or_blanks_alone(folder, partition, column):
    with pytest.raises(DysmsInputError, match=r"^partition names .* readers confuse with"):
        Partition.resolve(folder.uri, partition=partition).open_spool({column: str})


@pytest.mark.parametrize("in_the_way", ["output", f"output/{DAY}", "output/_manifests"])
def test_a_folder_that_cannot_be_written_is_an_error_and_no_folder_is_left(tmp_path, in_the_way):
    file = tmp_path / in_the_way
    file.parent.mkdir(exist_ok=True)
    file.write_text("a file, where a folder is needed")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DysmsInputError, match=r"^output_uri cannot be written: file:///.*output \(.*\); .*check that"):
        Partition.resolve(f"file://{tmp_path}/output", partition=DAY).probe()
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_system_that_refuses_is_an_error():
    with pytest.raises(DysmsInputError, match=r"^output_uri cannot be written: file:///proc/output \("):
        Partition.resolve("file:///proc/output", partition=DAY).probe()


def test_a_bucket_that_does_not_exist_is_an_error_without_the_connection_in_it(s3):
    with pytest.raises(DysmsInputError) as caught:
        Partition.resolve("s3://aws_test@nowhere/output", partition=DAY).probe()
    assert str(caught.value).startswith(
        "output_uri cannot be written: s3://nowhere/output (The specified bucket does not exist)"
    )


@pytest.mark.parametrize("method", ["put", "get", "delete"])
def test_a_bucket_that_may_not_be_used_is_an_error(s3, method):
    s3.create_bucket(Bucket=f"denies-{method}-1") if method != "put" else None
    with pytest.raises(DysmsInputError) as caught:
        Partition.resolve(f"s3://aws_test@denies-{method}-1/output", partition=DAY).probe()
    told = f"s3://denies-{method}-1/output/{DAY}" if method == "get" else f"s3://denies-{method}-1/output"
    assert str(caught.value).startswith(
        f"output_uri cannot be {'listed' if method == 'get' else 'written'}: {told} (Access Denied)"
    )


def test_a_server_that_does_not_answer_is_an_error_that_may_pass(monkeypatch):
    extra = {"endpoint_url": "http://127.0.0.1:1", "config_kwargs": {"retries": {"max_attempts": 0}}}
    connection = {"conn_type": "aws", "login": "test-key", "password": "test-secret", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_SILENT", json.dumps(connection))
    with pytest.raises(DysmsStorageError, match=r"^output_uri cannot be written: s3://b/o \(EndpointConnectionError\)"):
        Partition.resolve("s3://aws_silent@b/o", partition=DAY).probe()
    with pytest.raises(DysmsStorageError, match=r"^sent_uri cannot be read: s3://b/o \(EndpointConnectionError\)"):
        open_inputs("s3://aws_silent@b/o")


def test_a_bucket_that_goes_away_before_the_commit_is_an_error(s3):
    s3.create_bucket(Bucket="gone")
    target = Partition.resolve("s3://aws_test@gone/output", partition=DAY)
    target.probe()
    s3.delete_bucket(Bucket="gone")
    with target.open_spool({"a": str}) as spool, pytest.raises(DysmsInputError, match=r"^output_uri cannot be listed"):
        target.commit(spool, {}, {})


@pytest.mark.slow
def test_without_the_amazon_provider_or_without_s3fs_the_extra_is_named():
    # The provider is there but its file system is not, as after installing it without its own extra.
    script = (
        "import sys; sys.modules['s3fs'] = None\n"
        "from airflow_provider_dysms.storage.partition import Partition\n"
        "try: Partition.resolve('s3://bucket/output', partition='a=b')\n"
        "except ValueError as error: print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "output_uri needs: pip install 'airflow-provider-dysms[s3]'" in run.stdout


@pytest.mark.parametrize("odd", ["a b", "[x]", "100%", "日志", "a#b"])
def test_folders_may_have_odd_names(place, odd):
    target = Partition.resolve(f"{place.uri}/{odd}", partition=DAY)
    target.probe()
    with target.open_spool({"a": str}) as spool:
        spool.write([("b",)])
        target.commit(spool, {}, {})
    assert set(place.files()) == {f"{odd}/{DAY}/part-0.jsonl", f"{odd}/_manifests/{DAY}.json"}
    assert [(name, file.read()) for name, file in open_inputs(f"{place.uri}/{odd}/{DAY}/")] == [
        ("part-0.jsonl", b'{"a":"b"}\n')
    ]


def test_the_uri_of_the_data_has_no_connection_id(place):
    target = Partition.resolve(place.uri + "/", partition=DAY)
    assert target.uri == f"{place.clean_uri}/{DAY}/part-0.jsonl"
