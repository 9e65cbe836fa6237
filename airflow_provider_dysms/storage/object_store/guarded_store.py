"""A store as the rest of the package uses it: whatever goes wrong is an error of ours that names the file."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from airflow_provider_dysms.storage.object_store.guard import naming

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from airflow_provider_dysms.storage.object_store.stores import Store

_REMEDY = (
    "the task lists, reads, writes and deletes there: check that the bucket or folder exists, and what the connection "
    "may do"
)


class GuardedStore:
    """A store whose errors name the argument, the file, and what could not be done with it.

    :param store: the store below
    :param argument: name of the argument that it was made from
    :param uri: URI of its root, without a connection id
    """

    def __init__(self, store: Store, argument: str, uri: str) -> None:
        self._store = store
        self._argument = argument
        self._uri = uri.rstrip("/")

    def read(self, key: str) -> bytes | None:
        with self._naming("cannot be read", key):
            return self._store.read(key)

    def write(self, key: str, content: bytes) -> None:
        with self._naming("cannot be written", key):
            self._store.write(key, content)

    def upload(self, key: str, file: IO[bytes]) -> None:
        with self._naming("cannot be written", key):
            self._store.upload(key, file)

    def fetch(self, key: str, file: IO[bytes]) -> bool:
        with self._naming("cannot be read", key):
            return self._store.fetch(key, file)

    def holds(self, key: str, size: int, sha256: str, md5: str | None = None) -> bool:
        with self._naming("cannot be read", key):
            return self._store.holds(key, size, sha256, md5)

    def keys(self, folder: str) -> list[str]:
        with self._naming("cannot be listed", folder):
            return self._store.keys(folder)

    def remove(self, key: str) -> None:
        with self._naming("cannot be removed", key):
            self._store.remove(key)

    def clear(self, folder: str) -> None:
        with self._naming("cannot be removed", folder):
            self._store.clear(folder)

    def probe(self, folder: str) -> None:
        with self._naming("cannot be written"):
            self._store.probe(folder)

    def _naming(self, what: str, key: str = "") -> AbstractContextManager[None]:
        return naming(self._argument, what, f"{self._uri}/{key}".rstrip("/"), _REMEDY)
