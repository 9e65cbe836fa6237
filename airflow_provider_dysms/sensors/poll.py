"""One poll on a worker: queries every open message of a wait once."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.exceptions import DysmsTaskFailed
from airflow_provider_dysms.model.errors import DysmsError
from airflow_provider_dysms.waits.wait import LAST_POLL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.waits.targets import Watched
    from airflow_provider_dysms.waits.wait import Wait

#: Few retries: the next poll queries the message again.
RETRY_POLICY = RetryPolicy(max_attempts=2, total_time=20, throttle_timeout=30)

#: Messages that are queried at a time; the client limits the rate.
MAX_CONCURRENT = 50

#: After this many failures in a row, the remaining messages are left to the next poll: a poll must not take longer than
#: the wait.
MAX_FAILURES = 2 * MAX_CONCURRENT


async def poll_open(client: DysmsClient, wait: Wait, watched: Sequence[Watched]) -> list[DysmsError]:
    """Query every open message, and record each response in the wait.

    :param client: makes the requests
    :param wait: knows which messages are open
    :param watched: the messages, by position
    :returns: temporary errors, one per message whose query failed
    :raises DysmsTaskFailed: a permanent error; it names the message by its position and its handle
    """
    while wait.next_due is not None:  # all messages are queried now, whenever they are due
        wait.pop_due()
    positions = iter([position for position, report in enumerate(wait.reports) if report.is_open])
    errors: list[DysmsError] = []
    failures_in_a_row = 0

    async def query_positions() -> None:
        nonlocal failures_in_a_row
        for position in positions:
            if failures_in_a_row >= MAX_FAILURES or time.time() > wait.deadline + LAST_POLL_SECONDS:
                wait.record_failure(position, time.time())
                continue
            try:
                report = await watched[position].query(client)
            except DysmsError as error:
                if wait.record_refusal(error, time.time()):
                    raise DysmsTaskFailed(f"message {position} ({_name(watched[position])}): {error}") from error
                failures_in_a_row += 1
                errors.append(error)
                wait.record_failure(position, time.time())
            else:
                failures_in_a_row = 0
                wait.record_report(position, report, time.time())

    try:
        async with asyncio.TaskGroup() as group:  # if one task fails, no other keeps a connection
            for _ in range(MAX_CONCURRENT):
                group.create_task(query_positions())
    except BaseExceptionGroup as errors_of_tasks:
        first = errors_of_tasks.exceptions[0]
        raise first from first.__cause__
    return errors


def _name(watched: Watched) -> str:
    return ", ".join(f"{name} {value}" for name, value in watched.handle.items() if value is not None)
