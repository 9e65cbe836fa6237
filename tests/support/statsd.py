"""A StatsD server on loopback: the UDP socket that Airflow's metrics are sent to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class StatsdServer:
    """Keeps every packet that arrives."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self.port = int(self._socket.getsockname()[1])
        self._lines: list[str] = []
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    @property
    def environment(self) -> dict[str, str]:
        """Airflow's settings that send metrics here."""
        return {
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(self.port),
            "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",  # shows the tags
        }

    def metrics(self) -> list[tuple[str, str]]:
        """Return name (with tags) and value of each of our metrics so far, such as ``2|c``."""
        found = [line.partition(":") for line in list(self._lines) if ".dysms." in line]
        return [(name.removeprefix("airflow."), value) for name, _, value in found]

    def lines(self) -> list[str]:
        """Return everything that has arrived."""
        return list(self._lines)

    def clear(self) -> None:
        """Forget what has arrived."""
        self._lines.clear()

    def close(self) -> None:
        """Stop listening."""
        self._is_closed.set()
        self._thread.join()
        self._socket.close()

    def _receive(self) -> None:
        while not self._is_closed.is_set():
            try:
                packet = self._socket.recv(65_535)
            except TimeoutError:
                continue
            self._lines += packet.decode().splitlines()


@contextmanager
def statsd_server() -> Iterator[StatsdServer]:
    """Run a server."""
    server = StatsdServer()
    try:
        yield server
    finally:
        server.close()
