"""A generated day, as a test uses it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from airflow_provider_dysms.emulator import Emulator


@dataclass(frozen=True)
class DysmsDay:
    """A day that the emulator knows.

    :param emulator: that has the messages
    :param send_date: the Beijing day
    :param log: the send log of the day, a CSV file
    :param truth_path: the verdicts that an audit of the log must find, a file of JSON Lines
    """

    emulator: Emulator
    send_date: date
    log: Path
    truth_path: Path

    @property
    def sent_uri(self) -> str:
        """The URI of the send log, for ``sent_uri``."""
        return self.log.as_uri()

    @cached_property
    def truth(self) -> list[dict[str, Any]]:
        """The expected rows, one for each message, with ``state``, ``phone_number``, ``biz_id``, ``error_code``, ..."""
        return [json.loads(line) for line in self.truth_path.read_text("utf-8").splitlines()]

    @cached_property
    def by_state(self) -> dict[str, int]:
        """The expected number of rows by ``state``."""
        return dict(Counter(row["state"] for row in self.truth))


def seed_day(emulator: Emulator, send_date: date, folder: Path, options: Mapping[str, Any]) -> DysmsDay:
    """Generate a day.

    :param emulator: that gets the messages
    :param send_date: the Beijing day
    :param folder: where ``sent.csv`` and ``truth.jsonl`` are written
    :param options: further arguments of :meth:`.Emulator.generate`
    :raises InputError: an option does not exist or is out of range
    """
    log, truth = folder / "sent.csv", folder / "truth.jsonl"
    emulator.generate(send_date=send_date, log=log, truth=truth, **options)
    return DysmsDay(emulator, send_date, log, truth)
