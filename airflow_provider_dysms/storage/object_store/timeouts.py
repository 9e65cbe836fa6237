"""Bounds the time of every call to a store, and of every read of a file that a store has opened."""

from __future__ import annotations

import io
import queue
import threading
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

Result = TypeVar("Result")

#: Seconds in which a store must answer one call or read one block, with the attempts that its own client makes.
CALL_TIMEOUT = 60.0

#: Seconds in which one folder must be listed, which may have thousands of pages.
LISTING_TIMEOUT = 600.0

#: Bytes per second that an upload must reach.
MIN_UPLOAD_RATE = 256 << 10

#: Bytes that are read ahead in an object store (s3fs reads 50 MiB ahead by default): in a file that is read from its
#: start to its end, and in one of which parts are read.
BLOCK_BYTES, PART_BYTES = 8 << 20, 64 << 10

#: Bytes that a guarded file returns at once.
_CHUNK_BYTES = 1 << 20


def call_within(seconds: float | None, function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function that blocks, and stop waiting for it after a time.

    :param seconds: how long it may take; ``None`` is not bounded
    :returns: what the function returns
    :raises TimeoutError: it has not returned; it goes on in a thread that does not keep the process alive
    """
    if seconds is None:
        return function(*arguments)
    outcome: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put((function(*arguments), None))
        except BaseException as error:  # the caller gets it
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
    file: BinaryIO,
    error_context: Callable[[], AbstractContextManager[None]],
    seconds: float | None,
    *,
    in_parts: bool = False,
) -> io.BufferedReader:
    """Return a file whose reads and seeks end in time and raise translated errors. Closing it closes the wrapped file.

    :param file: open for reading in bytes
    :param error_context: makes a context that translates errors, such as :func:`~.store_errors.translate_errors`
    :param seconds: how long the read of one block may take; ``None`` is not bounded
    :param in_parts: whether parts of it are read, so that little is read ahead
    """
    return io.BufferedReader(_GuardedFile(file, error_context, seconds), PART_BYTES if in_parts else _CHUNK_BYTES)


class _GuardedFile(io.RawIOBase):
    def __init__(
        self, file: BinaryIO, error_context: Callable[[], AbstractContextManager[None]], seconds: float | None
    ) -> None:
        self._file = file
        self._error_context = error_context
        self._seconds = seconds

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with self._error_context():
            content = call_within(self._seconds, self._file.read, len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def readall(self) -> bytes:
        # The inherited method reads 8 KiB at a time.
        return b"".join(iter(lambda: self.read(_CHUNK_BYTES), b""))

    def seek(self, offset: int, origin: int = io.SEEK_SET) -> int:
        with self._error_context():
            return self._file.seek(offset, origin)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        if not self.closed:
            try:
                self._file.close()
            finally:
                super().close()
