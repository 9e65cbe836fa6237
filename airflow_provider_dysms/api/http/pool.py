"""The pool of idle connections, which closes a connection that received bytes without a request."""

from __future__ import annotations

import asyncio
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_dysms.api.http.connection import Connection


class IdleConnections:
    """Idle connections of one event loop; the one used last is used first.

    Bytes that arrived on an idle connection and were not read yet would be taken for the response to its next request.
    So one system call polls all idle connections, once per turn of the event loop; it costs about 5 % of a request.
    """

    def __init__(self) -> None:
        self._by_fd: dict[int, Connection] = {}
        self._poll = select.poll()
        self._is_polled = False

    def add(self, connection: Connection) -> None:
        """Add an open connection that has received its response."""
        self._by_fd[connection.fd] = connection
        self._poll.register(connection.fd, select.POLLIN)

    def pop(self) -> Connection | None:
        """Return an open connection without unread bytes; ``None`` if there is none."""
        if self._by_fd and not self._is_polled:
            self._is_polled = True
            asyncio.get_running_loop().call_soon(self._poll_again)
            for fd, _ in self._poll.poll(0):
                self._poll.unregister(fd)
                self._by_fd.pop(fd).close()
        while self._by_fd:
            fd, connection = self._by_fd.popitem()
            self._poll.unregister(fd)
            if not connection.is_closed:
                return connection
        return None

    def close(self) -> None:
        """Close all connections."""
        for fd, connection in self._by_fd.items():
            self._poll.unregister(fd)
            connection.close()
        self._by_fd.clear()

    def _poll_again(self) -> None:
        self._is_polled = False
