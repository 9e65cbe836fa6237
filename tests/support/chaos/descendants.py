"""Finds every process that a run has left behind, whatever its session, title, environment and parents."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

#: Of Linux: a process with this attribute becomes the parent of all descendants whose parents die.
PR_SET_CHILD_SUBREAPER = 36


@contextmanager
def adopting() -> Iterator[Callable[[], list[str]]]:
    """Adopt orphans; give a function that returns what each process is that is left of those started meanwhile."""
    before = set(_children())
    _set_subreaper(True)
    try:
        yield lambda: [_title(child) for child in _children() if child not in before]
    finally:
        _set_subreaper(False)
        for child in _children(psutil.STATUS_ZOMBIE):
            if child not in before:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(child.pid, os.WNOHANG)


def _children(status: str | None = None) -> list[psutil.Process]:
    """Return the descendants that are of a status; those that live if it is ``None``."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            is_dead = child.status() == psutil.STATUS_ZOMBIE
            if is_dead == (status == psutil.STATUS_ZOMBIE):
                found.append(child)
    return found


def _title(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline()[:5]) or process.name()
    return f"process {process.pid}"


def _set_subreaper(is_wanted: bool) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, int(is_wanted), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "this process cannot adopt orphans")
