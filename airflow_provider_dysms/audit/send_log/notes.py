"""Collects findings about the files of a send log, such as a detected encoding, for the task log."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Notes:
    """Findings about files, such as a detected encoding: one sentence per finding, not per file."""

    def __init__(self) -> None:
        self._files: dict[str, list[str]] = {}

    def add(self, file: str, finding: str) -> None:
        """Add a sentence about a file, without its full stop: ``The delimiter is ';'``."""
        files = self._files.setdefault(finding, [])
        if file not in files[-1:]:
            files.append(file)

    def __iter__(self) -> Iterator[str]:
        for finding, (first, *others) in self._files.items():
            yield f"{finding} ({first}{f' and {len(others)} more' if others else ''})"
