"""Why lines have no record: what the log and the records show, the likelier cause first.

A wrong account looks like nothing at all. If anything was found, it is something else: an id from the wrong column, a
time zone, one file, one hour.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_dysms.audit.matching.align import TOLERANCE
from airflow_provider_dysms.audit.matching.queries import key_of
from airflow_provider_dysms.model.dates import BEIJING
from airflow_provider_dysms.model.delivery import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import timedelta

    from airflow_provider_dysms.audit.matching.queries import AuditScope
    from airflow_provider_dysms.audit.results import GroupResult
    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.audit.verdict import Verdict

#: A cause is named if it fits this share of the lines without a record.
MIN_SHARE = 0.8

#: So many files are named, at most.
MAX_NAMED = 3

#: A BizId as the service makes it, such as 900619746936498440^0.
BIZ_ID = re.compile(r"[0-9]+\^[0-9]+")

_WORDS = {"message_id": "message id", "biz_id": "BizId", "out_id": "OutId", "sent_at": "time", "": "number alone"}
_HOUR = 3600


class _Kind(NamedTuple):
    """Where a line stands, and what it finds its record by."""

    key: str
    file: str
    hour: int | None


class MissingReasons:
    """Takes note of the lines without a record, and says what they have in common.

    :param scope: what the audit is about
    :param columns: our name -> the log's column, if it was given
    """

    def __init__(self, scope: AuditScope, columns: Mapping[str, str] | None = None) -> None:
        self._scope = scope
        self._columns = columns or {}
        self._missing: Counter[_Kind] = Counter()
        self._repeated: Counter[_Kind] = Counter()
        self._odd: Counter[str] = Counter()  # key -> ids that do not look like one, or look like another
        self._others = 0  # lines to whose number the service has messages that no line tells of
        self._hours_off: Counter[int] = Counter()

    def add(self, outcome: GroupResult) -> None:
        """Take note of a case that was asked."""
        verdicts, told = outcome.verdicts, outcome.told
        for place in outcome.unseen.repeated:
            self._repeated[self._kind(outcome.lines[place])] += 1
        missing = [line for line, verdict in zip(told, verdicts, strict=False) if verdict.state == State.MISSING]
        for line in missing:
            self._add(line, verdicts[len(told) :])

    def _add(self, line: Line, unlogged: Sequence[Verdict]) -> None:
        kind = self._kind(line)
        self._missing[kind] += 1
        if kind.key == "biz_id":
            self._odd["biz_id"] += not BIZ_ID.fullmatch(line.biz_id or "")
        elif kind.key in ("out_id", "message_id"):
            self._odd[kind.key] += bool(BIZ_ID.fullmatch(getattr(line, kind.key)))
        self._others += bool(unlogged)
        if line.sent_at and (times := [verdict.sent_at - line.sent_at for verdict in unlogged if verdict.sent_at]):
            hours = _whole_hours(min(times, key=abs))
            if hours:
                self._hours_off[hours] += 1

    def causes(self, lines: Iterable[Line], *, has_found: bool) -> str:
        """Return the causes that fit, the likelier first, as the end of a sentence.

        :param lines: the whole log
        :param has_found: whether the service has a record of anything that was asked for
        """
        messages = Counter(self._kind(line) for line in lines if line.rejection is None) - self._repeated
        found = messages - self._missing
        causes = [*self._ids(), *self._times(), *self._other_ids(messages)]
        if found:
            causes += [*self._keys(found), *self._files(found), *self._hours(found)]
        if not has_found:
            causes.append("nothing at all was found: a wrong site, account, region or send_date looks like this")
        elif not causes:
            causes.append(
                f"other messages were found ({found.total():,} of {messages.total():,}), so it is neither the account "
                "nor the region: the service may never have accepted these, or another account sent them"
            )
        return "; ".join(causes)

    def _kind(self, line: Line) -> _Kind:
        biz_id, out_id = key_of(line, self._scope)
        if line.message_id is not None:
            key = "message_id"
        else:
            key = "biz_id" if biz_id else "out_id" if out_id else "sent_at" if line.sent_at else ""
        return _Kind(key, line.file, line.sent_at.astimezone(BEIJING).hour if line.sent_at else None)

    def _by(self, field: str, kinds: Counter[_Kind]) -> Counter[object]:
        counts: Counter[object] = Counter()
        for kind, count in kinds.items():
            counts[getattr(kind, field)] += count
        return counts

    def _ids(self) -> Iterable[str]:
        missing = self._by("key", self._missing)
        for key, odd in self._odd.items():
            if not odd or odd < MIN_SHARE * missing[key]:
                continue
            column = self._columns.get(key, key)
            which = f"{odd:,} of the {missing[key]:,} {_WORDS[key]}s without a record"
            if key == "biz_id":
                yield (
                    f"{which} do not look like the service's own, such as 900619746936498440^0: the column {column!r} "
                    "may hold an id of yours; map out_id to it if it was sent as the OutId, else leave biz_id out"
                )
            else:
                yield f"{which} look like BizIds: map biz_id to the column {column!r}"

    def _times(self) -> Iterable[str]:
        for hours, count in self._hours_off.most_common(1):
            if count >= MIN_SHARE * self._missing.total():
                when = "later" if hours > 0 else "earlier"
                yield (
                    f"{count:,} of them have a record {abs(hours)} h {when} than the log says: the times of the log "
                    "may be of another time zone"
                )

    def _other_ids(self, messages: Counter[_Kind]) -> Iterable[str]:
        keys = [_WORDS[str(key)] for key in self._by("key", self._missing) if key in ("biz_id", "out_id")]
        if keys and self._others >= MIN_SHARE * self._missing.total():
            yield (
                f"the service has other messages to the numbers of {self._others:,} of them: the column of the "
                f"{' and the '.join(keys)} may not hold what was sent, or was given, with the message"
            )

    def _keys(self, found: Counter[_Kind]) -> Iterable[str]:
        missing, has = self._by("key", self._missing), self._by("key", found)
        for key, count in missing.items():
            if not has[key] and count >= MIN_SHARE * self._missing.total():
                column = f", column {self._columns.get(str(key), str(key))!r}" if key else ""
                yield (
                    f"none of the {count:,} lines that go by their {_WORDS[str(key)]} has a record{column}, and "
                    f"{has.total():,} that go by something else have one"
                )

    def _files(self, found: Counter[_Kind]) -> Iterable[str]:
        missing, has = self._by("file", self._missing), self._by("file", found)
        whole = {file: count for file, count in missing.items() if not has[file]}
        if whole and sum(whole.values()) >= MIN_SHARE * self._missing.total():
            named = ", ".join(f"{file!a} ({count:,})" for file, count in list(whole.items())[:MAX_NAMED])
            more = f" and {len(whole) - MAX_NAMED} more files" if len(whole) > MAX_NAMED else ""
            yield (
                f"every line of {named}{more} has no record, and lines of other files have: they may be of another "
                "day, account or system"
            )

    def _hours(self, found: Counter[_Kind]) -> Iterable[str]:
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
                f"when {has[hour]:,} others were found, and {has.total() - has[hour]:,} at other hours: look at what "
                "the sender did then"
            )


def _whole_hours(difference: timedelta) -> int:
    """Return the hours that two clocks are apart if it is about a whole number of them, else 0."""
    seconds = difference.total_seconds()
    hours = round(seconds / _HOUR)
    return hours if abs(seconds - hours * _HOUR) <= TOLERANCE.total_seconds() else 0
