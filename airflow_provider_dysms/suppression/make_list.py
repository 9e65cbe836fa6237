"""Makes a suppression list from some days of an archive and the list before it."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.model.dates import DAY, day_start, iso_utc
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.suppression.entries import Entry, entries_of, expiry, merged, row_of
from airflow_provider_dysms.suppression.events import Events
from airflow_provider_dysms.suppression.list_file import columns, open_list, read_list
from airflow_provider_dysms.suppression.pumping import find_pumping
from airflow_provider_dysms.suppression.read_archive import ArchiveEvents
from airflow_provider_dysms.suppression.rules import MANY_IN_AN_HOUR, PREFIX_UNDELIVERED, SuppressionRules
from airflow_provider_dysms.suppression.stopped_numbers import StoppedNumbers
from airflow_provider_dysms.temporary_database import open_temporary_database

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.storage.manifest import Manifest

#: Templates without a type, and days without an audit, that a result names.
MAX_NAMED = 50

_PUMPING = (MANY_IN_AN_HOUR, PREFIX_UNDELIVERED)


class Previous:
    """The entries of the list before this one, on disk, by number."""

    def __init__(self, entries: Iterator[Entry]) -> None:
        self._database = open_temporary_database()
        self._database.execute("CREATE TABLE previous (number TEXT, content BLOB)")
        encode = msgspec.msgpack.Encoder().encode
        self._database.execute("BEGIN")
        self._database.executemany(
            "INSERT INTO previous VALUES (?, ?)", ((each.phone_number, encode(each)) for each in entries)
        )
        self._database.execute("COMMIT")
        self._database.execute("CREATE INDEX by_number ON previous (number)")
        self._decode = msgspec.msgpack.Decoder(Entry).decode

    def close(self) -> None:
        """End the database."""
        self._database.close()

    def numbers(self) -> Iterator[str]:
        """Yield each number."""
        return (number for (number,) in self._database.execute("SELECT DISTINCT number FROM previous ORDER BY number"))

    def of(self, number: str) -> list[Entry]:
        """Return the entries of a number."""
        found = self._database.execute("SELECT content FROM previous WHERE number = ? ORDER BY content", (number,))
        return [self._decode(content) for (content,) in found]


def make_list(
    output_uri: str,
    suppression_uri: str,
    *,
    through: date,
    days: int,
    template_types: Mapping[str, str],
    rules: SuppressionRules,
    pumping: str,
    key: PrivacyKey | None,
    partition: str,
    file_format: str,
    compression: str | None,
    now: datetime,
) -> Manifest:
    """Write the suppression list, and return its manifest.

    :param output_uri: the archive
    :param suppression_uri: folder of the list
    :param through: the last Beijing day that is read; entries that have expired at its end are left out
    :param days: number of days that are read
    :param template_types: template -> ``code``, ``notice`` or ``promotion``; an empty text for messages without one
    :param pumping: ``off``, ``report`` or ``suppress``
    :param key: hashes the numbers; ``None`` to have them in clear
    :param partition: folder of a day below ``output_uri``
    :param now: the current instant
    :raises DysmsInputError: an argument cannot be used, or the archive does not fit it; nothing was written
    :raises DysmsStorageError: a day cannot be read, or the store does not answer
    """
    target = open_list(suppression_uri, file_format=file_format, compression=compression)
    target.probe()
    refuse_hashed = (
        "pumping needs numbers in clear: prefixes cannot be read from hashes; use pumping='off'"
        if pumping != "off"
        else None
        if key is not None
        else "a list in clear cannot be made of hashes; use phone='hashed'"
    )
    archive = ArchiveEvents(output_uri, partition, template_types, key, refuse_hashed)
    as_of = day_start(through) + DAY
    span = [through - timedelta(days=before) for before in reversed(range(days))]
    with (
        Events() as events,
        closing(Previous(_previous(suppression_uri, key))) as previous,
        target.open_spool(columns(hashed=key is not None)) as spool,
    ):
        events.add(archive.read(span, now))
        counts: Counter[str] = Counter()
        stopped = StoppedNumbers()
        for entry in _entries(events, previous, rules, pumping, as_of):
            spool.write([row_of(entry)])
            counts[entry.reason] += 1
            stopped.add(entry)
        reading = archive.reading
        result = {
            "suppression": {
                "through": through.isoformat(),
                "as_of": iso_utc(as_of),
                "days": len(reading.days),
                "missing_days": [day.isoformat() for day in reading.missing_days[:MAX_NAMED]],
                "messages": reading.messages,
                "entries": dict(sorted(counts.items())),
                "stopped": dict(sorted(stopped.by_reason.items())),
                "unknown_templates": dict(reading.unknown_templates.most_common(MAX_NAMED)),
                "template_types": dict(template_types),
                "pumping": pumping,
                "rules": {name: getattr(rules, name) for name in rules.__slots__},
            },
            "parameters": {"hashed_by": key.fingerprint if key else None, "compression": compression},
        }
        return target.commit(spool, result, dict(target.uris))


def _previous(suppression_uri: str, key: PrivacyKey | None) -> Iterator[Entry]:
    """Yield the entries of the list before this one, if its numbers have the same form."""

    def check(result: Mapping[str, Any]) -> None:
        if (result["parameters"].get("hashed_by") is None) != (key is None):
            raise DysmsInputError(
                "phone",
                "differs from that of the list that is there, whose entries would be lost; use another suppression_uri",
            )

    if found := read_list(open_list(suppression_uri), check):
        yield from found[1]


def _entries(
    events: Events, previous: Previous, rules: SuppressionRules, pumping: str, as_of: datetime
) -> Iterator[Entry]:
    """Yield the entries of the new list: those about failures by number, then those about pumping."""
    remaining = iter(previous.numbers())
    waiting = next(remaining, None)
    for number, messages in events.by_number(previous.numbers()):
        while waiting is not None and waiting < number:  # a number without a message on these days
            yield from _of(waiting, (), previous, rules, as_of)
            waiting = next(remaining, None)
        if waiting == number:
            waiting = next(remaining, None)
        yield from _of(number, messages, previous, rules, as_of)
    while waiting is not None:
        yield from _of(waiting, (), previous, rules, as_of)
        waiting = next(remaining, None)
    if pumping != "off":
        yield from _pumping(events, previous, rules, as_of, is_applied=pumping == "suppress")


def _of(number: str, messages: Any, previous: Previous, rules: SuppressionRules, as_of: datetime) -> list[Entry]:
    earlier = [each for each in previous.of(number) if each.reason not in _PUMPING]
    return entries_of(number, messages, earlier, rules, as_of)


def _pumping(
    events: Events, previous: Previous, rules: SuppressionRules, as_of: datetime, *, is_applied: bool
) -> Iterator[Entry]:
    found = {(entry.match, entry.phone_number): entry for entry in find_pumping(events, rules, is_applied=is_applied)}
    for number in previous.numbers():
        for entry in previous.of(number):
            if entry.reason in _PUMPING:
                place = (entry.match, entry.phone_number)
                entry = msgspec.structs.replace(entry, is_applied=is_applied)
                found[place] = merged(entry, found[place]) if place in found else entry
    for _, entry in sorted(found.items()):
        if expiry(entry.last_seen, entry.reason, rules) > as_of:
            yield entry
