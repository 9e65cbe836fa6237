"""A store in a local or mounted folder: a complete file on the disk is renamed over the old one.

``put_file`` copies in place, and a buffered ``open("wb")`` keeps what it has when its body raises: with either, readers
may see half a file.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import shutil
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Literal

from airflow_provider_dysms.storage.object_store.copying import CHUNK_BYTES, copy_to_temporary
from airflow_provider_dysms.storage.object_store.paths import PROBE_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds after which a temporary file next to a target is left over from a killed task.
MAX_TEMPORARY_AGE = 3_600.0

#: Name of a temporary file next to its target.
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{16}\.tmp")

#: Attempts to make a file while other writers remove its folder.
MAX_ATTEMPTS = 100


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
        with _temporary_file_for(target) as (temporary, output):
            shutil.copyfileobj(file, output, CHUNK_BYTES)
            output.flush()
            os.fsync(output.fileno())
            os.replace(temporary, target)
        _remove_stale(target)
        # The name of a file is on the disk once its folder is, and the folder's name once the parent folder is.
        folder = target.parent
        while folder.is_relative_to(self._root):
            _sync_folder(folder)
            folder = folder.parent

    def fetch(self, key: str, file: IO[bytes]) -> bool:
        try:
            with (self._root / key).open("rb") as found:
                copy_to_temporary(found, file)
        except FileNotFoundError:
            return False
        return True

    def open(self, key: str, *, in_parts: bool = False) -> BinaryIO | None:
        try:
            return (self._root / key).open("rb")
        except FileNotFoundError:
            return None

    def matches(self, key: str, size: int, sha256: str, md5: Callable[[], str] | None = None) -> bool:
        try:
            with (self._root / key).open("rb") as file:
                return (
                    os.fstat(file.fileno()).st_size == size
                    and hashlib.file_digest(file, "sha256").hexdigest() == sha256
                )
        except FileNotFoundError:
            return False

    def keys(self, folder: str) -> list[str]:
        walked = os.walk(self._root / folder, onerror=_raise_unless_gone)
        paths = (Path(parent, name) for parent, _, names in walked for name in names)
        return sorted(map(self._key, paths))

    def remove(self, key: str) -> None:
        (self._root / key).unlink(missing_ok=True)

    def clear(self, folder: str) -> None:
        path = self._root / folder
        with suppress(FileNotFoundError):
            shutil.rmtree(path)
        with suppress(OSError):  # it is not empty
            path.parent.rmdir()

    def tidy(self, folder: str) -> list[str]:
        path = self._root / folder
        (path / PROBE_FILE).unlink(missing_ok=True)
        left = [each for each in path.glob(".*.tmp") if _TEMPORARY.fullmatch(each.name)]
        remaining = [self._key(each) for each in left if not _is_removed_as_stale(each)]
        while path != self._root:
            try:
                path.rmdir()
            except OSError:  # it is not empty, or gone
                break
            path = path.parent
        return sorted(remaining)

    def _key(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()

    def probe(self, folder: str) -> None:
        path = self._root / folder
        made = [each for each in (path, *path.parents) if not each.exists()]
        try:
            with _create(path / PROBE_FILE, "wb"):
                (path / PROBE_FILE).unlink(missing_ok=True)
        finally:
            for each in made:
                with suppress(OSError):  # it was not made, or another writer uses it
                    each.rmdir()


@contextmanager
def _temporary_file_for(target: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Open a new hidden file in the folder of a target; it is removed at the end unless it was renamed."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
    with _create(temporary, "xb") as output:
        try:
            yield temporary, output
        finally:
            temporary.unlink(missing_ok=True)


def _remove_stale(target: Path) -> None:
    """Remove hidden files that killed writers of a target left in its folder; a failure does no harm."""
    with suppress(OSError):
        for sibling in target.parent.glob(f".{target.name}.*.tmp"):
            _is_removed_as_stale(sibling)


def _is_removed_as_stale(temporary: Path) -> bool:
    """Remove a hidden file if its writer must have been killed; return whether it is gone."""
    try:
        if time.time() - temporary.stat().st_mtime > MAX_TEMPORARY_AGE:
            temporary.unlink()
            return True
    except FileNotFoundError:
        return True
    return False


def _create(path: Path, mode: Literal["xb", "wb"]) -> IO[bytes]:
    for _ in range(MAX_ATTEMPTS - 1):
        # The probe of another writer may just have removed the folder.
        with suppress(FileNotFoundError, FileExistsError):
            return _create_once(path, mode)
    return _create_once(path, mode)


def _create_once(path: Path, mode: Literal["xb", "wb"]) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open(mode)


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _sync_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return  # another writer has removed it, and so all that was in it
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
