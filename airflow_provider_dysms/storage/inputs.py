"""Finds the files of a send log in object storage, opens them one by one, and fails if one changes meanwhile.

Part of a log may be missing if it changes while it is read, and the content does not show it. So the files and their
states (size, ETag, times) are compared before the first file is read and after the last.
"""

from __future__ import annotations

import os
import posixpath
import re
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, BinaryIO

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.object_store import timeouts
from airflow_provider_dysms.storage.object_store.bucket import open_object
from airflow_provider_dysms.storage.object_store.paths import LOCAL, clean_uri, resolve_uri
from airflow_provider_dysms.storage.object_store.store_errors import FileReplaced, translate_errors
from airflow_provider_dysms.storage.object_store.timeouts import call_within, guarded_file
from airflow_provider_dysms.storage.overlap import Pattern, check_no_overlap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from types import TracebackType

    from airflow.sdk import ObjectStoragePath

    from airflow_provider_dysms.storage.overlap import OutputLayout

_GLOB = re.compile(r"[*?\[]")
_ANY_FOLDERS = "**"
_FILES, _FOLDERS = ("file", "link to file"), ("directory", "link to directory")
_REMEDY = "check that it is there, and its connection"

#: Name (for messages), place and state of a file.
Found = tuple[str, str, dict[str, Any]]


def open_inputs(
    sent_uri: str, *, argument: str = "sent_uri", output: OutputLayout | None = None, may_grow: bool = False
) -> Inputs:
    """Find the files of a URI at once, and open them one by one during the reading.

    Used as a context, the result also compares the files if reading them fails, because their writer may be at work.

    :param sent_uri: a file; a folder (its files, not those of folders in it); or a glob over files, ``**`` included.
        In folders and globs names that begin with a dot or an underscore are skipped
    :param argument: name of the argument, for errors
    :param output: the places that the task writes, which are never read as a log
    :param may_grow: whether files may be added meanwhile, which are not read, and files may become longer
    :returns: for each file, sorted by name, its path below the folder of the URI (for messages), and the file, open for
        reading in bytes and seekable, until the next one is opened. Reading it also raises the errors below. After the
        last file, the files are compared with those found at first
    :raises DysmsInputError: the URI cannot be used, matches no file or also the output, or a file cannot be read
    :raises DysmsStorageError: the store does not answer, or a file was added, removed or changed
    """
    path = resolve_uri(sent_uri, argument)
    files = _Files(path, argument)
    pattern, found = files.find()
    if output is not None:
        check_no_overlap(path, pattern, [place for _, place, _ in found], output, argument)
    if not found:
        raise DysmsInputError(
            argument, f"finds no file: {clean_uri(path)}; names that begin with a dot or an underscore do not count"
        )
    return Inputs(files, sorted(found, key=itemgetter(0)), may_grow=may_grow)


def has_inputs(sent_uri: str, *, argument: str = "sent_uri") -> bool:
    """Return whether a URI finds a file now; nothing is read.

    :param sent_uri: as :func:`open_inputs` takes it
    :param argument: name of the argument, for errors
    :raises DysmsInputError: the URI cannot be used, or the store refuses to tell
    :raises DysmsStorageError: the store does not answer
    """
    return bool(input_lister(sent_uri, argument=argument)())


def input_lister(sent_uri: str, *, argument: str = "sent_uri") -> Callable[[], list[Found]]:
    """Return a function that lists the files which a URI finds when it is called; nothing is read.

    Airflow is asked for the connection now, and not by the function, so that another thread may call it.

    :param sent_uri: as :func:`open_inputs` takes it
    :param argument: name of the argument, for errors
    :returns: a function that returns name, place and state of each file. It raises :class:`DysmsInputError` if the
        store refuses to tell, and :class:`DysmsStorageError` if the store does not answer
    :raises DysmsInputError: the URI cannot be used
    """
    files = _Files(resolve_uri(sent_uri, argument), argument)

    def find() -> list[Found]:
        try:
            return files.find()[1]
        except DysmsInputError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return []
            raise

    return find


class Inputs:
    """The files of a log, each with its name: an iterator, and a context in which to read them."""

    def __init__(self, files: _Files, found: list[Found], *, may_grow: bool = False) -> None:
        self._may_grow = may_grow
        self._files = files
        self._found = found
        self._opened = self._open_all()

    def __iter__(self) -> Iterator[tuple[str, BinaryIO]]:
        return self._opened

    def __next__(self) -> tuple[str, BinaryIO]:
        return next(self._opened)

    def __enter__(self) -> Inputs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, DysmsInputError):  # such as half a line, because its writer has not finished
            self._check(may_be_longer=False)

    def _open_all(self) -> Iterator[tuple[str, BinaryIO]]:
        for name, place, _ in self._found:
            with self._files.open(place) as file:
                yield name, file
        self._check(may_be_longer=self._may_grow)

    def _check(self, *, may_be_longer: bool) -> None:
        """Compare the files with those found at first.

        :param may_be_longer: whether a file that has grown counts as unchanged
        :raises FileReplaced: a file was added, removed or changed; the message names it
        """
        before = {place: state for _, place, state in self._found}
        try:
            after = {place: state for _, place, state in self._files.find()[1]}
        except DysmsInputError:  # the files are gone
            after = {}
        for place in sorted(before.keys() if self._may_grow else before.keys() | after.keys()):
            change = _change(before.get(place), after.get(place))
            if change and not (may_be_longer and _is_longer(before.get(place), after.get(place))):
                raise self._files.changed_error(place, change)


def _change(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str | None:
    """Return how a file has changed, a clause; ``None`` if it has not."""
    if before == after:
        return None
    if before is None:
        return "was added"
    if not after:
        return "was removed"
    if before.get("size") != after.get("size"):
        return f"had {before.get('size')} bytes at first and has {after.get('size')} now"
    return "was written or replaced"


def _is_longer(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> bool:
    return before is not None and after is not None and after.get("size", 0) > before.get("size", 0)


class _Files:
    """The files of a path. fsspec's ``isfile``, ``glob`` and ``walk`` would hide errors as "does not exist"."""

    def __init__(self, path: ObjectStoragePath, argument: str) -> None:
        self._fs = path.fs
        self._place = path.path
        self._protocol = path.protocol
        self._argument = argument
        self._is_local = path.protocol in LOCAL

    def open(self, place: str) -> BinaryIO:
        error_context = self._errors("cannot be read", place)
        if not self._is_local:
            return open_object(self._fs, place, error_context)
        with error_context():
            file = self._fs.open(place, "rb")
        return guarded_file(file, error_context, None)

    def find(self) -> tuple[Pattern, list[Found]]:
        """Return the places that the path matches, and the files that are there now."""
        self._fs.invalidate_cache()
        place, glob = self._place, _GLOB.search(self._place)
        refusal = None
        try:
            kind = self._kind(place)
        except DysmsInputError as error:
            # For a key that does not exist, S3 answers 403 if the user may list only some folders.
            if not isinstance(error.__cause__, (FileNotFoundError, PermissionError) if glob else PermissionError):
                raise
            refusal, kind = error, "glob" if glob else "directory"
        if kind == "file":
            return Pattern(posixpath.dirname(place)), [(posixpath.basename(place), place, self._state(place))]
        if kind == "glob":
            folder = place[: glob.start()].rpartition("/")[0] if glob else ""
            return Pattern(folder, place[len(folder) + 1 :]), list(self._globbed(folder, place[len(folder) + 1 :]))
        folder = place.rstrip("/")
        found = [(name, at, self._state(at)) for name, at, kind in self._entries(folder) if kind in _FILES]
        if refusal is not None and not found:
            raise refusal
        return Pattern(folder, "*"), found

    def changed_error(self, place: str, change: str) -> FileReplaced:
        """Return the error for a log that changed while it was read."""
        uri = f"{self._protocol}://{place}"
        remedy = "run the task again when its writer has finished"
        return FileReplaced(f"{self._argument} changed while it was read: {uri} {change}; {remedy}")

    def _state(self, place: str) -> dict[str, Any]:
        """Return facts that differ if a file is written or replaced; nothing for a file that is gone."""
        if self._is_local:
            try:
                status = os.stat(place)
            except FileNotFoundError:
                return {}
            # A writer can set the modification time, but not the change time, which a replaced file also does not keep.
            return {"size": status.st_size, "written": (status.st_mtime_ns, status.st_ctime_ns)}
        # s3fs answers from the listing that was just made, so this sends no request per file.
        with self._errors("cannot be read", place)():
            entry = self._within(timeouts.CALL_TIMEOUT, self._fs.info, place)
        etag = str(entry.get("ETag") or "").strip('"')
        return {"size": entry["size"], "written": etag or str(entry.get("LastModified"))}

    def _kind(self, place: str) -> str:
        """Return whether a place is a file or a folder; raise an error if it does not exist."""
        with self._errors("cannot be read", place)():
            kind: str = self._within(timeouts.CALL_TIMEOUT, self._fs.info, place)["type"]
            return kind

    def _entries(self, folder: str) -> Iterator[tuple[str, str, str]]:
        """Yield name, place and kind of each entry of a folder that is not hidden."""
        with self._errors("cannot be listed", folder)():
            listed = self._within(timeouts.LISTING_TIMEOUT, partial(self._fs.ls, folder or "/", detail=True))
        for entry in listed:
            place = entry["name"].rstrip("/")
            name = place[len(folder) + 1 :]
            if not _is_hidden(name) and not (entry["type"] == "file" and entry["name"].endswith("/")):
                yield name, place, f"link to {self._kind(place)}" if entry.get("islink") else entry["type"]

    def _globbed(self, folder: str, pattern: str) -> Iterator[Found]:
        with self._errors("is not a glob", f"{folder}/{pattern}")():
            matches = Pattern(folder, pattern).matches
            matches(folder)  # an invalid glob is an error before anything is listed
        for place in self._walked(folder, pattern.split("/")):
            name = place[len(folder) + 1 :]
            if matches(place) and not _is_hidden(name):
                yield name, place, self._state(place)

    def _walked(self, folder: str, parts: list[str]) -> Iterator[str]:
        """Yield the files that a glob may match: as deep as it has parts, or to any depth."""
        if parts[0] == _ANY_FOLDERS and not self._is_local:
            with self._errors("cannot be listed", folder)():
                yield from self._within(timeouts.LISTING_TIMEOUT, self._fs.find, folder)
            return
        for name, place, kind in self._entries(folder):
            if kind in _FILES:
                yield place
            elif parts[0] == _ANY_FOLDERS:
                if kind == "directory":  # links may form a circle
                    yield from self._walked(place, parts)
            elif kind in _FOLDERS and len(parts) > 1 and Pattern("", parts[0]).matches(f"/{name}"):
                yield from self._walked(place, parts[1:])

    def _within(self, seconds: float, function: Callable[..., Any], *arguments: Any) -> Any:
        return call_within(None if self._is_local else seconds, function, *arguments)

    def _errors(self, problem: str, place: str) -> Callable[[], AbstractContextManager[None]]:
        return partial(translate_errors, self._argument, problem, f"{self._protocol}://{place}", _REMEDY)


def _is_hidden(name: str) -> bool:
    return not name or any(part[:1] in "._" for part in name.split("/"))
