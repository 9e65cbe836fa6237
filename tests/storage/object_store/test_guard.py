"""What a store's error becomes, and that no call waits for ever."""

from __future__ import annotations

import errno
import gzip
import io
import threading
from contextlib import nullcontext
from functools import partial
from typing import Any

import pyarrow.parquet as pq
import pytest
from aiohttp import ClientPayloadError, ServerDisconnectedError
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from fsspec.exceptions import FSTimeoutError
from s3fs.errors import translate_boto_error
from s3fs.utils import FileExpired

from airflow_provider_dysms.model.errors import DysmsError, DysmsInputError, DysmsStorageError
from airflow_provider_dysms.storage.object_store.guard import StoreChanged, guarded_file, naming, reason, within


def answered(status: int, code: str) -> Any:
    """An error as s3fs makes it of an answer."""
    response: Any = {"Error": {"Code": code, "Message": "words"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return translate_boto_error(ClientError(response, "GetObject"))


TRANSIENT = [
    answered(500, "InternalError"),
    answered(200, "InternalError"),
    answered(502, "502"),
    answered(503, "SlowDown"),
    answered(503, "ServiceUnavailable"),
    answered(504, "GatewayTimeout"),
    answered(429, "TooManyRequests"),
    answered(408, "RequestTimeout"),
    answered(400, "RequestTimeout"),
    answered(409, "OperationAborted"),
    answered(400, "ExpiredToken"),
    ClientPayloadError("x"),
    ServerDisconnectedError(),
    ConnectionClosedError(endpoint_url="x"),
    EndpointConnectionError(endpoint_url="x"),
    ReadTimeoutError(endpoint_url="x"),
    IncompleteReadError(actual_bytes=1, expected_bytes=2),
    ResponseStreamingError(error="x"),
    FSTimeoutError(),
    TimeoutError("x"),
    ConnectionResetError(errno.ECONNRESET, "reset"),
    BrokenPipeError(),
    OSError(errno.ENOSPC, "full"),
    OSError(errno.EMFILE, "handles"),
    OSError(errno.EHOSTUNREACH, "no route"),
]
PERMANENT = [
    answered(403, "AccessDenied"),
    answered(403, "InvalidAccessKeyId"),
    answered(403, "SignatureDoesNotMatch"),
    answered(404, "NoSuchKey"),
    answered(404, "NoSuchBucket"),
    answered(400, "InvalidArgument"),
    answered(400, "AnythingNew"),
    answered(301, "PermanentRedirect"),
    answered(405, "MethodNotAllowed"),
    PermissionError("x"),
    FileNotFoundError("x"),
    IsADirectoryError(errno.EISDIR, "Is a directory"),
    NoCredentialsError(),
    RuntimeError("secret"),
]


def translated(error: Exception) -> DysmsError:
    with pytest.raises(DysmsError) as caught, naming("sent_uri", "cannot be read", "s3://b/k", "look"):
        raise error
    assert caught.value.__cause__ is error
    assert str(caught.value).startswith("sent_uri cannot be read: s3://b/k ")
    assert "secret" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("error", TRANSIENT, ids=repr)
def test_an_outage_may_pass(error: Exception) -> None:
    assert isinstance(translated(error), DysmsStorageError)


@pytest.mark.parametrize("error", PERMANENT, ids=repr)
def test_a_refusal_does_not_pass(error: Exception) -> None:
    assert isinstance(translated(error), DysmsInputError)


@pytest.mark.parametrize("error", [FileExpired("b/k", "etag"), answered(412, "PreconditionFailed")], ids=repr)
def test_a_file_that_was_replaced_is_neither_torn_nor_an_outage(error: Exception) -> None:
    assert isinstance(translated(error), StoreChanged)


def test_an_error_of_ours_is_not_translated() -> None:
    ours = DysmsStorageError("as it was")
    with pytest.raises(DysmsStorageError) as caught, naming("sent_uri", "cannot be read", "s3://b/k", "look"):
        raise ours
    assert caught.value is ours
    assert reason(ours) == "as it was."


def test_without_credentials_the_form_of_the_uri_is_shown() -> None:
    assert "s3://conn_id@bucket/folder" in str(translated(NoCredentialsError()))


def test_a_call_that_does_not_return_is_given_up() -> None:
    forever = threading.Event()
    with pytest.raises(TimeoutError, match=r"did not answer within 0\.01 seconds"):
        within(0.01, forever.wait)
    forever.set()
    assert within(60, divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        within(60, divmod, 7, 0)
    assert within(None, threading.current_thread) is threading.current_thread()


class Torn(io.BytesIO):
    """A file whose end cannot be read."""

    def __init__(self, content: bytes, good: int) -> None:
        super().__init__(content)
        self._good = good

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= self._good:
            raise ClientPayloadError("cut")
        return super().read(min(size or 0, self._good - self.tell()))


NAME = partial(naming, "sent_uri", "cannot be read", "s3://b/k", "look")


@pytest.mark.parametrize("seconds", [None, 60])
def test_every_way_of_reading_a_file_is_guarded(seconds: float | None) -> None:
    content = gzip.compress(bytes(range(256)) * 1000, 0)
    for read in (
        lambda file: file.read(),
        lambda file: file.read(len(content)),
        lambda file: file.readinto(bytearray(len(content))),
        list,
        lambda file: gzip.GzipFile(fileobj=file).read(),
        lambda file: io.TextIOWrapper(file, "latin-1").read(),
        lambda file: (file.seek(-8, io.SEEK_END), file.read()),
        lambda file: pq.ParquetFile(file),
    ):
        whole = guarded_file(io.BytesIO(content), NAME, seconds)
        torn = guarded_file(Torn(content, 200_000), NAME, seconds)
        with pytest.raises(DysmsStorageError, match=r"^sent_uri cannot be read: s3://b/k \(ClientPayloadError\)"):
            read(torn)
        assert whole.read() == content


def test_closing_closes_the_file_below() -> None:
    below = io.BytesIO(b"content")
    with guarded_file(below, nullcontext, None) as file:
        assert file.read(3) == b"con"
        assert file.tell() == 3
    assert below.closed
