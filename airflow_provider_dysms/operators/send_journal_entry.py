"""The note that a try of a send leaves in Airflow's task state: what it is about, and what came of it.

It is read with care: another release may have written it, and people can edit it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow_provider_dysms.exceptions import DysmsTaskFailed

#: Under which name the state is kept. Its form is a stored one: it only grows.
KEY = "dysms_send"

ABOUT_TO_SEND, NOTHING_SENT, SENT = "about to send", "nothing sent", "sent"

UNREADABLE = (
    "Airflow's note of what an earlier try of this task did cannot be read, so the message may have been sent. Look "
    "into the console, and start a new run to send again."
)


@dataclass(frozen=True, slots=True)
class Digests:
    """What a send is, in a form that tells nobody: the digest to store, then those that an earlier release or secret
    may have stored; empty if there is no key to make them with.

    :param recipients: of whom it is for
    :param content: of the same, and of what they are told
    """

    recipients: tuple[str, ...]
    content: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """What a try took down.

    :param state: one of the three; ``None``: there is no note
    :param recipients: digest of whom it is for
    :param content: digest of the same, and of what they are told
    :param since: when the first try in doubt began
    :param until: when the last one began
    :param signed_at: the instant that its request is signed for; ``None`` in notes of older releases
    :param out_id: the id that it used
    :param noted: whether notes tell of every earlier try
    :param sent: what the operator returned
    :param attempt: number of the try
    :param positions: positions of the mapped task, when it had sent
    """

    state: str | None = None
    recipients: str | None = None
    content: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    signed_at: datetime | None = None
    out_id: str | None = None
    noted: bool = True
    sent: dict[str, Any] | None = None
    attempt: int = 0
    positions: int | None = None

    @classmethod
    def read(cls, kept: object) -> JournalEntry:
        """Read what Airflow kept, by this release or another.

        :raises DysmsTaskFailed: something is there, and it is not a note
        """
        if kept is None:
            return cls()
        if not isinstance(kept, dict):
            raise DysmsTaskFailed(UNREADABLE)
        note = cls(
            state=_of_type(kept, "state", str),
            recipients=_of_type(kept, "recipients", str),
            content=_of_type(kept, "content", str),
            since=_instant(kept, "since"),
            until=_instant(kept, "until"),
            signed_at=_instant(kept, "signed_at"),
            out_id=_of_type(kept, "out_id", str),
            noted=_of_type(kept, "noted", bool) is not False,
            sent=_of_type(kept, "sent", dict),
            attempt=_of_type(kept, "try", int) or 0,
            positions=_of_type(kept, "positions", int),
        )
        is_whole = {
            ABOUT_TO_SEND: note.since is not None and note.until is not None,
            NOTHING_SENT: True,
            SENT: note.sent is not None and isinstance(note.sent.get("send_date"), str),
        }
        if not is_whole.get(note.state or ""):
            raise DysmsTaskFailed(UNREADABLE)
        return note

    def is_about_another(self, digests: Digests) -> bool:
        """Say whether the message of the note, which was sent or may have been, is not the one with these digests."""
        if self.state in (None, NOTHING_SENT):
            return False
        return self.is_for_others(digests) or _differs(self.content, digests.content)

    def is_for_others(self, digests: Digests) -> bool:
        """Say whether the message of the note is for other numbers."""
        return _differs(self.recipients, digests.recipients)


def _differs(noted: str | None, ours: tuple[str, ...]) -> bool:
    return bool(noted and ours) and noted not in ours


def _of_type(kept: dict[str, Any], name: str, kind: type) -> Any:
    value = kept.get(name)
    if value is None or (isinstance(value, kind) and (kind is bool or not isinstance(value, bool))):
        return value
    raise DysmsTaskFailed(UNREADABLE)


def _instant(kept: dict[str, Any], name: str) -> datetime | None:
    value = _of_type(kept, name, str)
    try:
        instant = None if value is None else datetime.fromisoformat(value)
    except ValueError:
        instant = None
        value = "unreadable"
    if value is not None and (instant is None or instant.tzinfo is None):
        raise DysmsTaskFailed(UNREADABLE)
    return instant
