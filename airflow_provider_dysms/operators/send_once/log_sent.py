"""Logs an accepted send: the number of messages and the ids by which they are found, never a phone number."""

from __future__ import annotations

from typing import Any

#: Largest number of characters of an id that are logged.
MAX_ID_LENGTH = 64

_IDS = {"biz_id": "BizId", "out_id": "OutId", "message_id": "message id", "request_id": "request id"}


def log_sent(log: Any, sent: dict[str, Any]) -> dict[str, Any]:
    """Log what was sent, and return it unchanged.

    :param log: the task's logger
    :param sent: what a send operator returns
    """
    count = sent.get("count", 1)
    ids = ", ".join(f"{name} {_id(sent[key])}" for key, name in _IDS.items() if sent.get(key))
    log.info(
        "The service accepted %s on %s; %s",
        "1 message" if count == 1 else f"{count:,} messages",
        sent["send_date"],
        ids,
    )
    return sent


def _id(value: object) -> str:
    text = str(value)
    return text if len(text) <= MAX_ID_LENGTH and text.isprintable() else f"{text[:MAX_ID_LENGTH]!a}"
