"""Shows the progress of an audit as a bar at a terminal, and as log lines everywhere else."""

from __future__ import annotations

import asyncio
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from airflow_provider_dysms.transfers.reporting import progress as log_lines

#: Seconds between two updates of the bar.
INTERVAL = 0.2


class ProgressBar(log_lines.Progress):
    """A bar of finished lines with the number of requests, while it is entered; it vanishes at the end."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=10),
            TextColumn("{task.completed:,}/{task.total:,} lines, {task.fields[requests]:,} requests"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )

    def __enter__(self) -> None:
        self._task = self._bar.add_task(self._what, total=self._lines, requests=0)
        self._bar.start()
        super().__enter__()

    def __exit__(self, *error: object) -> None:
        self._bar.stop()
        super().__exit__(*error)

    def _next(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._tick)

    def _tick(self) -> None:
        requests = self._counters.requests - self._first_requests
        self._bar.update(self._task, completed=self._tally.lines, requests=requests)
        self._next()


def progress_at(*, terminal: bool) -> type[log_lines.Progress]:
    """Return what shows the progress.

    :param terminal: whether the standard error is a terminal, on which a bar can be drawn
    """
    return ProgressBar if terminal else log_lines.Progress
