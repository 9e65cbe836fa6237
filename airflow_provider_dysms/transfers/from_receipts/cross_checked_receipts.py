"""Takes lines from their receipts before the service is asked, and compares a sample with what the service says.

Receipts are not signed, so anybody who finds the address can push them. A keyed digest of its id decides whether a line
is in the sample: a rerun has the same sample, and a forger cannot know it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from airflow_provider_dysms.audit.matching.detail_queries import match_keys
from airflow_provider_dysms.audit.results import GroupResult, HiddenCounts, Source
from airflow_provider_dysms.audit.send_log.duplicates import message_key
from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.errors import DysmsIncomplete
from airflow_provider_dysms.receipts.matching.merge import REPEATED
from airflow_provider_dysms.transfers.from_receipts.known_receipts import KnownReceipts

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from airflow_provider_dysms.audit.matching.detail_queries import AuditScope
    from airflow_provider_dysms.audit.send_log.lines import Line, Lines
    from airflow_provider_dysms.audit.verdict import Verdict
    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.receipts.join import ReceiptJoin
    from airflow_provider_dysms.receipts.matching.merge import Message

_NOTHING_COMPARED = {"compared": 0, "differences": 0, "undecided": 0}

#: Hex digits of a digest that decide whether a line is in the sample.
_DIGITS = 8


class ReceiptsFirst(KnownReceipts):
    """Lines with a final receipt that nothing contradicts need not be asked, apart from a sample.

    :param join: finds the receipts
    :param scope: of the audit
    :param share: of the receipted lines that is asked too, from 0 to 1
    :param key: chooses them; needed if the share is above 0
    :ivar rows: verdicts that come from receipts alone
    :ivar rows_taken_over: verdicts of the previous audit that may have come from receipts alone, because these are
        there and not in the sample
    :ivar cross_check: ``compared`` lines, ``differences`` of state, and ``undecided`` ones, for which the service
        still waits
    :ivar cross_check_taken_over: the same of verdicts of the previous audit
    """

    def __init__(self, join: ReceiptJoin, scope: AuditScope, share: float, key: PrivacyKey | None) -> None:
        self.rows = self.rows_taken_over = 0
        self.cross_check, self.cross_check_taken_over = ({**_NOTHING_COMPARED} for _ in range(2))
        self.first_difference: str | None = None
        self._join = join
        self._scope = scope
        self._threshold = int(share * 16**_DIGITS)
        self._key = key
        self._partial: dict[int, Mapping[int, Verdict | None]] = {}
        self._expected: dict[int, dict[int, str]] = {}
        self._complete: dict[int, int] = {}

    def arrange(self, lines: Lines) -> None:
        self._join.arrange(lines.keys_of_groups())

    def find(self, number: int, lines: list[Line]) -> GroupResult | None:
        messages = self._join.messages_of(number, lines)
        taken, expected = self._taken(lines, messages)
        if len(taken) < len(lines) and not self._can_leave_out(lines, taken):
            taken = {}
        for message in messages:
            if message is not None and message is not REPEATED:
                self._join.count(message)
        known = {
            position: None if message is None else self._join.verdict(lines[position], message)
            for position, message in taken.items()
        }
        made = [verdict for verdict in known.values() if verdict is not None]
        if len(taken) == len(lines):
            repeated = tuple(position for position, verdict in known.items() if verdict is None)
            self._complete[number] = len(made)
            return GroupResult(number, lines, made, Source.RECEIPTS, hidden_counts=HiddenCounts(repeated=repeated))
        if known:
            self._partial[number] = known
        self._expected[number] = {position: state for position, state in expected.items() if position not in taken}
        return None

    def known_verdicts(self, number: int) -> Mapping[int, Verdict | None] | None:
        return self._partial.get(number)

    def compare(self, result: GroupResult) -> None:
        known = self._partial.pop(result.index, {})
        expected = self._expected.pop(result.index, {})
        complete = self._complete.pop(result.index, 0)
        partial = sum(verdict is not None for verdict in known.values())
        if result.source is Source.RECEIPTS:
            self.rows += len(result.verdicts)
        elif result.source is Source.COMMITTED:
            self.rows_taken_over += complete + partial
            self._compare(result, expected, self.cross_check_taken_over)
        elif result.source in (Source.ASKED, Source.RESUMED):
            self.rows += partial
            self._compare(result, expected, self.cross_check)

    def check(self, cross_check: Mapping[str, int], max_differences: float) -> None:
        """Refuse receipts that the service contradicts too often.

        :param cross_check: what was compared, also by earlier audits
        :param max_differences: the largest share of the compared lines
        :raises DysmsIncomplete: the share is higher
        """
        compared, differences = cross_check["compared"], cross_check["differences"]
        if differences > max_differences * compared:
            first = f"; the first is {self.first_difference}" if self.first_difference else ""
            raise DysmsIncomplete(
                f"of {compared} lines whose receipts were compared with the service, {differences} differ, a larger "
                f"share than max_cross_check_differences={max_differences:g}{first}. Receipts may be forged, or be of "
                'another account: check who can push to the receiver, or leave out receipts_uri and set refresh="all"'
            )

    def _taken(
        self, lines: Sequence[Line], messages: Sequence[Message | None]
    ) -> tuple[dict[int, Message | None], dict[int, str]]:
        """Return the lines that need not be asked with their message, ``None`` if a line repeats one of these.

        :returns: and the state that the receipts of each line report, if they do not contradict each other
        """
        taken: dict[int, Message | None] = {}
        expected: dict[int, str] = {}
        is_taken: Counter[Hashable] = Counter()
        for position, (line, message) in enumerate(zip(lines, messages, strict=True)):
            key = message_key(line, self._scope)
            if message is REPEATED:
                if is_taken[key]:
                    taken[position] = None
            elif message is not None and message.state is not State.WAITING and not message.is_conflicting:
                if position in self._join.unsure or not self._join.has_time_of_day(message):
                    continue
                if self._threshold:
                    expected[position] = message.state.value
                if not self._is_in_sample(line):
                    taken[position] = message
                    is_taken[key] += 1
        return taken, expected

    def _can_leave_out(self, lines: Sequence[Line], taken: Mapping[int, object]) -> bool:
        """Return whether only some lines of a group can be asked: a query without a BizId returns them all."""
        return all(
            match_keys(line, self._scope)[0] is not None for position, line in enumerate(lines) if position not in taken
        )

    def _is_in_sample(self, line: Line) -> bool:
        if not self._threshold or self._key is None:
            return False
        number = line.phone.digits if line.phone else ""
        identity = line.message_id or f"{number}\0{line.biz_id or line.out_id}"
        return int(self._key.digest(f"cross_check\0{identity}".encode())[:_DIGITS], 16) < self._threshold

    def _compare(self, result: GroupResult, expected: Mapping[int, str], counts: dict[str, int]) -> None:
        """Compare what the service says with the states that receipts report, by the position of their line."""
        repeated = set(result.hidden_counts.repeated)
        distinct = [position for position in range(len(result.lines)) if position not in repeated]
        for position, verdict in zip(distinct, result.verdicts, strict=False):
            if (reported := expected.get(position)) is None:
                continue
            counts["compared"] += 1
            if verdict.state == State.WAITING.value:
                counts["undecided"] += 1
            elif verdict.state != reported:
                counts["differences"] += 1
                self.first_difference = self.first_difference or result.lines[position].where
