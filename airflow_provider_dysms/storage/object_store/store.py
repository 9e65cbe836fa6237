"""The few operations that a commit needs of a store, and the choice between a local folder and an object store.

Both kinds replace a file so that a reader sees the old one or the new one, each in its own way: a local file system
renames a complete file over the old name, an object store shows an object when its upload is complete.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Protocol

from airflow_provider_dysms.storage.object_store.bucket import Bucket
from airflow_provider_dysms.storage.object_store.local_folder import LocalFolder
from airflow_provider_dysms.storage.object_store.paths import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import ObjectStoragePath


class Store(Protocol):
    """Files below a root. A key is the path of a file relative to the root."""

    def read(self, key: str) -> bytes | None:
        """Return the content of a small file, or ``None`` if there is none."""

    def write(self, key: str, content: bytes) -> None:
        """Put a small file."""

    def upload(self, key: str, file: IO[bytes]) -> None:
        """Put the content of an open local file, from its start."""

    def fetch(self, key: str, file: IO[bytes]) -> bool:
        """Copy a file to an open local one; return ``False`` if there is none."""

    def open(self, key: str, *, in_parts: bool = False) -> BinaryIO | None:
        """Open a file for reading in bytes, at any place of it; return ``None`` if there is none.

        :param in_parts: whether parts of it are read, in any order: then little is read ahead
        """

    def matches(self, key: str, size: int, sha256: str, md5: Callable[[], str] | None = None) -> bool:
        """Return whether the file has this content now; with an md5 it may not have to be read."""

    def keys(self, folder: str) -> list[str]:
        """Return the keys of all files below a folder, sorted; an empty text is the root."""

    def remove(self, key: str) -> None:
        """Remove a file, which may be gone already."""

    def clear(self, folder: str) -> None:
        """Remove a folder with everything in it, and its parent folder if that is empty then."""

    def tidy(self, folder: str) -> list[str]:
        """Remove what killed writers left in a folder, and the folder and its parents if they are empty then.

        :returns: keys of unfinished files that may still be written
        """

    def probe(self, folder: str) -> None:
        """Write an empty file into a folder, and remove it and every folder that was made for it."""


def open_store(root: ObjectStoragePath) -> Store:
    """Return the store at a path that :func:`~.paths.resolve_uri` returned."""
    return LocalFolder(Path(root.path)) if root.protocol in LOCAL else Bucket(root)
