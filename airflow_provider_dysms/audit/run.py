"""Asks what a send log gives rise to, many cases at once, and hands the verdicts out in the order of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import date, datetime

    from airflow_provider_dysms.api.records import MessageReport, SendDetail
    from airflow_provider_dysms.audit.sent import SentLog
    from airflow_provider_dysms.audit.tally import Tally
    from airflow_provider_dysms.audit.verdict import Verdict

Match = Literal["auto", "biz_id", "out_id", "sent_at"]


class Ask(Protocol):
    """Who answers: the client, whose answers are complete or an error."""

    async def query_send_details(
        self, phone_number: str, send_date: date, biz_id: str | None = None
    ) -> Sequence[SendDetail]:
        """Return every record of a number on a day."""

    async def query_message(self, message_id: str) -> MessageReport:
        """Return the report of one message; raise ``DysmsNotFound`` where there is none."""


async def audit(
    log: SentLog,
    ask: Ask,
    *,
    send_date: date,
    as_of: datetime,
    match: Match = "auto",
    in_flight: int = 64,
    tally: Tally | None = None,
) -> AsyncIterator[list[Verdict]]:
    """Say of every line of a send log what became of its message.

    :param log: what :func:`~.sent.read_sent_log` or :func:`~.sent.phone_log` returned
    :param ask: who answers
    :param send_date: the Beijing day that the log is of
    :param as_of: when the audit began, aware; it decides ``expired``, and which days lie in the future
    :param match: how lines and records without an id of their own find each other
    :param in_flight: how many questions are open at once
    :param tally: where the counts go; it is up to date with the verdicts handed out so far
    :returns: the verdicts of one number or one message id at a time
    """
    raise NotImplementedError
    yield []
