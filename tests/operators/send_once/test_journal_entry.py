"""An entry of the journal is read as it was stored, by any release; anything else fails for good."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_dysms.exceptions import DysmsTaskFailed
from airflow_provider_dysms.operators.send_once.journal_entry import Digests, JournalEntry

AT = "2026-01-05T10:00:00+00:00"
ABOUT_TO_SEND = {"state": "about to send", "since": AT, "until": AT}


def test_nothing_stored_is_an_empty_entry() -> None:
    assert JournalEntry.read(None) == JournalEntry()


def test_the_fields_of_an_entry_are_read() -> None:
    stored = {**ABOUT_TO_SEND, "signed_at": AT, "out_id": "mine", "noted": False, "try": 3, "recipients": "r"}
    entry = JournalEntry.read(stored)
    assert (entry.out_id, entry.is_complete, entry.attempt, entry.recipients) == ("mine", False, 3, "r")
    assert entry.since == entry.until == entry.signed_at


def test_an_entry_of_an_older_release_lacks_the_later_fields() -> None:
    entry = JournalEntry.read(ABOUT_TO_SEND)
    assert (entry.signed_at, entry.is_complete, entry.attempt, entry.positions) == (None, True, 0, None)


@pytest.mark.parametrize(
    "stored",
    [
        "text",
        [],
        {},
        {"state": "gone"},
        {"state": "sent"},
        {"state": "sent", "sent": {}},
        {"state": "about to send"},
        {**ABOUT_TO_SEND, "since": "yesterday"},
        {**ABOUT_TO_SEND, "since": "2026-01-05T10:00:00"},
        {**ABOUT_TO_SEND, "try": True},
        {**ABOUT_TO_SEND, "noted": 1},
    ],
)
def test_anything_else_fails_for_good(stored: Any) -> None:
    with pytest.raises(DysmsTaskFailed, match="cannot be read"):
        JournalEntry.read(stored)


@pytest.mark.parametrize(
    ("recipients", "content", "is_for_others", "is_about_another"),
    [
        ("r", "c", False, False),
        ("old r", "old c", False, False),
        ("s", "c", True, True),
        ("r", "d", False, True),
        (None, None, False, False),
    ],
)
def test_an_entry_is_compared_by_its_digests(
    recipients: str | None, content: str | None, is_for_others: bool, is_about_another: bool
) -> None:
    entry = JournalEntry.read({**ABOUT_TO_SEND, "recipients": recipients, "content": content})
    digests = Digests(("r", "old r"), ("c", "old c"))
    assert entry.is_for_others(digests) is is_for_others
    assert entry.is_about_another(digests) is is_about_another


def test_an_entry_of_a_send_that_failed_is_about_no_message() -> None:
    entry = JournalEntry.read({"state": "nothing sent", "recipients": "s", "content": "d"})
    assert not entry.is_about_another(Digests(("r",), ("c",)))
