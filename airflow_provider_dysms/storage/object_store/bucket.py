"""A store in a bucket of an object store such as S3; every call ends in bounded time."""

from __future__ import annotations

import hashlib
import os
from contextlib import nullcontext, suppress
from functools import partial
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from airflow_provider_dysms.storage.object_store import timeouts
from airflow_provider_dysms.storage.object_store.copying import copy_to_temporary
from airflow_provider_dysms.storage.object_store.paths import PROBE_FILE
from airflow_provider_dysms.storage.object_store.store_errors import is_replaced
from airflow_provider_dysms.storage.object_store.timeouts import call_within

if TYPE_CHECKING:
    import io
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from airflow.sdk import ObjectStoragePath


class Bucket:
    """A prefix in a bucket, through the file system of an ``ObjectStoragePath``."""

    def __init__(self, root: ObjectStoragePath) -> None:
        self._fs = root.fs
        self._root = root.path.rstrip("/")

    def read(self, key: str) -> bytes | None:
        try:
            content: bytes = call_within(timeouts.CALL_TIMEOUT, self._fs.cat_file, self._path(key))
        except FileNotFoundError:
            return None
        return content

    def write(self, key: str, content: bytes) -> None:
        call_within(_upload_timeout(len(content)), self._fs.pipe_file, self._path(key), content)

    def upload(self, key: str, file: IO[bytes]) -> None:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        # The file has no name in the file system, but its descriptor has one.
        call_within(_upload_timeout(size), self._fs.put_file, f"/dev/fd/{file.fileno()}", self._path(key))

    def fetch(self, key: str, file: IO[bytes]) -> bool:
        self._fs.invalidate_cache()
        try:
            with self._open(key) as found:
                copy_to_temporary(found, file)
        except FileNotFoundError:
            return False
        return True

    def open(self, key: str, *, in_parts: bool = False) -> BinaryIO | None:
        self._fs.invalidate_cache()
        try:
            return self._open(key, in_parts=in_parts)
        except FileNotFoundError:
            return None

    def matches(self, key: str, size: int, sha256: str, md5: Callable[[], str] | None = None) -> bool:
        self._fs.invalidate_cache()
        try:
            info = call_within(timeouts.CALL_TIMEOUT, self._fs.info, self._path(key))
            if info["size"] != size:
                return False
            if md5 is not None and str(info.get("ETag")).strip('"').lower() == md5():
                return True  # only the ETag of an object that was put in one part is its md5
            with self._open(key) as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except FileNotFoundError:
            return False
        except Exception as error:
            if is_replaced(error):
                return False
            raise

    def keys(self, folder: str) -> list[str]:
        self._fs.invalidate_cache()
        start, prefix = len(self._root) + 1, f"{folder}/" if folder else ""
        # find() returns an empty folder itself if a file is written into it meanwhile.
        found = (path[start:] for path in call_within(timeouts.LISTING_TIMEOUT, self._fs.find, self._path(folder)))
        return sorted(key for key in found if key and key.startswith(prefix) and not key.endswith("/"))

    def remove(self, key: str) -> None:
        with suppress(FileNotFoundError):
            call_within(timeouts.CALL_TIMEOUT, self._fs.rm_file, self._path(key))

    def clear(self, folder: str) -> None:
        for key in self.keys(folder):
            self.remove(key)

    def tidy(self, folder: str) -> list[str]:
        return []  # an object is put whole, and there are no folders

    def probe(self, folder: str) -> None:
        self.write(f"{folder}/{PROBE_FILE}", b"")
        self.remove(f"{folder}/{PROBE_FILE}")

    def _open(self, key: str, *, in_parts: bool = False) -> io.BufferedReader:
        return open_object(self._fs, self._path(key), nullcontext, in_parts=in_parts)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"


def open_object(
    fs: Any, path: str, error_context: Callable[[], AbstractContextManager[None]], *, in_parts: bool = False
) -> io.BufferedReader:
    """Open an object for reading. Opening it and each read of it end in bounded time.

    :param fs: the file system that it is in
    :param error_context: makes a context that translates errors, such as :func:`~.store_errors.translate_errors`
    :param in_parts: whether parts of it are read, so that little is read ahead
    """
    ahead = timeouts.PART_BYTES if in_parts else timeouts.BLOCK_BYTES
    with error_context():
        file = call_within(timeouts.CALL_TIMEOUT, partial(fs.open, path, "rb", block_size=ahead))
    return timeouts.guarded_file(file, error_context, timeouts.CALL_TIMEOUT, in_parts=in_parts)


def _upload_timeout(size: int) -> float:
    return timeouts.CALL_TIMEOUT + size / timeouts.MIN_UPLOAD_RATE
