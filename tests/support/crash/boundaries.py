"""Wraps the file system and the object store of a process: any one call can go wrong, before or after it is made.

Locally these are the calls that open, read, write, sync, list, make, move or remove something below a watched folder;
in the object store, the calls of the S3 API. Each is a boundary. They are numbered as they come, and the same export
meets the same ones in the same order.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from botocore.exceptions import EndpointConnectionError
from s3fs.core import S3FileSystem

#: ``kill``: SIGKILL. ``error``: this one call fails. ``full``: the disk is full, or the store away, from here on.
Kind = Literal["kill", "error", "full"]

#: What a full disk refuses.
GROWS = {"create", "write", "sync", "mkdir", "replace"}

#: Name in :mod:`os` -> verb of the boundary.
CALLS = {
    "fsync": "sync",
    "link": "create",
    "mkdir": "mkdir",
    "remove": "remove",
    "rename": "replace",
    "replace": "replace",
    "rmdir": "rmdir",
    "scandir": "scan",
    "unlink": "remove",
}

_real_open = io.open
_real_os_open = os.open


@dataclass(frozen=True)
class Fault:
    """A fault, its boundary (from 0), and whether the call there was made by then."""

    kind: Kind
    at: int
    after: bool = False


class Boundaries:
    """Counts the boundaries of this process, and lets one of them go wrong.

    :param watched: the folder below which calls count
    :param fault: what goes wrong; ``None``: nothing
    :param told: is given number and name of each boundary when it is met, such as ``replace out/a=b/part-0.csv``; its
        own calls are none
    """

    def __init__(self, watched: str, fault: Fault | None, told: Callable[[int, str], None]) -> None:
        self._watched = watched
        self._fault = fault
        self._told = told
        self._full = ""
        self._telling = threading.local()
        self.names: list[str] = []

    def install(self) -> None:
        """Wrap everything, for good: the process is one that ends soon."""
        for name, verb in CALLS.items():
            setattr(os, name, partial(self._os_call, verb, getattr(os, name)))
        os.open = self._os_open  # type: ignore[assignment]
        builtins.open = io.open = self._open  # type: ignore[assignment]
        real = S3FileSystem._call_s3

        async def call(fs: Any, method: str, *given: Any, **named: Any) -> Any:
            key = named.get("Key") or named.get("Prefix", "")
            number = self._meet("s3", method, f"{named.get('Bucket', '')}/{key}")
            try:
                return await real(fs, method, *given, **named)
            finally:
                self._left(number, "s3")

        S3FileSystem._call_s3 = call

    def around(self, verb: str, path: str, call: Callable[[], Any]) -> Any:
        """Make a call that is a boundary."""
        number = self._meet("disk", verb, path)
        try:
            return call()
        finally:  # also where it failed by itself: a folder may be there already
            self._left(number, "disk")

    def write(self, path: str, data: memoryview, call: Callable[[memoryview], int]) -> int:
        """Write; where the disk becomes full, a half still finds room."""
        fault = self._fault
        if fault == Fault("full", len(self.names)) and not self._full and len(data) > 1:
            self._full = "disk"
            data = data[: len(data) // 2]
            self.names.append(f"write {path}")
            return call(data)
        return int(self.around("write", path, lambda: call(data)))

    def path(self, place: Any, dir_fd: int | None = None) -> str | None:
        """Return the path of a name or descriptor, relative to the watched folder; ``None`` elsewhere."""
        if getattr(self._telling, "now", False):
            return None
        name = f"/dev/fd/{place}" if isinstance(place, int) else os.fsdecode(place)
        if name.startswith("/dev/fd/"):
            name = os.readlink(f"/proc/self/fd/{name[8:]}")
        if dir_fd is not None:
            name = os.path.join(os.readlink(f"/proc/self/fd/{dir_fd}"), name)
        return os.path.relpath(name, self._watched) if name.startswith(self._watched) else None

    def _meet(self, where: str, verb: str, path: str) -> int:
        number = len(self.names)
        self.names.append(f"{verb} {path}")
        self._telling.now = True
        self._told(number, self.names[-1])
        self._telling.now = False
        if self._fault == Fault("full", number):
            self._full = where
        if self._full == where and (where == "s3" or verb in GROWS):
            raise EndpointConnectionError(endpoint_url="s3") if where == "s3" else _os_error(errno.ENOSPC)
        self._strike(where, Fault("kill", number), Fault("error", number))
        return number

    def _left(self, number: int, where: str) -> None:
        self._strike(where, Fault("kill", number, after=True), Fault("error", number, after=True))

    def _strike(self, where: str, kill: Fault, error: Fault) -> None:
        if self._fault == kill:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._fault == error:
            raise EndpointConnectionError(endpoint_url="s3") if where == "s3" else _os_error(errno.EIO)

    def _os_call(self, verb: str, real: Callable[..., Any], *given: Any, **named: Any) -> Any:
        path = self.path(given[-1 if verb == "replace" else 0], named.get("dir_fd")) if given else None
        call = partial(real, *given, **named)
        return call() if path is None else self.around(verb, path, call)

    def _os_open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        call = partial(_real_os_open, path, flags, mode, dir_fd=dir_fd)
        name = self.path(path, dir_fd)
        if name is None:
            return call()
        writes = flags & (os.O_WRONLY | os.O_RDWR)
        return int(self.around("create" if writes else "open", name, call))

    def _open(
        self,
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        name = self.path(file)
        if name is None:
            return _real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
        raw_mode = mode.replace("b", "").replace("t", "")
        open_raw = partial(_Raw, file, raw_mode, closefd=closefd, opener=opener)
        raw: _Raw = open_raw() if opener else self.around("open" if raw_mode == "r" else "create", name, open_raw)
        raw.place, raw.boundaries = name, self
        if buffering == 0:
            return raw
        kind: Any = io.BufferedRandom if "+" in mode else io.BufferedReader if raw_mode == "r" else io.BufferedWriter
        buffered = kind(raw) if buffering < 2 else kind(raw, buffering)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)


class _Raw(io.FileIO):
    """A file below the watched folder, unbuffered: each of its calls is one of the system."""

    boundaries: Boundaries
    place: str

    def write(self, data: Any) -> int:
        return self.boundaries.write(self.place, memoryview(data).cast("B"), super().write)

    def readinto(self, buffer: Any) -> int:
        return int(self.boundaries.around("read", self.place, partial(super().readinto, buffer)))

    def readall(self) -> bytes:
        return bytes(self.boundaries.around("read", self.place, super().readall))


def _os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
