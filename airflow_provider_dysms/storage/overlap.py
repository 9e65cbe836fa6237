"""Refuses a send log whose URI also matches the task's own output, because it would grow by itself every day."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.dates import DAY
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.checkpoints import EXTENSION, FOLDER
from airflow_provider_dysms.storage.day_placeholder import render_day
from airflow_provider_dysms.storage.file_formats import EXTENSIONS
from airflow_provider_dysms.storage.manifest import data_key, manifest_key
from airflow_provider_dysms.storage.object_store.oss import store_of
from airflow_provider_dysms.storage.object_store.paths import LOCAL

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from airflow.sdk import ObjectStoragePath

#: Offsets from the day whose output is compared: a glob that does not match today may match tomorrow.
_DAY_OFFSETS = (0, -1, 1, 31, 366)


@lru_cache
def _compiled(glob: str) -> re.Pattern[str]:
    from fsspec.utils import glob_translate

    return re.compile(glob_translate(glob))


@dataclass(frozen=True)
class Pattern:
    """The places that a URI matches.

    :param folder: in which they are
    :param rest: a glob below the folder; empty for a single file
    """

    folder: str
    rest: str = ""

    def matches(self, place: str) -> bool:
        """Return whether a place is matched.

        :raises ValueError: the glob is not valid
        """
        head, rest = place[: len(self.folder) + 1], place[len(self.folder) + 1 :]
        return _compiled(self.rest).match(rest) is not None and head == f"{self.folder}/"

    def is_hidden(self, place: str) -> bool:
        """Return whether a name below the folder begins with a dot or an underscore."""
        return any(part[:1] in ("", ".", "_") for part in place[len(self.folder) + 1 :].split("/"))


@dataclass(frozen=True)
class OutputLayout:
    """The places that a task writes, on this day and on others.

    :param root: of the output
    :param partition: folder of a day below it, with its placeholder
    :param extension: of the data file
    :param day: that the task writes now
    """

    root: ObjectStoragePath
    partition: str
    extension: str
    day: date

    def owns(self, key: str) -> bool:
        """Return whether a key below the root is a data file of some day, a manifest or a checkpoint."""
        folder = "".join(
            re.escape(text) + ("" if field is None else "[^/]+")
            for text, field, _, _ in Formatter().parse(self.partition)
        )
        data = f"{folder}/part-0\\.({'|'.join(map(re.escape, set(EXTENSIONS.values())))})"
        return re.fullmatch(f"{data}|(_manifests|{FOLDER})/.*", key, re.DOTALL) is not None

    def keys(self) -> Iterable[str]:
        """Yield the keys that the task writes on some days."""
        for offset in _DAY_OFFSETS:
            folder = render_day(self.partition, self.day + offset * DAY, "partition")
            yield data_key(folder, self.extension)
            yield manifest_key(folder)
            yield f"{FOLDER}/{'0' * 32}/0{EXTENSION}"


def check_no_overlap(
    sent: ObjectStoragePath, pattern: Pattern, found: Iterable[str], output: OutputLayout, argument: str
) -> None:
    """Refuse a log that contains the output, or would contain it on another day.

    :param sent: the path of the log
    :param pattern: the places that it matches
    :param found: places of the files that it matches now
    :param output: the places that the task writes
    :param argument: name of the argument, for the error
    :raises DysmsInputError: they overlap; the message names a place in both
    """
    root = _canonical(output.root, output.root.path)
    if not _may_share_store(sent, output.root):
        return
    prefix = root.rstrip("/") + "/"
    for place in found:
        key = _canonical(sent, place).removeprefix(prefix)
        if key != _canonical(sent, place) and output.owns(key):
            raise _overlap_error(sent, place, argument)
    if not pattern.rest:
        return
    pattern = Pattern(_canonical(sent, pattern.folder).rstrip("/"), pattern.rest)
    if pattern.rest == "*" and prefix.startswith(f"{pattern.folder}/"):
        raise _overlap_error(sent, root, argument)
    for place in (prefix + key for key in output.keys()):  # noqa: SIM118 - not a mapping
        if pattern.matches(place) and not pattern.is_hidden(place):
            raise _overlap_error(sent, place, argument)


def _overlap_error(sent: ObjectStoragePath, place: str, argument: str) -> DysmsInputError:
    return DysmsInputError(
        argument,
        f"also matches what the task writes below output_uri: {sent.protocol}://{place}; keep the log and the output "
        "in separate folders, neither inside the other",
    )


def _may_share_store(one: ObjectStoragePath, other: ObjectStoragePath) -> bool:
    """Return whether two paths may be in the same store: only endpoints tell, not schemes and connections."""
    if (one.protocol in LOCAL) != (other.protocol in LOCAL):
        return False
    endpoints = (getattr(path.fs, "endpoint_url", None) for path in (one, other))
    return len({store_of(endpoint) for endpoint in endpoints if endpoint is not None}) < 2


def _canonical(path: ObjectStoragePath, place: str) -> str:
    """Return a place without symbolic links and doubled slashes, so that it can be compared."""
    if path.protocol in LOCAL:
        return os.path.realpath(place)
    return re.sub("/{2,}", "/", place).rstrip("/")
