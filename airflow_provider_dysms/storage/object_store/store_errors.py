"""Translates the errors of stores into ours: which argument, which file, and whether a later attempt may succeed.

A refusal (403, no such key) is permanent; an outage (a cut connection, a timeout, 5xx) is not. Stores raise the errors
of their libraries, and s3fs reads lazily, so that an error may come long after ``open()``.
"""

from __future__ import annotations

import errno
import http
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.errors import DysmsError, DysmsInputError, DysmsStorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Characters of a library's own message that are repeated.
_MAX_REASON = 300

#: ``errno`` of outages: 500 and 503 from s3fs, and file systems that are full, gone or out of handles.
_TRANSIENT_NUMBERS = frozenset(
    getattr(errno, name)
    for name in (
        *("EBUSY", "EREMOTEIO", "EIO", "ENOSPC", "EDQUOT", "ESTALE", "EAGAIN", "EINTR", "EMFILE", "ENFILE", "ENOMEM"),
        *("ETIMEDOUT", "ECONNRESET", "ECONNABORTED", "ECONNREFUSED", "EPIPE", "ENOTCONN", "ESHUTDOWN"),
        *("ENETDOWN", "ENETUNREACH", "ENETRESET", "EHOSTDOWN", "EHOSTUNREACH"),
    )
)

#: Classes of outages in botocore, aiohttp, urllib3, http.client and fsspec, which have no common base class.
_TRANSIENT_NAMES = frozenset(
    {
        *("ConnectionError", "TimeoutError", "HTTPClientError", "HTTPException", "ProtocolError"),
        *("ClientConnectionError", "ClientPayloadError", "IncompleteRead", "IncompleteReadError"),
        *("ResponseStreamingError", "ResponseParserError", "ChecksumError", "FlexibleChecksumError"),
    }
)

#: Statuses and codes other than 5xx that a later attempt may change; it also renews a session token.
_TRANSIENT_STATUSES = frozenset(
    {http.HTTPStatus.REQUEST_TIMEOUT, http.HTTPStatus.CONFLICT, http.HTTPStatus.TOO_EARLY}
    | {http.HTTPStatus.TOO_MANY_REQUESTS}
)
_TRANSIENT_CODES = frozenset(
    {
        *("ExpiredToken", "ExpiredTokenException", "SecurityTokenExpired", "RequestTimeout", "SlowDown"),
        "NoSuchUpload",  # the response to the request that ended an upload was lost, or the upload was aborted
    }
)

_NO_CREDENTIALS = frozenset({"NoCredentialsError", "PartialCredentialsError"})


class FileReplaced(DysmsStorageError):
    """A file changed, or another took its place, while it was read."""


@contextmanager
def translate_errors(argument: str, problem: str, uri: str, remedy: str) -> Iterator[None]:
    """Translate the errors of a store; our own errors pass unchanged.

    :param argument: name of the argument that the file or folder comes from
    :param problem: what cannot be done, a clause that follows the argument's name, such as ``cannot be read``
    :param uri: the file or folder, without a connection id
    :param remedy: what to do about a permanent error, a clause
    :raises DysmsInputError: the store refuses, and would refuse again
    :raises DysmsStorageError: an outage, which may pass
    """
    try:
        yield
    except DysmsError:
        raise
    except Exception as error:  # every store raises its own classes
        raise store_error(argument, problem, uri, error, remedy) from error


def store_error(argument: str, problem: str, uri: str, error: Exception, remedy: str) -> DysmsError:
    """Return our error for one that a store raised; the parameters are those of :func:`translate_errors`."""
    if is_replaced(error):
        return FileReplaced(
            f"{argument} {problem}: {uri} was replaced while it was read; "
            "run the task again when its writer has finished"
        )
    words = f"{problem}: {uri} ({safe_reason(error)})"
    if is_transient(error):
        return DysmsStorageError(f"{argument} {words}; the store may be back later")
    if _NO_CREDENTIALS & _class_names(error):
        remedy = "there are no AWS credentials: name a connection that has some, as in s3://conn_id@bucket/folder"
    return DysmsInputError(argument, f"{words}; {remedy}")


def is_replaced(error: Exception) -> bool:
    """Return whether a store reports that a file was replaced while it was read."""
    return "FileExpired" in _class_names(error) or _status(error) == http.HTTPStatus.PRECONDITION_FAILED


def is_transient(error: Exception) -> bool:
    """Return whether the same call may succeed later.

    The HTTP status counts more than the ``errno`` that s3fs translates it to.
    """
    if (status := _status(error)) is not None:
        code = error.__cause__.response["Error"].get("Code")  # type: ignore[union-attr]
        # S3 may also answer 200 with an InternalError in the body.
        is_server_error = status >= http.HTTPStatus.INTERNAL_SERVER_ERROR or status < http.HTTPStatus.MULTIPLE_CHOICES
        return is_server_error or status in _TRANSIENT_STATUSES or code in _TRANSIENT_CODES
    if isinstance(error, OSError) and error.errno in _TRANSIENT_NUMBERS:
        return True
    return bool(_TRANSIENT_NAMES & _class_names(error))


def safe_reason(error: Exception) -> str:
    """Return the reason of an error in words that cannot contain a secret."""
    if isinstance(error, DysmsError):
        return str(error)
    words = ""
    if isinstance(error, OSError):
        words = error.strerror or (str(error.args[0]) if len(error.args) == 1 else "")
        words = " ".join(words.split()).rstrip(".")
    return words[:_MAX_REASON] or type(error).__name__


@contextmanager
def translate_temporary_errors() -> Iterator[None]:
    """Translate errors of this machine's folder for temporary files, which are not the store's."""
    try:
        yield
    except OSError as error:
        raise DysmsStorageError(
            f"the folder for temporary files, {tempfile.gettempdir()}, cannot be used ({safe_reason(error)}); free "
            "some space there, or set TMPDIR to a larger one"
        ) from error


def _class_names(error: BaseException) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}


def _status(error: Exception) -> int | None:
    """Return the HTTP status of the response behind an error of s3fs."""
    response = getattr(error.__cause__, "response", None)
    if not isinstance(response, dict) or "Error" not in response:
        return None
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status if isinstance(status, int) else None
