"""Explains why lines have no record, from what the log and the records show; the most likely cause comes first.

If the account is wrong, no record at all is found. If any was found, the cause is something else: an id from the wrong
column, a time zone, one file, or one hour.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_dysms.audit.matching.align import TOLERANCE
from airflow_provider_dysms.audit.matching.detail_queries import match_keys
from airflow_provider_dysms.model.dates import BEIJING, DAY, WINDOW_DAYS, day_start
from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.ids import HUAWEI_ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import timedelta

    from airflow_provider_dysms.audit.matching.detail_queries import AuditScope
    from airflow_provider_dysms.audit.results import GroupResult
    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.audit.verdict import Verdict

#: A cause is named if it fits at least this share of the lines without a record.
MIN_SHARE = 0.8

#: Files that are named, at most.
MAX_NAMED = 3

#: The form of the service's BizIds, such as 900619746936498440^0.
BIZ_ID = re.compile(r"[0-9]+\^[0-9]+")

_KEY_NAMES = {"message_id": "message id", "biz_id": "BizId", "out_id": "OutId", "sent_at": "time", "": "number alone"}
_HOUR = 3600


class _LineKey(NamedTuple):
    """The fields that lines are counted by: the match key, the file, and the hour in Beijing."""

    match_key: str
    file: str
    hour: int | None


class MissingReasons:
    """Counts the lines without a record, and says what they have in common.

    :param scope: the scope of the audit
    :param columns: our name -> the log's column; ``None`` if the argument was not given
    :ivar forgotten: lines with a message id that the service may have had, and forgotten before it was asked
    """

    def __init__(self, scope: AuditScope, columns: Mapping[str, str] | None = None) -> None:
        self._scope = scope
        self._columns = columns or {}
        self._missing: Counter[_LineKey] = Counter()
        self._repeated: Counter[_LineKey] = Counter()
        self._odd_ids: Counter[str] = Counter()  # key -> ids that do not look like this key, or look like another key
        self._of_huawei = 0  # message ids that look like those of Huawei
        self._with_unlogged = 0  # lines whose number has messages without a line
        self._hours_off: Counter[int] = Counter()
        self.forgotten = 0

    def add(self, result: GroupResult) -> None:
        """Count the lines of a group that was queried."""
        verdicts, lines = result.verdicts, result.distinct_lines
        for position in result.hidden_counts.repeated:
            self._repeated[self._key(result.lines[position])] += 1
        missing = [line for line, verdict in zip(lines, verdicts, strict=False) if verdict.state == State.MISSING]
        for line in missing:
            self._add(line, verdicts[len(lines) :])

    def _add(self, line: Line, unlogged: Sequence[Verdict]) -> None:
        key = self._key(line)
        self._missing[key] += 1
        if key.match_key == "biz_id":
            self._odd_ids["biz_id"] += not BIZ_ID.fullmatch(line.biz_id or "")
        elif key.match_key in ("out_id", "message_id"):
            self._odd_ids[key.match_key] += bool(BIZ_ID.fullmatch(getattr(line, key.match_key)))
        if key.match_key == "message_id":
            self._of_huawei += bool(HUAWEI_ID.fullmatch(line.message_id or ""))
            # Details are forgotten day by day, message ids one by one.
            sent_at = line.sent_at or day_start(self._scope.send_date)
            self.forgotten += self._scope.as_of - sent_at > WINDOW_DAYS * DAY
        self._with_unlogged += bool(unlogged)
        if line.sent_at and (times := [verdict.sent_at - line.sent_at for verdict in unlogged if verdict.sent_at]):
            hours = _whole_hours(min(times, key=abs))
            if hours:
                self._hours_off[hours] += 1

    def causes(self, lines: Iterable[Line], *, has_found: bool) -> str:
        """Return the causes that fit, the most likely first, as the end of a sentence.

        :param lines: the whole log
        :param has_found: whether the service has any record for the queries of the audit
        """
        messages = Counter(self._key(line) for line in lines if line.rejection is None) - self._repeated
        found = messages - self._missing
        causes = [*self._forgotten(), *self._ids(), *self._times(), *self._other_ids(messages)]
        if found:
            causes += [*self._keys(found), *self._files(found), *self._hours(found)]
        if not has_found:
            causes.append("no record at all was found: a wrong site, account, region or send_date looks like this")
        elif not causes:
            causes.append(
                f"others were found ({found.total():,} of {messages.total():,}), so account and region are right: "
                "the service may never have accepted the missing ones, or another account sent them"
            )
        return "; ".join(causes)

    def _key(self, line: Line) -> _LineKey:
        biz_id, out_id = match_keys(line, self._scope)
        if line.message_id is not None:
            name = "message_id"
        else:
            name = "biz_id" if biz_id else "out_id" if out_id else "sent_at" if line.sent_at else ""
        return _LineKey(name, line.file, line.sent_at.astimezone(BEIJING).hour if line.sent_at else None)

    def _by(self, field: str, lines: Counter[_LineKey]) -> Counter[object]:
        counts: Counter[object] = Counter()
        for key, count in lines.items():
            counts[getattr(key, field)] += count
        return counts

    def _forgotten(self) -> Iterable[str]:
        if self.forgotten >= MIN_SHARE * self._missing.total():
            yield (
                f"{self.forgotten:,} of them have a message id and were sent more than {WINDOW_DAYS} days before the "
                "audit: the service may have forgotten them; audit a day before its last one"
            )

    def _ids(self) -> Iterable[str]:
        missing = self._by("match_key", self._missing)
        for key, odd in self._odd_ids.items():
            if not odd or odd < MIN_SHARE * missing[key]:
                continue
            column = self._columns.get(key, key)
            which = f"{odd:,} of the {missing[key]:,} {_KEY_NAMES[key]}s of lines without a record"
            if key == "biz_id":
                yield (
                    f"{which} do not look like BizIds of the service, such as 900619746936498440^0: the column "
                    f"{column!r} may contain an id of your own; map out_id to it if you sent it as the OutId, "
                    "otherwise do not map biz_id"
                )
            else:
                yield f"{which} look like BizIds; map biz_id to the column {column!r}"
        if self._of_huawei and self._of_huawei >= MIN_SHARE * missing["message_id"]:
            yield (
                f"{self._of_huawei:,} of the {missing['message_id']:,} message ids of lines without a record look like "
                "those of Huawei, which cannot be queried: use DysmsReceiptsToObjectStorageOperator for them"
            )

    def _times(self) -> Iterable[str]:
        for hours, count in self._hours_off.most_common(1):
            if count >= MIN_SHARE * self._missing.total():
                when = "later" if hours > 0 else "earlier"
                yield (
                    f"{count:,} of them have a record {abs(hours)} h {when} than the log says, so the times of the log "
                    "may be in another time zone; set timezone"
                )

    def _other_ids(self, messages: Counter[_LineKey]) -> Iterable[str]:
        keys = [_KEY_NAMES[str(key)] for key in self._by("match_key", self._missing) if key in ("biz_id", "out_id")]
        if keys and self._with_unlogged >= MIN_SHARE * self._missing.total():
            yield (
                f"for the numbers of {self._with_unlogged:,} of them the service has other messages, so the column of "
                f"the {' and the '.join(keys)} may contain other ids than those of the messages"
            )

    def _keys(self, found: Counter[_LineKey]) -> Iterable[str]:
        missing, has = self._by("match_key", self._missing), self._by("match_key", found)
        for key, count in missing.items():
            if not has[key] and count >= MIN_SHARE * self._missing.total():
                column = f", column {self._columns.get(str(key), str(key))!r}" if key else ""
                yield (
                    f"none of the {count:,} lines that are matched by {_KEY_NAMES[str(key)]}{column} has a record, but "
                    f"{has.total():,} lines that are matched by another key have one"
                )

    def _files(self, found: Counter[_LineKey]) -> Iterable[str]:
        missing, has = self._by("file", self._missing), self._by("file", found)
        whole = {file: count for file, count in missing.items() if not has[file]}
        if whole and sum(whole.values()) >= MIN_SHARE * self._missing.total():
            named = ", ".join(f"{file!a} ({count:,})" for file, count in list(whole.items())[:MAX_NAMED])
            more = f" and {len(whole) - MAX_NAMED} more files" if len(whole) > MAX_NAMED else ""
            yield (
                f"no line of {named}{more} has a record, but lines of other files have: these files may be of another "
                "day, account or system"
            )

    def _hours(self, found: Counter[_LineKey]) -> Iterable[str]:
        missing, has = self._by("hour", self._missing), self._by("hour", found)
        ((hour, count),) = missing.most_common(1)
        if (
            isinstance(hour, int)
            and count > 1
            and count >= MIN_SHARE * self._missing.total()
            and has.total() > has[hour]
        ):
            yield (
                f"{count:,} of the {self._missing.total():,} were sent between {hour}:00 and {hour + 1}:00 in Beijing, "
                f"but only {has[hour]:,} of the {has.total():,} lines with a record; check what the sender did then"
            )


def _whole_hours(difference: timedelta) -> int:
    """Return the hours between two clocks if the difference is about a whole number of hours, otherwise 0."""
    seconds = difference.total_seconds()
    hours = round(seconds / _HOUR)
    return hours if abs(seconds - hours * _HOUR) <= TOLERANCE.total_seconds() else 0
