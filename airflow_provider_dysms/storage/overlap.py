"""Keeps what a task reads apart from what it writes: a log that matches the output grows by itself, day after day."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from string import Formatter
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.checkpoints import FOLDER
from airflow_provider_dysms.storage.day_placeholder import render_day
from airflow_provider_dysms.storage.encoders import EXTENSIONS
from airflow_provider_dysms.storage.manifest import data_key, manifest_key
from airflow_provider_dysms.storage.object_store.paths import LOCAL

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from airflow.sdk import ObjectStoragePath

#: Days from the one at hand whose output is tried, too: a glob may match tomorrow what it does not match today.
_DAYS = (0, -1, 1, 31, 366)


@lru_cache
def _compiled(glob: str) -> re.Pattern[str]:
    from fsspec.utils import glob_translate

    return re.compile(glob_translate(glob))


@dataclass(frozen=True)
class Pattern:
    """What a URI stands for.

    :param folder: where it begins
    :param rest: a glob below the folder; empty for a single file
    """

    folder: str
    rest: str = ""

    def matches(self, place: str) -> bool:
        """Return whether a place is matched.

        :raises ValueError: the glob cannot be used
        """
        head, rest = place[: len(self.folder) + 1], place[len(self.folder) + 1 :]
        return _compiled(self.rest).match(rest) is not None and head == f"{self.folder}/"

    def skips(self, place: str) -> bool:
        """Return whether a place is hidden: a name below the folder begins with a dot or an underscore."""
        return any(part[:1] in ("", ".", "_") for part in place[len(self.folder) + 1 :].split("/"))


@dataclass(frozen=True)
class OutputLayout:
    """Where a task writes, on this day and on others.

    :param root: of the output
    :param partition: folder of a day below it, with its placeholder
    :param extension: of the data file
    :param day: the day at hand
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
        """Yield keys that are or will be there, for some days."""
        for days in _DAYS:
            folder = render_day(self.partition, self.day + timedelta(days=days), "partition")
            yield data_key(folder, self.extension)
            yield manifest_key(folder)
            yield f"{FOLDER}/{'0' * 32}/0.segment"


def check_apart(
    sent: ObjectStoragePath, pattern: Pattern, found: Iterable[str], output: OutputLayout, argument: str
) -> None:
    """Refuse a log that contains the output, or would contain it on another day.

    :param sent: the path of the log
    :param pattern: what it stands for
    :param found: places of the files that it matches now
    :param argument: name of the argument, for the error
    :raises DysmsInputError: they are not apart; the message names what both contain
    """
    root = _real(output.root, output.root.path)
    if not _may_be_one_store(sent, output.root):
        return
    prefix = root.rstrip("/") + "/"
    for place in found:
        key = _real(sent, place).removeprefix(prefix)
        if key != _real(sent, place) and output.owns(key):
            raise _overlap(sent, place, argument)
    if not pattern.rest:
        return
    pattern = Pattern(_real(sent, pattern.folder).rstrip("/"), pattern.rest)
    if pattern.rest == "*" and prefix.startswith(f"{pattern.folder}/"):
        raise _overlap(sent, root, argument)
    for place in (prefix + key for key in output.keys()):  # noqa: SIM118 - not a mapping
        if pattern.matches(place) and not pattern.skips(place):
            raise _overlap(sent, place, argument)


def _overlap(sent: ObjectStoragePath, place: str, argument: str) -> DysmsInputError:
    return DysmsInputError(
        argument,
        f"also matches what the task writes below output_uri: {sent.protocol}://{place}; keep the log and the output "
        "in folders of their own, none within the other",
    )


def _may_be_one_store(one: ObjectStoragePath, other: ObjectStoragePath) -> bool:
    """Return whether two paths may lie in one store: schemes and connections are spellings, endpoints are stores."""
    if (one.protocol in LOCAL) != (other.protocol in LOCAL):
        return False
    endpoints = {getattr(path.fs, "endpoint_url", None) for path in (one, other)} - {None}
    return len(endpoints) < 2


def _real(path: ObjectStoragePath, place: str) -> str:
    """Return a place under its one name: without symbolic links and doubled slashes."""
    if path.protocol in LOCAL:
        return os.path.realpath(place)
    return re.sub("/{2,}", "/", place).rstrip("/")
