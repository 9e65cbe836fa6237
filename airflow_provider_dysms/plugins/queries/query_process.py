"""A process for one query: it takes the query from a pipe, answers through another one, and ends.

Nothing of a query is in its arguments, in its environment or in its output. It is a new Python and not a fork, because
a fork would inherit the threads, locks and connections of the API server. It loads its libraries before the query
comes, so that a process that waits answers at once.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from typing import IO, TYPE_CHECKING, Any

import msgspec
import psutil

from airflow_provider_dysms.plugins.queries.query_errors import QueryFailed
from airflow_provider_dysms.plugins.queries.query_limits import MAX_RESULT_BYTES

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from airflow_provider_dysms.plugins.queries.query_limits import QueryLimits

_MODULE = "airflow_provider_dysms.plugins.queries.answer_query"

#: Seconds between two looks at the memory of a process.
_LOOK = 0.05

_PIECE = 2**16


class QueryProcess:
    """A process that waits for its query.

    :param environment: its environment variables
    :param limits: the bounds of its query
    """

    def __init__(self, environment: Mapping[str, str], limits: QueryLimits) -> None:
        self._limits = limits
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", _MODULE, str(limits.megabytes)],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def is_alive(self) -> bool:
        """Whether it still waits."""
        return self._process.poll() is None

    def ask(self, query: Mapping[str, Any], cancelled: threading.Event) -> dict[str, Any]:
        """Return the answer to a query; the process has ended then, whatever happened.

        :param query: JSON-able
        :param cancelled: set when nobody waits for the answer any more
        :raises QueryFailed: it was killed at a bound, or died
        """
        deadline = time.monotonic() + self._limits.seconds
        try:
            with contextlib.suppress(BrokenPipeError):  # it died; there is no answer to read
                stdin = _pipe(self._process.stdin)
                stdin.write(msgspec.json.encode(query))
                stdin.close()
            return self._answer(deadline, cancelled)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the process and all that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(BrokenPipeError):
            _pipe(self._process.stdin).close()
        _pipe(self._process.stdout).close()
        self._process.wait()

    def _answer(self, deadline: float, cancelled: threading.Event) -> dict[str, Any]:
        descriptor, received = _pipe(self._process.stdout).fileno(), bytearray()
        watched = psutil.Process(self._process.pid)
        while True:
            readable, _, _ = select.select([descriptor], [], [], _LOOK)
            if readable:
                piece = os.read(descriptor, _PIECE)
                received += piece
                if not piece:
                    return self._decode(received)
            self._check(watched, len(received), deadline)
            if cancelled.is_set():
                raise QueryFailed("cancelled")

    def _check(self, watched: psutil.Process, received: int, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise QueryFailed("too_slow")
        with contextlib.suppress(psutil.Error):  # it has ended; the pipe says the rest
            if watched.memory_info().rss > self._limits.megabytes * 2**20:
                raise QueryFailed("too_large")
        if received > MAX_RESULT_BYTES:
            raise QueryFailed("too_large")

    def _decode(self, received: bytearray) -> dict[str, Any]:
        try:
            return msgspec.json.decode(bytes(received), type=dict[str, Any])
        except msgspec.DecodeError:
            raise QueryFailed("died") from None


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
