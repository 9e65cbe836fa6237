"""One look at a wait: every open message is asked once, on the worker."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.exceptions import DysmsTaskFailed
from airflow_provider_dysms.model.errors import DysmsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.waits.targets import Watched
    from airflow_provider_dysms.waits.wait import Wait

#: What does not answer now is asked again with the next look.
PATIENCE = RetryPolicy(tries=2, total_time=20, throttle_patience=30)

#: Messages that are asked at a time; the client paces them.
ABREAST = 50

#: At the deadline every open message is asked a last time; that may take so long (s).
LAST_LOOK = 60.0

#: After so many in a row without an answer, the rest is left to the next look: it must not take longer than the wait.
MOST_UNANSWERED = 2 * ABREAST


async def ask_open(client: DysmsClient, wait: Wait, watched: Sequence[Watched]) -> list[DysmsError]:
    """Ask every open message, and let the wait take note of each answer.

    :param client: asks
    :param wait: knows which messages are open
    :param watched: the messages, by position
    :returns: errors that pass, one a message that gave no answer
    :raises DysmsTaskFailed: an error that does not pass; it names the message by its position and its handle
    """
    while wait.due is not None:  # all are asked now, whenever they were due
        wait.take()
    positions = iter([position for position, report in enumerate(wait.reports) if report.is_open])
    errors: list[DysmsError] = []
    unanswered = 0

    async def ask_one_after_another() -> None:
        nonlocal unanswered
        for position in positions:
            if unanswered >= MOST_UNANSWERED or time.time() > wait.deadline + LAST_LOOK:
                wait.fail(position, time.time())
                continue
            try:
                report = await watched[position].ask(client)
            except DysmsError as error:
                if wait.is_refused(error, time.time()):
                    raise DysmsTaskFailed(f"message {position} ({_named(watched[position])}): {error}") from error
                unanswered += 1
                errors.append(error)
                wait.fail(position, time.time())
            else:
                unanswered = 0
                wait.answer(position, report, time.time())

    try:
        async with asyncio.TaskGroup() as group:  # none is left behind with a connection when one of them fails
            for _ in range(ABREAST):
                group.create_task(ask_one_after_another())
    except BaseExceptionGroup as failed:
        first = failed.exceptions[0]
        raise first from first.__cause__
    return errors


def _named(watched: Watched) -> str:
    return ", ".join(f"{name} {value}" for name, value in watched.handle.items() if value is not None)
