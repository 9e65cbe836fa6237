"""A store whose errors are ours: each names the argument, the file and what could not be done with it."""

from __future__ import annotations

from functools import partial
from typing import IO, TYPE_CHECKING, BinaryIO

from airflow_provider_dysms.storage.object_store.store_errors import translate_errors
from airflow_provider_dysms.storage.object_store.timeouts import guarded_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from airflow_provider_dysms.storage.object_store.store import Store

_REMEDY = (
    "the task lists, reads, writes and deletes there: check that the bucket or folder exists, and that the connection "
    "has these permissions"
)


class GuardedStore:
    """Wraps a store and translates the errors of each call.

    :param store: the store to wrap
    :param argument: name of the argument that the store was made from
    :param uri: of its root, without a connection id
    """

    def __init__(self, store: Store, argument: str, uri: str) -> None:
        self._store = store
        self._argument = argument
        self._uri = uri.rstrip("/")

    def read(self, key: str) -> bytes | None:
        with self._errors("cannot be read", key):
            return self._store.read(key)

    def write(self, key: str, content: bytes) -> None:
        with self._errors("cannot be written", key):
            self._store.write(key, content)

    def upload(self, key: str, file: IO[bytes]) -> None:
        with self._errors("cannot be written", key):
            self._store.upload(key, file)

    def fetch(self, key: str, file: IO[bytes]) -> bool:
        with self._errors("cannot be read", key):
            return self._store.fetch(key, file)

    def open(self, key: str, *, in_parts: bool = False) -> BinaryIO | None:
        errors = partial(self._errors, "cannot be read", key)
        with errors():
            file = self._store.open(key, in_parts=in_parts)
        return None if file is None else guarded_file(file, errors, None, in_parts=in_parts)

    def matches(self, key: str, size: int, sha256: str, md5: Callable[[], str] | None = None) -> bool:
        with self._errors("cannot be read", key):
            return self._store.matches(key, size, sha256, md5)

    def keys(self, folder: str) -> list[str]:
        with self._errors("cannot be listed", folder):
            return self._store.keys(folder)

    def remove(self, key: str) -> None:
        with self._errors("cannot be removed", key):
            self._store.remove(key)

    def clear(self, folder: str) -> None:
        with self._errors("cannot be removed", folder):
            self._store.clear(folder)

    def tidy(self, folder: str) -> list[str]:
        with self._errors("cannot be removed", folder):
            return self._store.tidy(folder)

    def probe(self, folder: str) -> None:
        with self._errors("cannot be written"):
            self._store.probe(folder)

    def _errors(self, problem: str, key: str = "") -> AbstractContextManager[None]:
        return translate_errors(self._argument, problem, f"{self._uri}/{key}".rstrip("/"), _REMEDY)
