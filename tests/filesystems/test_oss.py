"""Airflow opens ``oss://`` with our file system, and an error names the connection."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from airflow_provider_dysms.filesystems import oss
from airflow_provider_dysms.get_provider_info import get_provider_info
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.object_store.paths import resolve_uri


def test_airflow_and_fsspec_are_told() -> None:
    assert get_provider_info()["filesystems"] == [oss.__name__]
    assert oss.schemes == ["oss"]
    (point,) = [point for point in entry_points(group="fsspec.specs") if point.name == "oss"]
    assert point.value == "airflow_provider_dysms.filesystems.oss_file_system:OSSFileSystem"


def test_without_a_connection_it_says_what_to_write() -> None:
    with pytest.raises(DysmsInputError, match=r"^the URI names no connection; write oss://conn_id@bucket/folder"):
        oss.get_fs(None)
    with pytest.raises(DysmsInputError, match=r"^output_uri names no connection; write oss://conn_id@audits/folder"):
        resolve_uri("oss://audits/out", "output_uri")


@pytest.mark.parametrize("bucket", ["Audits", "my_audits", "a.b.c", "ab", "-audits", ""])
def test_a_name_that_no_bucket_can_have_is_refused_before_it_leaves_as_a_path(bucket: str) -> None:
    with pytest.raises(DysmsInputError, match=r"^output_uri has no (name of a )?bucket"):
        resolve_uri(f"oss://oss_x@{bucket}/out", "output_uri")


def test_an_error_in_a_connection_names_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"auth_type": "AK", "access_key_id": "LTAIx", "access_key_secret": "the-secret", "region": "cn-hangzhu"}
    monkeypatch.setenv("AIRFLOW_CONN_OSS_WRONG", json.dumps({"conn_type": "oss", "extra": extra}))
    with pytest.raises(DysmsInputError) as caught:
        resolve_uri("oss://oss_wrong@audits/out", "output_uri")
    assert str(caught.value).startswith("the connection 'oss_wrong': region is not a region of Alibaba Cloud")
    assert "the-secret" not in str(caught.value)


@pytest.mark.slow
def test_without_s3fs_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_OSS_X", '{"conn_type": "oss", "login": "k", "password": "s", "extra": {"region": "cn-hangzhou"}}'
    )
    script = (
        "import sys; sys.modules['s3fs'] = None\n"
        "from airflow_provider_dysms.storage.object_store.paths import resolve_uri\n"
        "try: resolve_uri('oss://oss_x@audits/output', 'output_uri')\n"
        "except ValueError as error: print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "output_uri needs: pip install 'airflow-provider-dysms[oss]'" in run.stdout
