"""A process that answers queries, one after the other: they come and go through pipes.

Nothing of a query is in its arguments, in its environment or in its output. It is a new Python and not a fork, because
a fork would inherit the threads, locks and connections of the API server. It is killed when a query passes a bound.
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

import psutil

from airflow_provider_dysms.plugins.queries.frames import length_of, pack, unpack
from airflow_provider_dysms.plugins.queries.query_errors import QueryFailed
from airflow_provider_dysms.plugins.queries.query_limits import MAX_RESULT_BYTES

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from airflow_provider_dysms.plugins.queries.query_limits import QueryLimits

_MODULE = "airflow_provider_dysms.plugins.queries.answer_queries"

#: Seconds between two looks at the memory of a process.
_LOOK = 0.05

_PIECE = 2**16


class QueryProcess:
    """A process that waits for queries.

    :param environment: its environment variables
    :param limits: the bounds of each query
    """

    def __init__(self, environment: Mapping[str, str], limits: QueryLimits) -> None:
        self._limits = limits
        self._process = subprocess.Popen(  # noqa: S603 - this Python, and a module of ours
            [sys.executable, "-P", "-m", _MODULE, str(limits.megabytes)],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._watched = psutil.Process(self._process.pid)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def is_usable(self) -> bool:
        """Whether it waits, and holds less than half of the memory that a query may use."""
        return self._process.poll() is None and self._megabytes() < self._limits.megabytes / 2

    def ask(self, query: Mapping[str, Any], cancelled: threading.Event) -> dict[str, Any]:
        """Return the answer to a query.

        :param query: JSON-able
        :param cancelled: set when nobody waits for the answer any more
        :raises QueryFailed: it has been killed at a bound or because nobody waits, or has died
        """
        deadline = time.monotonic() + self._limits.seconds
        try:
            stdin = _pipe(self._process.stdin)
            stdin.write(pack(query))
            stdin.flush()
            return self._answer(deadline, cancelled)
        except OSError:
            self.kill()
            raise QueryFailed("died") from None
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """End the process and all that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):
                _pipe(stream).close()
        self._process.wait()

    def _answer(self, deadline: float, cancelled: threading.Event) -> dict[str, Any]:
        descriptor, received = _pipe(self._process.stdout).fileno(), bytearray()
        while True:
            readable, _, _ = select.select([descriptor], [], [], _LOOK)
            if readable:
                piece = os.read(descriptor, _PIECE)
                received += piece
                answer = _unpacked(received)
                if answer is not None:
                    return answer
                if not piece:
                    raise QueryFailed("died")
            self._check(length_of(received) or 0, deadline)
            if cancelled.is_set():
                raise QueryFailed("cancelled")

    def _check(self, length: int, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise QueryFailed("too_slow")
        if length > MAX_RESULT_BYTES or self._megabytes() > self._limits.megabytes:
            raise QueryFailed("too_large")

    def _megabytes(self) -> float:
        try:
            return float(self._watched.memory_info().rss) / 2**20
        except psutil.Error:  # it has ended; the pipe says the rest
            return 0.0


def _unpacked(received: bytearray) -> dict[str, Any] | None:
    try:
        return unpack(received)
    except ValueError:
        raise QueryFailed("died") from None


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
