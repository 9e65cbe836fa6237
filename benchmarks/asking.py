"""Workers that ask without a pause, each as soon as it was answered: only the budget holds them back.

Started as a process, by budget.py and limit.py; its first argument is the descriptor that takes its answers. It says
when it is ready, is told an :class:`Order` as a line of JSON on its standard input, and answers with an
:class:`Outcome`.
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

from written import note_requests

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.auth.providers import CredentialsProvider
from airflow_provider_dysms.api.client import DysmsClient
from airflow_provider_dysms.api.settings import Settings
from airflow_provider_dysms.model.errors import DysmsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


@dataclass(frozen=True)
class Order:
    """What to ask, how, and how long.

    :param port: of the emulator on this machine
    :param key: access key and its secret
    :param credentials_uri: hands out other keys, in the place of that one
    :param action: ``QueryMessage`` or ``QuerySendDetails``
    :param asked: message ids, or phone numbers of ``day``
    :param quota: of the account, requests a second; all of it is ours
    :param requests_per_second: of this process, where it does not have the whole quota
    :param until: ``time.monotonic()``, which all processes of a machine share
    :param core: that the process has for itself
    """

    port: int
    key: tuple[str, str]
    credentials_uri: str | None
    action: str
    asked: list[str]
    day: str
    workers: int
    quota: float
    requests_per_second: float | None
    until: float
    core: int | None = None


@dataclass
class Outcome:
    """What came of it.

    :param written: when each request was given to a socket
    :param throttled: how many were refused
    :param failed: how many calls ended in an error, by its class
    """

    written: list[float] = field(default_factory=list)
    throttled: int = 0
    failed: dict[str, int] = field(default_factory=dict)


async def asked(order: Order) -> Outcome:
    """Ask until the time is up, and wait for the last answers."""
    outcome = Outcome()
    note_requests(outcome.written, b"POST /?")
    failed: Counter[str] = Counter()
    names = itertools.cycle(order.asked)
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

    async def work(ask: Callable[[str], Awaitable[object]]) -> None:
        while time.monotonic() < order.until:
            try:
                await ask(next(names))
            except DysmsError as error:
                failed[type(error).__name__] += 1

    async with DysmsClient(settings) as client:
        day = date.fromisoformat(order.day)
        questions: dict[str, Callable[[str], Awaitable[object]]] = {
            "QueryMessage": client.query_message,
            "QuerySendDetails": lambda number: client.query_send_details(number, day),
        }
        await asyncio.gather(*(work(questions[order.action]) for _ in range(order.workers)))
        outcome.throttled = client.counters.throttled
    outcome.failed = dict(failed)
    return outcome


def main(descriptor: str) -> None:
    with os.fdopen(int(descriptor), "w", buffering=1) as answers:
        print(json.dumps("ready"), file=answers)
        order = Order(**json.loads(sys.stdin.readline()))
        if order.core is not None:
            os.sched_setaffinity(0, {order.core})
        print(json.dumps(asdict(asyncio.run(asked(order)))), file=answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
