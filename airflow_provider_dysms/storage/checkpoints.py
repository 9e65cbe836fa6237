"""Checkpoints: the results that a task saves for its own retry, in a folder below ``output_uri/_spool``.

Each task instance has a folder of its own, whose name is a digest of dag, run, task and map index. A checkpoint has the
results of some groups, a digest of the log and the parameters that they belong to, and the start of the attempt that
made the first of them. Each is one file that can be used without the others; a file that is torn, foreign or too old is
ignored, and its groups are queried again. The commit removes the folder. A task that never commits leaves its folder
behind; a lifecycle rule on ``_spool/`` can remove it.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.private_struct import PrivateStruct

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_dysms.storage.object_store.store import Store

#: A checkpoint is written after this many queries, or this many seconds, whichever comes first.
MAX_QUERIES = 10_000
MAX_SECONDS = 60.0

FOLDER = "_spool"
EXTENSION = ".segment"
VERSION = 1

# Speed matters more than size: a checkpoint is kept for minutes.
_COMPRESSION_LEVEL = 1

#: Number of a group, and its encoded result.
Entry = tuple[int, bytes]


class _Checkpoint(PrivateStruct, frozen=True, array_like=True):
    version: int
    digest: str
    as_of: datetime
    entries: list[Entry]


_DECODER = msgspec.msgpack.Decoder(_Checkpoint)


class Checkpoints:
    """The checkpoints of one task instance.

    :param store: at ``output_uri``
    :param owner: dag, run, task and map index
    :param digest: of the log and the parameters, on which the results depend
    :param now: when this attempt began, aware
    :param resume_within: seconds after the start of the first attempt in which its results can be used; 0: never
    """

    def __init__(
        self, store: Store, owner: Sequence[object], digest: str, *, now: datetime, resume_within: float
    ) -> None:
        self._store = store
        self._digest = digest
        self._now = now
        self._max_age = timedelta(seconds=resume_within)
        self.folder = f"{FOLDER}/{owner_digest(owner)}"
        #: Start of the attempt that made the first result; :meth:`read` sets it to that of an earlier attempt.
        self.as_of = now
        self._next_number = 0

    @property
    def is_enabled(self) -> bool:
        """Whether checkpoints are used at all."""
        return bool(self._max_age)

    def read(self) -> Iterator[Entry]:
        """Yield the results of earlier attempts, one checkpoint in memory at a time. Call it before :meth:`write`."""
        as_of: datetime | None = None
        for key in self._store.keys(self.folder) if self.is_enabled else ():
            # A file that a killed attempt did not finish has a temporary name.
            checkpoint = self._load(key) if key.endswith(EXTENSION) else None
            if checkpoint is None or (as_of is not None and checkpoint.as_of != as_of):
                continue
            as_of = self.as_of = checkpoint.as_of
            self._next_number = 1 + max(self._next_number, _number_of(key))
            yield from checkpoint.entries

    def write(self, entries: list[Entry]) -> None:
        """Write a checkpoint. It may run in another thread than the event loop."""
        packed = msgspec.msgpack.encode(_Checkpoint(VERSION, self._digest, self.as_of, entries))
        # The oldest series of attempts sorts first. Its results are dated by its start.
        name = f"{self.as_of:%Y%m%dT%H%M%S%f}-{self._next_number:06}{EXTENSION}"
        self._next_number += 1
        self._store.write(f"{self.folder}/{name}", zlib.compress(packed, _COMPRESSION_LEVEL))

    def clear(self) -> None:
        """Remove the folder of this task instance."""
        self._store.clear(self.folder)

    def _load(self, key: str) -> _Checkpoint | None:
        try:
            content = self._store.read(key)
        except DysmsInputError:  # it may not be read; an outage is raised, so that the next attempt can read it
            return None
        with suppress(Exception):  # whatever is wrong with it, its groups are queried again
            checkpoint = _DECODER.decode(zlib.decompress(content or b""))
            belongs_here = (checkpoint.version, checkpoint.digest) == (VERSION, self._digest)
            if belongs_here and abs(self._now - checkpoint.as_of) < self._max_age:
                return checkpoint
        return None


def owner_digest(owner: Sequence[object]) -> str:
    """Return the name of a task instance in keys: who names runs by numbers does not find them there.

    :param owner: dag, run, task and map index
    """
    return hashlib.sha256(json.dumps([*map(str, owner)]).encode()).hexdigest()[:32]


def _number_of(key: str) -> int:
    with suppress(ValueError):
        return int(key.rpartition("-")[2].removesuffix(EXTENSION))
    return 0
