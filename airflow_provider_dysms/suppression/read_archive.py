"""Reads the messages of some days of an archive as events, one file at a time and in bounded memory."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.audit.verdict import PHONE_HASH
from airflow_provider_dysms.model.delivery import FAULT_OF_CATEGORY, State
from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError
from airflow_provider_dysms.storage.audited_days.list_days import list_audited_days
from airflow_provider_dysms.storage.day_placeholder import render_day
from airflow_provider_dysms.storage.decoders import RowsUnreadable, format_of, read_rows, schema_of
from airflow_provider_dysms.storage.manifest import was_csv_safe
from airflow_provider_dysms.storage.partition import Partition
from airflow_provider_dysms.suppression.events import DELIVERED, EXCUSED, OPEN, OTHER, Event
from airflow_provider_dysms.suppression.rules import REASON_OF_CATEGORY, UNKNOWN_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.storage.manifest import Manifest

#: How often a day is read while other tasks write it.
MAX_ATTEMPTS = 5

#: States of messages that the service has.
_SENT = frozenset({State.DELIVERED, State.FAILED, State.EXPIRED, State.WAITING, State.UNLOGGED})


@dataclass(slots=True)
class ArchiveReading:
    """The days and messages that were read.

    :param days: that were read
    :param missing_days: that have not been audited
    :param messages: that the service has
    :param unknown_templates: template in no mapping -> messages; an empty text for messages without a template
    """

    days: list[date] = field(default_factory=list)
    missing_days: list[date] = field(default_factory=list)
    messages: int = 0
    unknown_templates: Counter[str] = field(default_factory=Counter)


class ArchiveEvents:
    """Reads days of an archive.

    :param output_uri: the archive
    :param partition: folder of a day below it
    :param template_types: template -> its type; an empty text for messages without a template
    :param hash_with: hashes the numbers of days in clear; ``None`` if the list has them in clear
    :param refuse_hashed: why hashed days cannot be used, a clause; ``None`` if they can
    """

    def __init__(
        self,
        output_uri: str,
        partition: str,
        template_types: Mapping[str, str],
        hash_with: PrivacyKey | None,
        refuse_hashed: str | None,
    ) -> None:
        self.reading = ArchiveReading()
        self._output_uri = output_uri
        self._partition = partition
        self._types = template_types
        self._key = hash_with
        self._refuse_hashed = refuse_hashed
        self._root = Partition.resolve(output_uri, partition="suppression")

    def read(self, days: Sequence[date], now: datetime) -> Iterator[Event]:
        """Yield the events of days.

        :raises DysmsInputError: no day has been audited, or a day is hashed and must not be
        :raises DysmsStorageError: a day cannot be read, or the store does not answer
        """
        audited = list_audited_days(self._output_uri, days, partition=self._partition, now=now)
        for each in audited:
            if each.problem:
                raise DysmsStorageError(f"{each.day} {each.problem}; audit the day again, or leave it out")
        self.reading.days = [each.day for each in audited if each.result is not None]
        self.reading.missing_days = [each.day for each in audited if each.result is None]
        if not self.reading.days:
            raise DysmsInputError("output_uri", f"has no audited day from {days[0]} to {days[-1]}")
        for day in self.reading.days:
            yield from self._events_of(day)

    def _events_of(self, day: date) -> Iterator[Event]:
        root = dataclasses.replace(self._root, name=render_day(self._partition, day, "partition"))
        for _ in range(MAX_ATTEMPTS):
            manifest = root.read_manifest()
            if manifest is None:
                break
            if (file := root.open_data(manifest)) is not None:
                with file:
                    yield from self._events_in(file, manifest, day)
                return
        raise DysmsStorageError(f"{root.name} is not what its manifest says; audit the day again")

    def _events_in(self, file: Any, manifest: Manifest, day: date) -> Iterator[Event]:
        result = manifest["result"]
        try:
            schema = schema_of(result.get("columns") or ())
            number_of = self._numbers_of(schema, result, day)
            rows = read_rows(file, *format_of(result["data"]), schema, csv_safe=was_csv_safe(result))
            places = [list(schema).index(name) for name in ("state", "category", "template_code", "sent_at")]
            for row in rows:
                state, category, template, sent_at = (row[place] for place in places)
                number = number_of(row)
                if state in _SENT and number and sent_at:
                    yield Event(number, self._type_of(template), _outcome(state, category), int(sent_at.timestamp()))
        except (RowsUnreadable, ValueError) as error:
            if isinstance(error, RowsUnreadable):
                raise DysmsStorageError(f"{day} cannot be read: {error}; audit the day again") from None
            raise

    def _numbers_of(self, schema: Mapping[str, type], result: Mapping[str, Any], day: date) -> Any:
        names, key = list(schema), self._key
        if "phone_number" in schema:
            place = names.index("phone_number")
            return partial(_number, place, key)
        if self._refuse_hashed is not None:
            raise DysmsInputError("output_uri", f"has hashed numbers on {day}, and {self._refuse_hashed}")
        hashed_by = (result.get("parameters") or {}).get("hashed_by")
        if key is None or key.for_fingerprint(hashed_by) is None:
            raise DysmsInputError(
                "privacy_secret",
                f"of the connection is not the one that {day} is hashed with (fingerprint {hashed_by}); put that one "
                "into privacy_secret_previous",
            )
        hashed = names.index(PHONE_HASH)
        return lambda row: row[hashed]

    def _type_of(self, template: str | None) -> str:
        self.reading.messages += 1
        found = self._types.get(template or "")
        if found is None:
            self.reading.unknown_templates[template or ""] += 1
        return found or UNKNOWN_TYPE


def _number(place: int, key: PrivacyKey | None, row: Sequence[Any]) -> str | None:
    """Return the number of a row, or its hash; ``None`` for a person who was erased and whose row was kept."""
    number = row[place]
    if number is None or not number.isdigit():
        return None
    return number if key is None else key.phone_hash(number)


def _outcome(state: str, category: str | None) -> str:
    """Return what the outcome of a message says about its number."""
    if state == State.DELIVERED or (state == State.UNLOGGED and category == "delivered"):
        return DELIVERED
    if state == State.WAITING or category in (None, "pending", "delivered"):
        return OTHER if state == State.EXPIRED else OPEN
    if category in REASON_OF_CATEGORY and state != State.EXPIRED:
        return REASON_OF_CATEGORY[category]
    return EXCUSED if FAULT_OF_CATEGORY.get(category) in ("sender", "carrier") else OTHER
