"""The few verbs that a commit needs, for a local folder and for an object store.

Both put a file so that a reader sees the old one or the new one. They differ in how: a local file system replaces a
name by a sibling that is whole and on the disk; an object store shows an object when its upload is complete. A copy
in place, which is what ``put_file`` does locally, and a buffered ``open("wb")``, which commits what it has when its
body raises, show torn files.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import shutil
import time
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol

from airflow_provider_dysms.storage.object_store import guard
from airflow_provider_dysms.storage.object_store.guard import is_changed, naming_temporary, within
from airflow_provider_dysms.storage.object_store.paths import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from airflow.sdk import ObjectStoragePath


#: Always the same name: what a killed task left of it, the next one takes away.
_PROBE = ".probe"

#: Bytes that are copied at once.
_PIECE = 1 << 20

#: Seconds after which nobody writes to a sibling any more: whoever made it was killed.
_STALE = 3_600.0


class Store(Protocol):
    """Files below a root, by keys relative to it."""

    def read(self, key: str) -> bytes | None:
        """Return a small file, or ``None`` where there is none."""

    def write(self, key: str, content: bytes) -> None:
        """Put a small file."""

    def upload(self, key: str, file: IO[bytes]) -> None:
        """Put an open local file, from its start."""

    def fetch(self, key: str, file: IO[bytes]) -> bool:
        """Copy a file to an open local one; ``False`` where there is none."""

    def holds(self, key: str, size: int, sha256: str, md5: str | None = None) -> bool:
        """Whether the file is there now with this content; an md5 may spare reading it."""

    def keys(self, folder: str) -> list[str]:
        """Return the keys of all files below a folder, sorted."""

    def remove(self, key: str) -> None:
        """Remove a file; it may be gone already."""

    def clear(self, folder: str) -> None:
        """Remove a folder with everything in it, and the folder that it lies in if nothing else is there."""

    def probe(self, folder: str) -> None:
        """Write an empty file into a folder and remove it, and what was made for it."""


def store_at(root: ObjectStoragePath) -> Store:
    """Return the store for a path that :func:`~.locations.locate` has checked."""
    return LocalFolder(Path(root.path)) if root.protocol in LOCAL else ObjectStore(root)


class LocalFolder:
    """A folder of a local (or mounted) file system."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, key: str) -> bytes | None:
        try:
            return (self._root / key).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, key: str, content: bytes) -> None:
        self.upload(key, io.BytesIO(content))

    def upload(self, key: str, file: IO[bytes]) -> None:
        target = self._root / key
        file.seek(0)
        with _sibling(target) as (temporary, output):
            _copy(file, output)
            output.flush()
            os.fsync(output.fileno())
            os.replace(temporary, target)
        _sweep(target)
        # A name is on the disk when its folder is, and that one's name when ...
        folder = target.parent
        while folder.is_relative_to(self._root):
            _sync(folder)
            folder = folder.parent

    def fetch(self, key: str, file: IO[bytes]) -> bool:
        try:
            with (self._root / key).open("rb") as found:
                _fetch(found, file)
        except FileNotFoundError:
            return False
        return True

    def holds(self, key: str, size: int, sha256: str, md5: str | None = None) -> bool:
        try:
            with (self._root / key).open("rb") as file:
                return (
                    os.fstat(file.fileno()).st_size == size
                    and hashlib.file_digest(file, "sha256").hexdigest() == sha256
                )
        except FileNotFoundError:
            return False

    def keys(self, folder: str) -> list[str]:
        found = (
            Path(at, name) for at, _, names in os.walk(self._root / folder, onerror=_unless_gone) for name in names
        )
        return sorted(path.relative_to(self._root).as_posix() for path in found)

    def remove(self, key: str) -> None:
        (self._root / key).unlink(missing_ok=True)

    def clear(self, folder: str) -> None:
        path = self._root / folder
        with suppress(FileNotFoundError):
            shutil.rmtree(path)
        with suppress(OSError):  # others are in it
            path.parent.rmdir()

    def probe(self, folder: str) -> None:
        path = self._root / folder
        missing = [at for at in (path, *path.parents) if not at.exists()]
        try:
            with _created(path / _PROBE, "wb"):
                (path / _PROBE).unlink(missing_ok=True)
        finally:
            for made in missing:
                with suppress(OSError):  # never made, or another writer has moved in
                    made.rmdir()


class ObjectStore:
    """A prefix in a bucket, through the file system of an ``ObjectStoragePath``; every call ends in bounded time."""

    def __init__(self, root: ObjectStoragePath) -> None:
        self._fs = root.fs
        self._root = root.path.rstrip("/")

    def read(self, key: str) -> bytes | None:
        try:
            content: bytes = within(guard.CALL_TIMEOUT, self._fs.cat_file, self._path(key))
        except FileNotFoundError:
            return None
        return content

    def write(self, key: str, content: bytes) -> None:
        within(_upload_timeout(len(content)), self._fs.pipe_file, self._path(key), content)

    def upload(self, key: str, file: IO[bytes]) -> None:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        # The file has no name any more; its descriptor has one.
        within(_upload_timeout(size), self._fs.put_file, f"/dev/fd/{file.fileno()}", self._path(key))

    def fetch(self, key: str, file: IO[bytes]) -> bool:
        self._fs.invalidate_cache()
        try:
            with self._open(key) as found:
                _fetch(found, file)
        except FileNotFoundError:
            return False
        return True

    def holds(self, key: str, size: int, sha256: str, md5: str | None = None) -> bool:
        self._fs.invalidate_cache()
        try:
            info = within(guard.CALL_TIMEOUT, self._fs.info, self._path(key))
            if info["size"] != size:
                return False
            if md5 is not None and str(info.get("ETag")).strip('"') == md5:
                return True  # the ETag of what was put in one piece; otherwise it says nothing
            with self._open(key) as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except FileNotFoundError:
            return False
        except Exception as error:
            if is_changed(error):
                return False
            raise

    def keys(self, folder: str) -> list[str]:
        self._fs.invalidate_cache()
        start = len(self._root) + 1
        # find() gives an empty folder itself, when a file comes into it meanwhile.
        found = (path[start:] for path in within(guard.LISTING_TIMEOUT, self._fs.find, self._path(folder)))
        return sorted(key for key in found if key.startswith(f"{folder}/") and not key.endswith("/"))

    def remove(self, key: str) -> None:
        with suppress(FileNotFoundError):
            within(guard.CALL_TIMEOUT, self._fs.rm_file, self._path(key))

    def clear(self, folder: str) -> None:
        for key in self.keys(folder):
            self.remove(key)

    def probe(self, folder: str) -> None:
        self.write(f"{folder}/{_PROBE}", b"")
        self.remove(f"{folder}/{_PROBE}")

    def _open(self, key: str) -> io.BufferedReader:
        return open_object(self._fs, self._path(key), nullcontext)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"


def open_object(fs: Any, path: str, name: Callable[[], AbstractContextManager[None]]) -> io.BufferedReader:
    """Open an object for reading, so that neither opening nor reading it takes longer than it may.

    :param fs: its file system
    :param name: makes a context that translates errors
    """
    with name():
        file = within(guard.CALL_TIMEOUT, partial(fs.open, path, "rb", block_size=guard.BLOCK))
    return guard.guarded_file(file, name, guard.CALL_TIMEOUT)


def _upload_timeout(size: int) -> float:
    return guard.CALL_TIMEOUT + size / guard.MIN_UPLOAD_RATE


def _fetch(source: IO[bytes], target: IO[bytes]) -> None:
    """Copy to a temporary file of this machine."""
    while piece := source.read(_PIECE):
        with naming_temporary():
            target.write(piece)


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    shutil.copyfileobj(source, target, _PIECE)


@contextmanager
def _sibling(target: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Open a new hidden file beside a target; it is gone at the end, unless it was moved."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
    with _created(temporary, "xb") as output:
        try:
            yield temporary, output
        finally:
            temporary.unlink(missing_ok=True)


def _sweep(target: Path) -> None:
    """Remove what killed writers of a target have left beside it; readers do not see it, and it is in nobody's way."""
    with suppress(OSError):
        for sibling in target.parent.glob(f".{target.name}.*.tmp"):
            if time.time() - sibling.stat().st_mtime > _STALE:
                sibling.unlink()


def _created(path: Path, mode: Literal["xb", "wb"], tries: int = 100) -> IO[bytes]:
    for left in reversed(range(tries)):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return path.open(mode)
        except (FileNotFoundError, FileExistsError):  # another writer's probe has just removed what it had made
            if not left:
                raise
    raise AssertionError("unreachable")


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
