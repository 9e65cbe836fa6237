"""A process whose workers send queries without a pause, so that only the request budget limits them.

budget.py and limit.py start it. Its first argument is the file descriptor for its JSON lines. It writes ``"ready"``,
reads an :class:`Order` as a line of JSON from standard input, and writes a :class:`WorkerResult`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from request_times import record_requests

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.auth.providers import CredentialsProvider
from airflow_provider_dysms.api.client import DysmsClient
from airflow_provider_dysms.api.settings import Settings
from airflow_provider_dysms.model.errors import DysmsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


@dataclass(frozen=True)
class Order:
    """The queries to send.

    :param port: port of the emulator on this machine
    :param key: access key id and secret
    :param credentials_uri: address that hands out access keys; used instead of ``key``
    :param action: ``QueryMessage`` or ``QuerySendDetails``
    :param targets: message ids, or phone numbers with messages on ``day``
    :param workers: number of concurrent workers
    :param quota: quota of the account in requests per second, all of which may be used
    :param requests_per_second: limit of this process, if other processes share the quota
    :param until: end of the queries, in ``time.monotonic()``, which is the same in all processes of a machine
    :param core: CPU core that is reserved for this process
    """

    port: int
    key: tuple[str, str]
    credentials_uri: str | None
    action: str
    targets: list[str]
    day: str
    workers: int
    quota: float
    requests_per_second: float | None
    until: float
    core: int | None = None


@dataclass
class WorkerResult:
    """The requests that were sent.

    :param written: when each request was written to a socket
    :param throttled: number of throttled requests
    :param failed: error class -> number of calls that ended with it
    """

    written: list[float] = field(default_factory=list)
    throttled: int = 0
    failed: dict[str, int] = field(default_factory=dict)


async def run_queries(order: Order) -> WorkerResult:
    """Send queries until the time is up, and wait for the last responses."""
    result = WorkerResult()
    record_requests(result.written, b"POST /?")
    failed: Counter[str] = Counter()
    targets = itertools.cycle(order.targets)
    settings = Settings(
        credentials=CredentialsProvider(auth_type="credentials_uri", credentials_uri=order.credentials_uri)
        if order.credentials_uri
        else Credentials(*order.key),
        host="127.0.0.1",
        port=order.port,
        quota_share=1,
        quota={order.action: order.quota},
        requests_per_second=order.requests_per_second,
    )

    async def work(query: Callable[[str], Awaitable[object]]) -> None:
        while time.monotonic() < order.until:
            try:
                await query(next(targets))
            except DysmsError as error:
                failed[type(error).__name__] += 1

    async with DysmsClient(settings) as client:
        day = date.fromisoformat(order.day)
        queries: dict[str, Callable[[str], Awaitable[object]]] = {
            "QueryMessage": client.query_message,
            "QuerySendDetails": lambda number: client.query_send_details(number, day),
        }
        await asyncio.gather(*(work(queries[order.action]) for _ in range(order.workers)))
        result.throttled = client.counters.throttled
    result.failed = dict(failed)
    return result


def main(descriptor: str) -> None:
    with os.fdopen(int(descriptor), "w", buffering=1) as output:
        print(json.dumps("ready"), file=output)
        order = Order(**json.loads(sys.stdin.readline()))
        if order.core is not None:
            os.sched_setaffinity(0, {order.core})
        print(json.dumps(asdict(asyncio.run(run_queries(order)))), file=output)


if __name__ == "__main__":
    main(*sys.argv[1:])
