"""One query at a time per user, over all API server processes of one machine.

A user's slot is a locked file, so that the slot of a process that died is free. Its name is a hash of the user's id.
Several machines do not know of each other.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import stat
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_dysms.plugins.queries.query_errors import QueryFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds for which a query waits for the one before it: that of a visitor who has gone ends within them.
PATIENCE = 1.0

_PAUSE = 0.05


@contextlib.contextmanager
def user_slot(user: str, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the slot of a user.

    :param user: the user's id
    :param patience: seconds to wait for the slot
    :raises QueryFailed: the user has another query
    """
    name = hashlib.sha256(user.encode()).hexdigest()[:32]
    descriptor = os.open(_folder() / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, time.monotonic() + patience)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise QueryFailed("user_busy") from None
            time.sleep(_PAUSE)


def _folder() -> Path:
    """Return the folder of the slots, which no other account of the machine may write to."""
    folder = Path(tempfile.gettempdir()) / f"airflow-dysms-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another account; remove it")
    return folder
