"""The requests that leave for OSS are those that OSS understands: the server checks them over TLS, by their hosts."""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import fsspec
import pytest
from airflow.sdk import ObjectStoragePath
from s3fs import S3FileSystem
from support.oss.server import BUCKET, HOSTS, KEY_ID, REGION, SECRET, OSSServer

from airflow_provider_dysms.filesystems import oss_file_system
from airflow_provider_dysms.filesystems.oss_file_system import OSSFileSystem, with_required
from airflow_provider_dysms.model.errors import DysmsInputError

pytestmark = pytest.mark.slow

ROOT = f"oss://oss_audits@{BUCKET}"


def path_of(key: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ObjectStoragePath(f"{ROOT}/{key}")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> int:
    """Parts of the least size that S3 allows."""
    monkeypatch.setattr(oss_file_system, "PART_BYTES", 5 << 20)
    return 5 << 20


def test_bytes_are_written_listed_read_in_pieces_and_removed(oss: OSSServer) -> None:
    path = path_of("folder/日志 a+b.csv")
    path.write_bytes(b"0123456789")
    assert oss.get("folder/日志 a+b.csv") == b"0123456789"
    assert path.exists()
    assert path.stat().st_size == 10
    with path.open("rb") as file:
        file.seek(4)
        assert file.read(3) == b"456"
    assert [found.name for found in path.parent.iterdir()] == ["日志 a+b.csv"]
    assert [found.path for found in path_of("").rglob("*.csv")] == [f"{BUCKET}/folder/日志 a+b.csv"]
    path.unlink()
    assert not path.exists()
    assert oss.keys() == []
    assert oss.refused == [*(refusal for refusal in oss.refused if refusal.startswith("404"))]


def test_each_request_goes_to_the_host_of_the_bucket_over_tls(oss: OSSServer) -> None:
    path_of("a").write_bytes(b"x")
    assert all(seen.split()[1] == f"{BUCKET}.{HOSTS[0]}" for seen in oss.seen)
    assert oss.proxy.seen[0].startswith(f"CONNECT {BUCKET}.{HOSTS[0]}:443 ".encode())


def test_a_file_below_two_parts_is_one_put_whose_etag_is_its_md5(
    oss: OSSServer, tmp_path: Path, small_parts: int
) -> None:
    content = b"x" * (2 * small_parts - 1)
    (tmp_path / "file").write_bytes(content)
    fs = path_of("").fs
    fs.put_file(str(tmp_path / "file"), f"{BUCKET}/file")
    assert oss.seen == [f"PUT {BUCKET}.{HOSTS[0]} /file"]
    assert fs.info(f"{BUCKET}/file")["ETag"].strip('"') == hashlib.md5(content).hexdigest().upper()


@pytest.mark.parametrize("put", ["put_file", "pipe_file", "open"])
def test_a_larger_file_is_sent_in_parts(oss: OSSServer, tmp_path: Path, small_parts: int, put: str) -> None:
    content = bytes(range(256)) * (10 * small_parts // 1024)
    fs = path_of("").fs
    if put == "put_file":
        (tmp_path / "file").write_bytes(content)
        fs.put_file(str(tmp_path / "file"), f"{BUCKET}/file")
    elif put == "pipe_file":
        fs.pipe_file(f"{BUCKET}/file", content, chunksize=small_parts)
    else:
        with fs.open(f"{BUCKET}/file", "wb", block_size=small_parts) as file:
            file.write(content)
    assert oss.get("file") == content
    assert [seen.split()[0] for seen in oss.seen if "uploads" in seen or "uploadId=" in seen][:2] == ["POST", "PUT"]
    assert oss.uploads() == 0
    assert oss.refused == []


def test_a_folder_is_removed_object_by_object(oss: OSSServer) -> None:
    fs = path_of("").fs
    for place in range(20):
        fs.pipe_file(f"{BUCKET}/folder/{place}", b"x")
    fs.rm(f"{BUCKET}/folder", recursive=True)
    assert oss.keys() == []
    assert not [seen for seen in oss.seen if seen.startswith("POST")]


def plain_s3fs(oss: OSSServer, **config: Any) -> S3FileSystem:
    proxy = f"http://127.0.0.1:{oss.proxy.port}"
    return S3FileSystem(
        key=KEY_ID,
        secret=SECRET,
        endpoint_url=f"https://{HOSTS[0]}",
        client_kwargs={"region_name": REGION, "verify": str(oss.folder / "ca.pem")},
        config_kwargs={"proxies": {"https": proxy}, "retries": {"total_max_attempts": 1}, **config},
        skip_instance_cache=True,
    )


WITHOUT = {
    "aws-chunked": {"s3": {"addressing_style": "virtual"}},
    "SecondLevelDomainForbidden": {"request_checksum_calculation": "when_required", "s3": {"addressing_style": "path"}},
}


@pytest.mark.parametrize("refusal", WITHOUT)
def test_the_server_refuses_s3fs_without_our_settings(oss: OSSServer, refusal: str) -> None:
    with pytest.raises(OSError, match=r".+"):
        plain_s3fs(oss, **WITHOUT[refusal]).pipe_file(f"{BUCKET}/file", b"x")
    assert refusal in oss.refused[0]
    assert oss.keys() == []


def test_the_server_refuses_the_bulk_deletion_of_s3fs(oss: OSSServer) -> None:
    path_of("folder/a").write_bytes(b"x")
    fs = plain_s3fs(oss, request_checksum_calculation="when_required", s3={"addressing_style": "virtual"})
    with pytest.raises(OSError, match=r".+"):
        fs.rm(f"{BUCKET}/folder", recursive=True)
    assert "MissingArgument" in oss.refused[-1]


@pytest.mark.parametrize(
    "config",
    [
        {"request_checksum_calculation": "when_supported"},
        {"response_checksum_validation": "when_supported"},
        {"signature_version": "s3"},
        {"s3": {"addressing_style": "path"}},
        {"s3": {"payload_signing_enabled": False}},
    ],
)
def test_a_setting_that_oss_would_refuse_is_an_error(config: dict[str, Any]) -> None:
    with pytest.raises(DysmsInputError, match=r"^config_kwargs sets .* which must be .* for OSS"):
        with_required(config)


def test_other_settings_of_botocore_are_kept() -> None:
    config = with_required(
        {"read_timeout": 3, "retries": {"total_max_attempts": 1}, "s3": {"use_dualstack_endpoint": False}}
    )
    assert config["read_timeout"] == 3
    assert config["retries"] == {"total_max_attempts": 1}
    assert config["s3"]["use_dualstack_endpoint"] is False


def test_fsspec_finds_it_without_airflow(oss: OSSServer) -> None:
    fs = fsspec.filesystem(
        "oss",
        region=REGION,
        key=KEY_ID,
        secret=SECRET,
        ca_bundle=str(oss.folder / "ca.pem"),
        proxy=f"http://127.0.0.1:{oss.proxy.port}",
    )
    assert type(fs) is OSSFileSystem
    fs.pipe(f"oss://{BUCKET}/a", b"x")
    assert fs.cat(f"oss://{BUCKET}/a") == b"x"


def test_two_keys_that_begin_alike_are_two_file_systems() -> None:
    one, other = (fsspec.filesystem("oss", region=REGION, key=f"LTAI{end}", secret="s") for end in "ab")
    assert one is not other


def test_a_region_is_needed() -> None:
    with pytest.raises(DysmsInputError, match=r"^region is empty; it is the region of the bucket"):
        OSSFileSystem(key="k", secret="s")


def test_a_wrong_secret_is_refused_and_not_told(oss: OSSServer, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = oss.connection(access_key_secret="another-secret")
    monkeypatch.setenv("AIRFLOW_CONN_OSS_AUDITS", json.dumps(wrong))
    with pytest.raises(PermissionError) as caught:
        path_of("a").write_bytes(b"x")
    assert "SignatureDoesNotMatch" in oss.refused[0]
    assert "another-secret" not in str(caught.value)
