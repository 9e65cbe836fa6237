"""What a task has asked so far, on its way to its own retry: segments below ``output_uri/_spool``.

Each task instance has a folder of its own, whose name is a digest of dag, run, task and map index. A segment holds the
outcomes of some cases, says which log and parameters they belong to and when the try that asked first began, and is
put in one piece. It is good by itself: what is torn, foreign or too old is passed over, and asked again. The folder
goes with the commit. A task that never commits leaves its last one behind; a lifecycle rule on ``_spool/`` takes it.
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

    from airflow_provider_dysms.storage.object_store.stores import Store

#: A segment is put after this many questions, or this many seconds, whichever comes first.
QUESTIONS = 10_000
SECONDS = 60.0

FOLDER = "_spool"
VERSION = 1

# Speed counts here more than size: a segment lives for minutes.
_LEVEL = 1

Entry = tuple[int, bytes]


class _Checkpoint(PrivateStruct, frozen=True, array_like=True):
    version: int
    digest: str
    as_of: datetime
    entries: list[Entry]


_DECODER = msgspec.msgpack.Decoder(_Checkpoint)


class Checkpoints:
    """The segments of one task instance.

    :param owner: dag, run, task and map index
    :param digest: of everything that the outcomes depend on besides the service: log and parameters
    :param now: when this try began, aware
    :param resume_within: seconds after the start of the try that asked first in which its answers are good; 0 is never
    """

    def __init__(
        self, store: Store, owner: Sequence[object], digest: str, *, now: datetime, resume_within: float
    ) -> None:
        self._store = store
        self._digest = digest
        self._now = now
        self._within = timedelta(seconds=resume_within)
        self.folder = f"{FOLDER}/{hashlib.sha256(json.dumps([*map(str, owner)]).encode()).hexdigest()[:32]}"
        #: When the try that asked first began; it is another one's once :meth:`read` has found any.
        self.as_of = now
        self._next = 0

    @property
    def is_open(self) -> bool:
        """Whether there is any time in which segments are good."""
        return bool(self._within)

    def read(self) -> Iterator[Entry]:
        """Yield what earlier tries have left, one segment in memory at a time; before the first :meth:`write`."""
        as_of: datetime | None = None
        for key in self._store.keys(self.folder) if self.is_open else ():
            # One that was on its way when its try was killed has no name of its own yet.
            segment = self._good(key) if key.endswith(".segment") else None
            if segment is None or (as_of is not None and segment.as_of != as_of):
                continue
            as_of = self.as_of = segment.as_of
            self._next = 1 + max(self._next, _place(key))
            yield from segment.entries

    def write(self, entries: list[Entry]) -> None:
        """Put a segment; the event loop may run meanwhile, in another thread."""
        packed = msgspec.msgpack.encode(_Checkpoint(VERSION, self._digest, self.as_of, entries))
        # The oldest lineage sorts first: its beginning is what all its answers are dated by.
        name = f"{self.as_of:%Y%m%dT%H%M%S%f}-{self._next:06}.segment"
        self._next += 1
        self._store.write(f"{self.folder}/{name}", zlib.compress(packed, _LEVEL))

    def clear(self) -> None:
        """Remove the folder, and nothing else."""
        self._store.clear(self.folder)

    def _good(self, key: str) -> _Checkpoint | None:
        try:
            content = self._store.read(key)
        except DysmsInputError:  # it may not be read; an outage is an error, and the next try finds the segment again
            return None
        with suppress(Exception):  # whatever is wrong with it: it is asked again
            segment = _DECODER.decode(zlib.decompress(content or b""))
            fits = (segment.version, segment.digest) == (VERSION, self._digest)
            if fits and abs(self._now - segment.as_of) < self._within:
                return segment
        return None


def _place(key: str) -> int:
    with suppress(ValueError):
        return int(key.rpartition("-")[2].removesuffix(".segment"))
    return 0
