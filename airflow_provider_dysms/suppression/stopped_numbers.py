"""Counts the numbers of a suppression list by reason, for people: an entry is about one type of messages."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.suppression.list_file import NO_LIST, open_list

if TYPE_CHECKING:
    from airflow_provider_dysms.suppression.entries import Entry


class StoppedNumbers:
    """Counts the numbers and prefixes that sends respect.

    :ivar by_reason: reason -> numbers, each once, however many types of messages it is stopped for
    """

    def __init__(self) -> None:
        self.by_reason: Counter[str] = Counter()
        self._number: str | None = None
        self._reasons: set[str] = set()

    def add(self, entry: Entry) -> None:
        """Count an entry; the entries of a number follow each other."""
        if entry.phone_number != self._number:
            self._number, self._reasons = entry.phone_number, set()
        if entry.is_applied and entry.reason not in self._reasons:
            self._reasons.add(entry.reason)
            self.by_reason[entry.reason] += 1


def read_stopped(suppression_uri: str) -> dict[str, int] | None:
    """Return how many numbers a list stops, by reason, from its manifest alone.

    :param suppression_uri: folder of the list
    :returns: ``None`` for a list of an earlier release, which did not count them
    :raises DysmsInputError: the folder has no list
    :raises DysmsStorageError: the store does not answer
    """
    manifest = open_list(suppression_uri).read_manifest()
    if manifest is None or "suppression" not in manifest["result"]:
        raise DysmsInputError("suppression_uri", NO_LIST)
    stopped: dict[str, int] | None = manifest["result"]["suppression"].get("stopped")
    return stopped
