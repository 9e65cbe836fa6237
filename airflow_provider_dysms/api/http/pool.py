"""Connections that wait for their next request, and are watched for what nobody asked for."""

from __future__ import annotations

import asyncio
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_dysms.api.http.connection import Connection


class IdleConnections:
    """Idle connections, the latest one first. For one event loop.

    Something that came on an idle connection and has not been read yet would be taken for the response to its next
    request. The kernel is asked about all of them at once, and once per turn of the loop: asking costs as much as a
    twentieth of a request.
    """

    def __init__(self) -> None:
        self._by_fd: dict[int, Connection] = {}
        self._poll = select.poll()
        self._was_looked_at = False

    def add(self, connection: Connection) -> None:
        """Take a connection that is open and has given its response."""
        self._by_fd[connection.fd] = connection
        self._poll.register(connection.fd, select.POLLIN)

    def pop(self) -> Connection | None:
        """Return a connection that is open and silent, if there is one."""
        if self._by_fd and not self._was_looked_at:
            self._was_looked_at = True
            asyncio.get_running_loop().call_soon(self._look_again)
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
        """Close them all."""
        for fd, connection in self._by_fd.items():
            self._poll.unregister(fd)
            connection.close()
        self._by_fd.clear()

    def _look_again(self) -> None:
        self._was_looked_at = False
