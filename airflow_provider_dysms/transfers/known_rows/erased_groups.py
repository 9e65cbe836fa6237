"""Finds the groups of people who were erased from the archive: they are not asked about, and have no new rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.audit.results import NOTHING_HIDDEN, GroupResult, Source
from airflow_provider_dysms.retention.people import numbers_in

if TYPE_CHECKING:
    from airflow_provider_dysms.audit.previous_audit import PreviousAudit
    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.audit.verdict import Verdict
    from airflow_provider_dysms.retention.erasure_records import ErasedPeople
    from airflow_provider_dysms.transfers.known_rows.previous_rows import PreviousRows


class ErasedGroups:
    """The groups of people who are left out.

    :param people: ``None`` if nobody is left out
    :param previous_rows: the rows of the partition, if they can be compared
    :param previous_audit: knows the keys of groups in them
    """

    def __init__(
        self, people: ErasedPeople | None, previous_rows: PreviousRows | None, previous_audit: PreviousAudit
    ) -> None:
        self._people = people
        self._previous_rows = previous_rows
        self._previous_audit = previous_audit

    def find(self, number: int, lines: list[Line]) -> GroupResult | None:
        """Return the result of a group of an erased person; ``None`` for somebody else, and if only an id is known.

        Rows that the erasure kept with a hash stay unchanged.
        """
        phone = lines[0].phone
        if self._people is None or phone is None or (phone_hash := self._people.hash_of(phone.digits)) is None:
            return None
        is_message = lines[0].message_id is not None
        key = self._previous_audit.key(lines) if is_message else f"number {phone_hash}"
        found = self._previous_rows.find(key) if self._previous_rows else None
        hidden_counts, verdicts = found or (NOTHING_HIDDEN, [])
        kept = [verdict for verdict in verdicts if verdict.phone_number == phone_hash]
        if not kept:
            return GroupResult(number, lines, [], Source.ERASED, erased=len(lines))
        left_out = len(lines) - len(hidden_counts.repeated) - len(kept)
        return GroupResult(number, lines, kept, Source.ERASED, hidden_counts=hidden_counts, erased=max(left_out, 0))

    def contains(self, verdict: Verdict) -> bool:
        """Return whether a verdict with a number in clear is about an erased person."""
        if self._people is None or verdict.phone_number is None:
            return False
        return any(self._people.hash_of(number) is not None for number in numbers_in(verdict.phone_number))

    def leave_out(self, result: GroupResult) -> GroupResult:
        """Remove the verdicts of erased people from a result whose numbers are in clear, and return it."""
        if self._people is None:
            return result
        kept = [verdict for verdict in result.verdicts if not self.contains(verdict)]
        if len(kept) < len(result.verdicts):
            result.erased = len(result.verdicts) - len(kept)
            result.verdicts = kept
            result.hidden_counts = NOTHING_HIDDEN
        return result
