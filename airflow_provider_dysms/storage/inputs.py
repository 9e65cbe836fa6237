"""Finds the files of a send log in object storage, and opens them one after the other."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any, BinaryIO

from airflow_provider_dysms.api.errors import DysmsError, DysmsInputError
from airflow_provider_dysms.storage.locations import clean_uri, locate, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import ObjectStoragePath

_GLOB = re.compile(r"[*?\[]")


def open_inputs(sent_uri: str, *, argument: str = "sent_uri") -> Iterator[tuple[str, BinaryIO]]:
    """Find the files behind a URI, at once; open each when its turn comes, and close it when the next one's does.

    :param sent_uri: a file; a folder (its files, not those of folders in it); or a glob over files, ``**`` included.
        In folders and globs names that begin with a dot or an underscore are skipped
    :param argument: name of the argument, for errors
    :returns: for each file, sorted by name, its path below the folder that was named (for messages to people), and
        the file, open for reading in bytes; it can be sought in
    :raises DysmsInputError: the URI cannot be used, there is no file behind it, or one cannot be opened
    :raises DysmsStorageError: the store does not answer
    """
    path = locate(sent_uri, argument)
    try:
        found = sorted(_found(path))
    except Exception as error:  # every store has its own
        raise _unreadable(clean_uri(path), error, argument) from error
    if not found:
        raise DysmsInputError(
            argument, f"finds no file: {clean_uri(path)}; names that begin with a dot or an underscore do not count"
        )
    return _opened(path, found, argument)


def _opened(root: ObjectStoragePath, found: list[tuple[str, str]], argument: str) -> Iterator[tuple[str, BinaryIO]]:
    for name, place in found:
        try:
            file: BinaryIO = root.fs.open(place, "rb")
        except Exception as error:  # every store has its own
            raise _unreadable(f"{root.protocol}://{place}", error, argument) from error
        with file:
            yield name, file


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


def _unreadable(uri: str, error: Exception, argument: str) -> DysmsError:
    return refused(argument, "cannot be read", uri, error, "check that it is there, and its connection")
