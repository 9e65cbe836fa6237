"""Runs a coroutine in a new event loop that the time limit of a task can end.

Airflow's ``execution_timeout`` is an alarm signal whose handler raises an exception wherever the program is. If that is
between two steps of an event loop, the loop logs the exception and loses the step: the task would wait forever.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

Result = TypeVar("Result")


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Do what ``asyncio.run`` does; an alarm cancels the coroutine, and then its own handler is called.

    :param coroutine: what to run
    :returns: its result
    :raises RuntimeError: an event loop is already running
    """
    handler = signal.getsignal(signal.SIGALRM) if hasattr(signal, "SIGALRM") else None
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        return asyncio.run(coroutine)
    alarms = 0
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []

    def cancel(*_: object) -> None:
        nonlocal alarms
        alarms += 1
        for loop, task in running:
            loop.call_soon_threadsafe(task.cancel)  # which wakes the loop, too

    async def run_until_alarm() -> Result:
        task = asyncio.current_task()
        assert task is not None
        running.append((asyncio.get_running_loop(), task))
        try:
            if alarms:
                task.cancel()
            return await coroutine
        finally:
            running.clear()

    signal.signal(signal.SIGALRM, cancel)
    try:
        result = asyncio.run(run_until_alarm())
    except BaseException:
        if not alarms:
            raise
    finally:
        signal.signal(signal.SIGALRM, handler)
    if alarms:
        handler(signal.SIGALRM, None)  # outside the except block, so that its exception has no context
        raise asyncio.CancelledError
    return result
