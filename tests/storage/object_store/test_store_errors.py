"""An outage of a store may pass, a refusal does not, and both name the argument and the file."""

from __future__ import annotations

import errno
from typing import Any

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
from airflow_provider_dysms.storage.object_store.store_errors import FileReplaced, safe_reason, translate_errors


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
    answered(403, "SecurityTokenExpired"),
    answered(404, "NoSuchUpload"),
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
    with pytest.raises(DysmsError) as caught, translate_errors("sent_uri", "cannot be read", "s3://b/k", "look"):
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
    assert isinstance(translated(error), FileReplaced)


def test_an_error_of_ours_is_not_translated() -> None:
    ours = DysmsStorageError("as it was")
    with pytest.raises(DysmsStorageError) as caught, translate_errors("sent_uri", "cannot be read", "s3://b/k", "look"):
        raise ours
    assert caught.value is ours
    assert safe_reason(ours) == "as it was."


def test_without_credentials_the_form_of_the_uri_is_shown() -> None:
    assert "s3://conn_id@bucket/folder" in str(translated(NoCredentialsError()))
