"""A fixture that generates a day and reads its files."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


class GeneratedDay:
    """A generated day: the lines of its log, its truth, and the result of the call.

    :param days_back: days before today
    """

    def __init__(self, emulator: Any, folder: Path, days_back: int = 2, **options: Any) -> None:
        self.log, self.truth_file = folder / "log.csv", folder / "truth.jsonl"
        self.date = (emulator.now() + timedelta(hours=8)).date() - timedelta(days=days_back)
        self.result = emulator.generate(send_date=self.date, log=self.log, truth=self.truth_file, **options)
        with self.log.open(newline="", encoding="utf-8") as file:
            self.lines = list(csv.DictReader(file))
        self.truth = [json.loads(line) for line in self.truth_file.read_text("utf-8").splitlines()]

    def by_state(self) -> Counter[str]:
        return Counter(each["state"] for each in self.truth)


@pytest.fixture
def make(emulator: Any, tmp_path: Path) -> Callable[..., GeneratedDay]:
    return lambda **options: GeneratedDay(emulator, tmp_path, **options)
