"""The entry that an attempt of a send stores in Airflow's task state: which message it is about, and the outcome.

It is validated when it is read: another release may have written it, and people can edit it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow_provider_dysms.exceptions import DysmsTaskFailed

#: Name of the entry in the task state. Its fields are a stored format, to which fields may only be added.
KEY = "dysms_send"

ABOUT_TO_SEND, NOTHING_SENT, SENT = "about to send", "nothing sent", "sent"

UNREADABLE = (
    "The entry in Airflow's task state that tells what an earlier attempt of this task did cannot be read, so the "
    "message may have been sent. Look into the console, and start a new run to send again."
)


@dataclass(frozen=True, slots=True)
class Digests:
    """Keyed digests that identify a send without telling anything about it.

    Each has first the digest to store, then those that an earlier release or secret may have stored; both are empty
    without a key.

    :param recipients: of the phone numbers
    :param content: of the phone numbers and the message
    """

    recipients: tuple[str, ...]
    content: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """The record of one attempt.

    :param state: one of the three; ``None`` without an entry
    :param recipients: digest of the phone numbers
    :param content: digest of the phone numbers and the message
    :param since: when the first attempt in doubt began
    :param until: when the last attempt in doubt began
    :param signed_at: the instant for which the request was signed; ``None`` in entries of older releases
    :param out_id: the id that the attempt used
    :param is_complete: whether the journal has every earlier attempt; stored as ``noted``
    :param sent: what the operator returned
    :param attempt: number of the attempt; stored as ``try``
    :param positions: number of positions of the mapped task when it had sent
    """

    state: str | None = None
    recipients: str | None = None
    content: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    signed_at: datetime | None = None
    out_id: str | None = None
    is_complete: bool = True
    sent: dict[str, Any] | None = None
    attempt: int = 0
    positions: int | None = None

    @classmethod
    def read(cls, stored: object) -> JournalEntry:
        """Read an entry that this release or another one has stored.

        :param stored: what Airflow has under :data:`KEY`; ``None`` if there is nothing
        :raises DysmsTaskFailed: it is something else
        """
        if stored is None:
            return cls()
        if not isinstance(stored, dict):
            raise DysmsTaskFailed(UNREADABLE)
        entry = cls(
            state=_of_type(stored, "state", str),
            recipients=_of_type(stored, "recipients", str),
            content=_of_type(stored, "content", str),
            since=_instant(stored, "since"),
            until=_instant(stored, "until"),
            signed_at=_instant(stored, "signed_at"),
            out_id=_of_type(stored, "out_id", str),
            is_complete=_of_type(stored, "noted", bool) is not False,
            sent=_of_type(stored, "sent", dict),
            attempt=_of_type(stored, "try", int) or 0,
            positions=_of_type(stored, "positions", int),
        )
        has_what_its_state_needs = {
            ABOUT_TO_SEND: entry.since is not None and entry.until is not None,
            NOTHING_SENT: True,
            SENT: entry.sent is not None and isinstance(entry.sent.get("send_date"), str),
        }
        if not has_what_its_state_needs.get(entry.state or ""):
            raise DysmsTaskFailed(UNREADABLE)
        return entry

    def is_about_another(self, digests: Digests) -> bool:
        """Return whether the message of the entry, which was sent or may have been, has other digests than these."""
        if self.state in (None, NOTHING_SENT):
            return False
        return self.is_for_others(digests) or _differs(self.content, digests.content)

    def is_for_others(self, digests: Digests) -> bool:
        """Return whether the message of the entry is for other numbers."""
        return _differs(self.recipients, digests.recipients)


def _differs(stored: str | None, ours: tuple[str, ...]) -> bool:
    return bool(stored and ours) and stored not in ours


def _of_type(stored: dict[str, Any], name: str, kind: type) -> Any:
    value = stored.get(name)
    if value is None or (isinstance(value, kind) and (kind is bool or not isinstance(value, bool))):
        return value
    raise DysmsTaskFailed(UNREADABLE)


def _instant(stored: dict[str, Any], name: str) -> datetime | None:
    value = _of_type(stored, name, str)
    try:
        instant = None if value is None else datetime.fromisoformat(value)
    except ValueError:
        instant = None
        value = "unreadable"
    if value is not None and (instant is None or instant.tzinfo is None):
        raise DysmsTaskFailed(UNREADABLE)
    return instant
