"""Finds the files of a send log in object storage, and opens them one after the other."""

from __future__ import annotations

import posixpath
import re
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from airflow.sdk import ObjectStoragePath

from airflow_provider_dysms.api.errors import DysmsInputError
from airflow_provider_dysms.storage.locations import clean_uri, locate, reason

if TYPE_CHECKING:
    from collections.abc import Iterator

_GLOB = re.compile(r"[*?\[]")


class Input(NamedTuple):
    """One file to read.

    :param name: its path below the folder that was named, for messages to people
    :param path: where it lies
    :param argument: name of the argument that led to it
    """

    name: str
    path: ObjectStoragePath
    argument: str = "sent_uri"

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the file for reading in bytes; it can be sought in.

        :raises DysmsInputError: it cannot be opened
        """
        try:
            file: IO[bytes] = self.path.fs.open(self.path.path, "rb")
        except Exception as error:  # every store has its own
            raise _unreadable(self.path, error, self.argument) from error
        with file:
            yield file


def open_inputs(sent_uri: str, *, argument: str = "sent_uri") -> list[Input]:
    """Find the files behind a URI; nothing is read yet.

    :param sent_uri: a file; a folder (its files, not those of folders in it); or a glob over files, ``**`` included.
        In folders and globs names that begin with a dot or an underscore are skipped
    :param argument: name of the argument, for errors
    :returns: at least one file, sorted by name
    :raises DysmsInputError: the URI cannot be used, or there is no file behind it
    """
    path = locate(sent_uri, argument)
    try:
        found = list(_found(path))
    except Exception as error:  # every store has its own
        raise _unreadable(path, error, argument) from error
    if not found:
        raise DysmsInputError(
            argument, f"finds no file: {clean_uri(path)}; names that begin with a dot or an underscore do not count"
        )
    uri = f"{path.protocol}://"
    return [Input(name, ObjectStoragePath(uri + file, conn_id=path.conn_id), argument) for name, file in sorted(found)]


def _found(path: ObjectStoragePath) -> Iterator[tuple[str, str]]:
    fs, place = path.fs, path.path
    fs.invalidate_cache()
    if fs.isfile(place):
        yield posixpath.basename(place), place
        return
    if _GLOB.search(place) and not fs.isdir(place):
        folder = place[: _GLOB.search(place).start()].rpartition("/")[0]  # type: ignore[union-attr]
        entries: list[dict[str, Any]] = list(fs.glob(place, detail=True).values())
    else:
        folder = place.rstrip("/")
        entries = fs.ls(place, detail=True)
    for entry in entries:
        name = entry["name"][len(folder) + 1 :]
        if entry["type"] == "file" and name and not any(part[:1] in "._" for part in name.split("/")):
            yield name, entry["name"]


def _unreadable(path: ObjectStoragePath, error: Exception, argument: str) -> DysmsInputError:
    return DysmsInputError(
        argument, f"cannot be read: {clean_uri(path)} ({reason(error)}); check that it is there, and its connection"
    )
