"""The one place that every call to a store goes through: it names what was asked for, and ends in bounded time.

Stores raise whatever their libraries raise, and s3fs reads lazily, long after ``open()``. Here each error becomes one
of ours that says which argument and which file it is about, and whether trying again helps: a refusal (403, no such
key) is permanent, an outage (a cut connection, a timeout, 5xx) is not. Airflow is not imported.
"""

from __future__ import annotations

import errno
import http
import io
import queue
import tempfile
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from airflow_provider_dysms.model.errors import DysmsError, DysmsInputError, DysmsStorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

Result = TypeVar("Result")

#: Seconds in which a store must answer one call, and in which a read must bring one block. Its client tries a few
#: times within them.
CALL_TIMEOUT = 60.0

#: Seconds for listing one folder, which may have thousands of pages.
LISTING_TIMEOUT = 600.0

#: Bytes per second below which an upload is given up.
MIN_UPLOAD_RATE = 256 << 10

#: Bytes that are read from an object store at once (s3fs reads 50 MiB ahead by default).
BLOCK = 8 << 20

#: Bytes that are handed on at once.
_PIECE = 1 << 20

#: Characters of a store's own words that are repeated.
_MAX_REASON = 300

#: How often botocore sends a request, unless the connection sets ``retries``.
RETRIES: Mapping[str, Any] = {"mode": "standard", "total_max_attempts": 3}

#: Outages as an ``OSError`` tells them: 500 and 503 from s3fs, and file systems that are full, away or out of handles.
_TRANSIENT_NUMBERS = frozenset(
    getattr(errno, name)
    for name in (
        *("EBUSY", "EREMOTEIO", "EIO", "ENOSPC", "EDQUOT", "ESTALE", "EAGAIN", "EINTR", "EMFILE", "ENFILE", "ENOMEM"),
        *("ETIMEDOUT", "ECONNRESET", "ECONNABORTED", "ECONNREFUSED", "EPIPE", "ENOTCONN", "ESHUTDOWN"),
        *("ENETDOWN", "ENETUNREACH", "ENETRESET", "EHOSTDOWN", "EHOSTUNREACH"),
    )
)

#: Outages as botocore, aiohttp, urllib3, http.client and fsspec tell them; they have no base class in common.
_TRANSIENT_NAMES = frozenset(
    {
        *("ConnectionError", "TimeoutError", "HTTPClientError", "HTTPException", "ProtocolError"),
        *("ClientConnectionError", "ClientPayloadError", "IncompleteRead", "IncompleteReadError"),
        *("ResponseStreamingError", "ResponseParserError", "ChecksumError", "FlexibleChecksumError"),
    }
)

#: Answers other than 5xx that trying again may change; a session token is renewed by the next try.
_TRANSIENT_STATUSES = frozenset(
    {http.HTTPStatus.REQUEST_TIMEOUT, http.HTTPStatus.CONFLICT, http.HTTPStatus.TOO_EARLY}
    | {http.HTTPStatus.TOO_MANY_REQUESTS}
)
_TRANSIENT_CODES = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestTimeout", "SlowDown"})

_NO_CREDENTIALS = frozenset({"NoCredentialsError", "PartialCredentialsError"})


class StoreChanged(DysmsStorageError):
    """A file was replaced by another while it was read."""


@contextmanager
def naming(argument: str, what: str, uri: str, remedy: str) -> Iterator[None]:
    """Turn the errors of a store into ours; errors of ours stay what they are.

    :param argument: name of the argument that led there
    :param what: what cannot be done, a clause that follows the argument's name, such as ``cannot be read``
    :param uri: the file or folder that it is about, without a connection id
    :param remedy: what to do about a permanent error, a clause
    :raises DysmsInputError: the store refuses, and would refuse again
    :raises DysmsStorageError: an outage, which may pass
    """
    try:
        yield
    except DysmsError:
        raise
    except Exception as error:  # every store has its own
        raise store_error(argument, what, uri, error, remedy) from error


def store_error(argument: str, what: str, uri: str, error: Exception, remedy: str) -> DysmsError:
    """Return the error of ours for what a store raised; the parameters are those of :func:`naming`."""
    if is_changed(error):
        return StoreChanged(f"{argument} {what}: {uri} was replaced while it was read; let its writer end first")
    words = f"{what}: {uri} ({reason(error)})"
    if is_transient(error):
        return DysmsStorageError(f"{argument} {words}; the store may be back later")
    if _NO_CREDENTIALS & _names(error):
        remedy = "there are no AWS credentials: name a connection that has some, as in s3://conn_id@bucket/folder"
    return DysmsInputError(argument, f"{words}; {remedy}")


def is_changed(error: Exception) -> bool:
    """Return whether a store says that another file took the place of the one that is read."""
    return "FileExpired" in _names(error) or _status(error) == http.HTTPStatus.PRECONDITION_FAILED


def is_transient(error: Exception) -> bool:
    """Return whether the same call may succeed later.

    The status that the server answered with counts more than the number that s3fs translates it to.
    """
    if (status := _status(error)) is not None:
        code = error.__cause__.response["Error"].get("Code")  # type: ignore[union-attr]
        # S3 also answers 200 and writes an InternalError into the body.
        of_the_server = status >= http.HTTPStatus.INTERNAL_SERVER_ERROR or status < http.HTTPStatus.MULTIPLE_CHOICES
        return of_the_server or status in _TRANSIENT_STATUSES or code in _TRANSIENT_CODES
    if isinstance(error, OSError) and error.errno in _TRANSIENT_NUMBERS:
        return True
    return bool(_TRANSIENT_NAMES & _names(error))


def reason(error: Exception) -> str:
    """Return why, in words that can hold no secret."""
    if isinstance(error, DysmsError):
        return str(error)
    words = ""
    if isinstance(error, OSError):
        words = error.strerror or (str(error.args[0]) if len(error.args) == 1 else "")
        words = " ".join(words.split()).rstrip(".")
    return words[:_MAX_REASON] or type(error).__name__


@contextmanager
def naming_temporary() -> Iterator[None]:
    """Say that it is this machine's folder for temporary files that fails, and not the store."""
    try:
        yield
    except OSError as error:
        raise DysmsStorageError(
            f"the folder for temporary files, {tempfile.gettempdir()}, cannot be used ({reason(error)}); free some "
            "space there, or set TMPDIR to a larger one"
        ) from error


def within(seconds: float | None, function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function that blocks, and stop waiting for it in time.

    :param seconds: how long it may take; ``None`` calls it directly
    :returns: what the function returns
    :raises TimeoutError: it has not returned; it goes on by itself, in a thread that does not keep the process alive
    """
    if seconds is None:
        return function(*arguments)
    outcome: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put((function(*arguments), None))
        except BaseException as error:  # it belongs to the caller
            outcome.put((None, error))

    threading.Thread(target=run, name="dysms-store", daemon=True).start()
    try:
        result: Result
        result, error = outcome.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"it did not answer within {seconds:g} seconds") from None
    if error is not None:
        raise error
    return result


def guarded_file(
    file: BinaryIO, name: Callable[[], AbstractContextManager[None]], seconds: float | None
) -> io.BufferedReader:
    """Return a file of which every read and seek is guarded; closing it closes the file below.

    :param file: open for reading in bytes
    :param name: makes a context that translates errors, such as :func:`naming`
    :param seconds: how long a read of one block may take; ``None`` is not bounded
    """
    return io.BufferedReader(_GuardedFile(file, name, seconds), _PIECE)


class _GuardedFile(io.RawIOBase):
    def __init__(self, file: BinaryIO, name: Callable[[], AbstractContextManager[None]], seconds: float | None) -> None:
        self._file = file
        self._name = name
        self._seconds = seconds

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with self._name():
            content = within(self._seconds, self._file.read, len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def readall(self) -> bytes:
        # The inherited one reads 8 KiB at a time.
        return b"".join(iter(lambda: self.read(_PIECE), b""))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with self._name():
            return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        if not self.closed:
            try:
                self._file.close()
            finally:
                super().close()


def _names(error: BaseException) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}


def _status(error: Exception) -> int | None:
    """Return the HTTP status of the answer that s3fs made the error of."""
    response = getattr(error.__cause__, "response", None)
    if not isinstance(response, dict) or "Error" not in response:
        return None
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status if isinstance(status, int) else None
