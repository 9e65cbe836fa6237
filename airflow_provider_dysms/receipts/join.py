"""Joins the receipts of a day to the lines of its send log, group by group, as an audit does with records."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_dysms.audit import judge
from airflow_provider_dysms.audit.results import NOTHING_HIDDEN, GroupResult, HiddenCounts, Source
from airflow_provider_dysms.model.dates import DAY, MIDNIGHT_SLACK, beijing_day, day_start
from airflow_provider_dysms.model.delivery import State, is_billed
from airflow_provider_dysms.model.ids import HUAWEI_ID
from airflow_provider_dysms.model.phone_numbers.number import same_number
from airflow_provider_dysms.receipts import verdicts
from airflow_provider_dysms.receipts.matching.keys import biz_key, message_key, out_key
from airflow_provider_dysms.receipts.matching.match_lines import match_out_ids
from airflow_provider_dysms.receipts.matching.merge import REPEATED
from airflow_provider_dysms.receipts.receipt import ALIYUN, HUAWEI

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence, Set
    from datetime import datetime

    from airflow_provider_dysms.audit.matching.detail_queries import AuditScope
    from airflow_provider_dysms.audit.send_log.lines import Line, LineKeys
    from airflow_provider_dysms.audit.verdict import Verdict
    from airflow_provider_dysms.receipts.matching.merge import Message
    from airflow_provider_dysms.receipts.matching.receipt_batches import Entry
    from airflow_provider_dysms.receipts.matching.receipt_index import ReceiptIndex

#: A line that no receipt can find: category and clause of its rejection.
NO_KEY = ("no_receipt_key", "has none of message_id, biz_id and out_id, by which receipts are found")

#: States that only a receipt can report.
REPORTED = (State.DELIVERED.value, State.FAILED.value)


class ReceiptJoin:
    """Finds the receipts of each line; afterwards ``counts`` says what was found.

    :param index: has all receipts
    :param scope: the day, and which keys are compared
    :param vendor: the vendor of every line; default: recognised by the form of its message id
    """

    def __init__(self, index: ReceiptIndex, scope: AuditScope, vendor: str | None = None) -> None:
        #: ``matched`` messages; their receipts that are ``duplicates``; ``conflicts``, the messages whose receipts
        #: contradict each other; ``other_number``, those with the id of a line and another number than the line's;
        #: ``other_time``, those of a line that say that they were sent long before or after its day; ``not_billed``
        #: segments.
        self.counts: Counter[str] = Counter()
        #: Positions of lines of the last group whose message may be that of another line.
        self.unsure: Set[int] = frozenset()
        self._index = index
        self._scope = scope
        self._finds_biz_ids = scope.match in ("auto", "biz_id")
        self._finds_out_ids = scope.match != "sent_at"
        self._vendor = vendor
        self._earliest, self._latest = scope.start - DAY, scope.start + 2 * DAY

    def arrange(self, groups: Iterable[Sequence[LineKeys]]) -> None:
        """Put the receipts into the order of the groups of a log, in which they are looked up."""
        self._index.arrange(map(self._keys_of, groups))

    def result_of(self, number: int, lines: list[Line]) -> GroupResult:
        """Return the result of a group of lines, in the form in which an audit has it.

        :param number: of the group
        """
        if len(lines) == 1:
            (message,) = self.messages_of(number, lines)
            if message is not None:
                self.count(message)
            return GroupResult(number, lines, [self.verdict(lines[0], message)], Source.RECEIPTS)
        made, repeated = [], []
        for position, (line, message) in enumerate(zip(lines, self.messages_of(number, lines), strict=True)):
            if message is REPEATED:
                repeated.append(position)
                continue
            if message is not None:
                self.count(message)
            made.append(self.verdict(line, message))
        hidden_counts = HiddenCounts(repeated=tuple(repeated)) if repeated else NOTHING_HIDDEN
        return GroupResult(number, lines, made, Source.RECEIPTS, hidden_counts=hidden_counts)

    def messages_of(self, number: int, lines: Sequence[Line]) -> list[Message | None]:
        """Return what the receipts of each line say: ``None`` without one, :data:`REPEATED` if it repeats a line.

        :param number: of the group, as they were arranged
        """
        self._index.open_group(number)
        self.unsure = frozenset()
        if lines[0].message_id is not None:
            return [self._by_message_id(lines), *[REPEATED] * (len(lines) - 1)]
        if len(lines) == 1 and (biz_id := self._biz_id(lines[0])):
            message = self._by_biz_id(lines[0], biz_id)
            if message is not None or not self._index.has_out_keys:
                return [message]
        messages: list[Message | None] = [None] * len(lines)
        seen: set[str] = set()
        by_out_id: dict[tuple[bool, str], list[int]] = {}
        for position, line in enumerate(lines):
            if (biz_id := self._biz_id(line)) and biz_id in seen:
                messages[position] = REPEATED
                continue
            if biz_id:
                seen.add(biz_id)
                messages[position] = self._by_biz_id(line, biz_id)
            if messages[position] is None and line.out_id is not None and self._finds_out_ids:
                by_out_id.setdefault((not biz_id, line.out_id), []).append(position)
        for (may_have_biz_id, out_id), positions in sorted(by_out_id.items()):
            matched = self._match_out_id(lines, positions, out_id, may_have_biz_id=may_have_biz_id)
            for position, message in zip(positions, matched, strict=True):
                # Lines of two BizIds do not repeat each other.
                messages[position] = message if may_have_biz_id or message is not REPEATED else None
        return messages

    def verdict(self, line: Line, message: Message | None) -> Verdict:
        """Return the verdict on a line."""
        send_date, as_of = self._scope.send_date, self._scope.as_of
        if message is not None:
            if not self.has_time_of_day(message):
                message = verdicts.without_time(message)
            return verdicts.of_message(message, line, send_date, as_of)
        if line.message_id is None and line.out_id is None and not self._biz_id(line):
            return judge.of_rejected(msgspec.structs.replace(line, rejection=NO_KEY))
        return verdicts.of_no_receipt(line, self._vendors_of(line.message_id)[0], send_date, as_of)

    def has_time_of_day(self, message: Message) -> bool:
        """Return whether a message may have been sent when it says, for a line of the day: a day off at most."""
        sent_at = message.deciding.sent_at
        return sent_at is None or self._earliest <= sent_at < self._latest

    def _keys_of(self, lines: Sequence[LineKeys]) -> list[int]:
        if (message_id := lines[0].message_id) is not None:
            return [message_key(vendor, message_id) for vendor in self._vendors_of(message_id)]
        keys = []
        for line in lines:
            if (biz_id := self._biz_id(line)) and (digits := line.digits) is not None:
                keys.append(biz_key(digits, biz_id))
                if line.out_id is not None and self._index.has_out_keys:
                    keys.append(out_key(digits, line.out_id))
        return keys

    def _by_message_id(self, lines: Sequence[Line]) -> Message | None:
        assert lines[0].message_id is not None
        for vendor in self._vendors_of(lines[0].message_id):
            message = self._index.by_message_id(vendor, lines[0].message_id)
            if message is not None:
                number = message.deciding.phone_number
                if number and any(line.phone and not same_number(line.phone.digits, number) for line in lines):
                    self.counts["other_number"] += 1
                    return None
                return message
        return None

    def _by_biz_id(self, line: Line, biz_id: str) -> Message | None:
        assert line.phone is not None
        return self._index.by_biz_id(line.phone.digits, biz_id)

    def _match_out_id(
        self, lines: Sequence[Line], positions: Sequence[int], out_id: str, *, may_have_biz_id: bool
    ) -> list[Message | None]:
        """Return the messages of the lines at some positions, which have one OutId.

        :param may_have_biz_id: whether receipts with a BizId count
        """
        ours = [lines[position] for position in positions]
        found = self._by_out_id(ours, out_id, without_biz_id=not may_have_biz_id)
        matched, unsure = match_out_ids(ours, [message for message, _ in found])
        self.unsure |= {positions[place] for place in unsure}
        self.counts["ambiguous"] += len(unsure)
        have_line = {id(message) for message in matched}
        for message, entries in found:
            if id(message) in have_line:
                self._index.use(entries)
        return matched

    def _by_out_id(
        self, lines: Sequence[Line], out_id: str, *, without_biz_id: bool
    ) -> list[tuple[Message, list[Entry]]]:
        """Return the messages of an OutId that were sent on the day of its lines; other days may use it again."""
        assert lines[0].phone is not None
        found = self._index.by_out_id(lines[0].phone.digits, out_id, without_biz_id=without_biz_id)
        starts = {day_start(beijing_day(line.sent_at)) for line in lines if line.sent_at is not None}
        starts.add(self._scope.start)

        def may_be(sent_at: datetime) -> bool:
            return any(start - MIDNIGHT_SLACK <= sent_at < start + DAY + MIDNIGHT_SLACK for start in starts)

        return [each for each in found if (sent_at := each[0].deciding.sent_at) is None or may_be(sent_at)]

    def _biz_id(self, line: Line | LineKeys) -> str | None:
        return line.biz_id if self._finds_biz_ids else None

    def _vendors_of(self, message_id: str | None) -> tuple[str, ...]:
        if self._vendor is not None:
            return (self._vendor,)
        is_huawei = message_id is not None and HUAWEI_ID.fullmatch(message_id)
        # Alibaba Cloud signs no push: its receipts must not speak for a message of Huawei, whose pushes may be signed.
        return (HUAWEI,) if is_huawei else (ALIYUN, HUAWEI)

    def count(self, message: Message) -> None:
        """Count the receipts of a message that has a line."""
        self.counts["matched"] += 1
        if message.duplicates:
            self.counts["duplicates"] += message.duplicates
        if message.is_conflicting:
            self.counts["conflicts"] += 1
        if not self.has_time_of_day(message):
            self.counts["other_time"] += 1
        if not is_billed(message.deciding.error_code):
            self.counts["not_billed"] += message.segments or 1
