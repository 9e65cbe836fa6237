"""The people whose rows are erased: which cells of a row are about them, and what replaces these."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.audit.verdict import PHONE_HASH
from airflow_provider_dysms.model.phone_numbers.number import FULL_WIDTH_DIGITS, MOBILE
from airflow_provider_dysms.model.phone_numbers.redaction import REDACTED, redact_number, whole_number_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_provider_dysms.model.choices import Erasure
    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.storage.decoders import Row

#: Texts that the service makes: digits in them are not a number of a person.
_NOT_SEARCHED = frozenset(
    {"country", "biz_id", "message_id", "template_code", "state", "category", "fault", "vendor", "phone_number"}
    | {PHONE_HASH}
)

#: Hex digits of a hash. A number has at most 15 digits.
HASH_LENGTH = 64

_NUMBER_OR_HASH = re.compile(rf"[0-9]+|[0-9a-f]{{{HASH_LENGTH}}}", re.ASCII)

_PREFIX = re.compile("^(?:00)?(?:86)?", re.ASCII)

#: Groups of digits of a cell that are looked at.
_MAX_GROUPS = 12

#: Digits at the end of a number by which a row is chosen for a closer look.
_TAIL = 8

# What may stand between the digits of a number; an empty text ends the cells of a row.
_COMPACT: Mapping[int, str | None] = {**FULL_WIDTH_DIGITS, **dict.fromkeys(map(ord, " \t().-\u00a0"), None)} | dict(
    dict.fromkeys(range(0x2010, 0x2016), None)
)


class People:
    """The people who are erased, by their numbers; ``repr`` shows none.

    :param phone_numbers: as the API takes them
    :param key: of the connection's ``privacy_secret``
    """

    def __init__(self, phone_numbers: Sequence[str], key: PrivacyKey) -> None:
        self.key = key
        self._numbers = sorted(set(phone_numbers))
        self._cells = {cell: number for number in self._numbers for cell in _cells_of(number, key)}
        self._tails = [number[-_TAIL:] for number in self._numbers]
        self._patterns = {number: whole_number_pattern(number) for number in self._numbers}

    def __repr__(self) -> str:
        return f"People({len(self)})"

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def digests(self) -> list[str]:
        """The digests of the numbers in the record of the erasure, sorted."""
        return sorted(map(self.key.erasure_digest, self._numbers))

    def owner_of(self, cell: str | None) -> str | None:
        """Return the number of the person to whom a row belongs; ``None`` if it is somebody else's.

        :param cell: the number of the row, plain or hashed; a line that could not be queried has it as in its log
        """
        if cell is None:
            return None
        if (number := self._cells.get(cell)) is not None or _NUMBER_OR_HASH.fullmatch(cell):
            return number
        return next((self._cells[number] for number in numbers_in(cell) if number in self._cells), None)

    def may_be_in(self, texts: Sequence[str]) -> bool:
        """Return whether one of some texts may have a number in it; false is certain."""
        compact = "|".join(texts).translate(_COMPACT)
        return any(tail in compact for tail in self._tails)

    def redact(self, text: str, owner: str | None) -> str:
        """Return a text of a row without the numbers of the people.

        :param owner: the person to whom the row belongs: of this number the last digits are enough
        """
        if owner is not None:
            text = redact_number(text, owner)
        for pattern in self._patterns.values():
            text = pattern.sub(REDACTED, text)
        return text


class RowEraser:
    """Erases people from the rows of one file, and counts.

    :param schema: column -> type
    :param mode: what becomes of the rows of the people
    :param key: the key of the numbers that stay as hashes
    """

    def __init__(self, people: People, schema: Mapping[str, type], mode: Erasure, key: PrivacyKey) -> None:
        self.rows = 0
        self.cells = 0
        self._people = people
        self._removes = mode == "remove"
        self._key = key
        names = list(schema)
        self._number = next((names.index(name) for name in ("phone_number", PHONE_HASH) if name in schema), None)
        self._texts = text_places(schema)

    def erase(self, row: Row) -> Row | None:
        """Return a row without the people; ``None`` if it is removed."""
        owner = None if self._number is None else self._people.owner_of(row[self._number])
        if owner is not None and self._removes:
            self.rows += 1
            return None
        erased = row if owner is None else self._with_hash(row, owner)
        if self._people.may_be_in([text for place in self._texts if (text := row[place])]):
            erased = self._without_numbers(erased, owner)
        return erased

    def _with_hash(self, row: Row, owner: str) -> Row:
        assert self._number is not None
        if len(row[self._number]) == HASH_LENGTH:  # it is one already
            return row
        self.rows += 1
        return (*row[: self._number], self._key.phone_hash(owner), *row[self._number + 1 :])

    def _without_numbers(self, row: Row, owner: str | None) -> Row:
        cells: list[Any] = list(row)
        for place in self._texts:
            if cells[place]:
                cells[place] = self._people.redact(cells[place], owner)
        self.cells += sum(ours != theirs for ours, theirs in zip(cells, row, strict=True))
        return tuple(cells)


def text_places(schema: Mapping[str, type]) -> list[int]:
    """Return the places of the columns in whose texts numbers are looked for.

    :param schema: column -> type
    """
    return [place for place, (name, kind) in enumerate(schema.items()) if kind is str and name not in _NOT_SEARCHED]


def without_prefixes(digits: str) -> set[str]:
    """Return the numbers that digits may mean, as the API takes them."""
    return {digits, digits.removeprefix("00"), _PREFIX.sub("", digits)}


def numbers_in(cell: str) -> set[str]:
    """Return the numbers that a cell may mean, as the API takes them: a rejected line has its number as in the log."""
    if cell.isascii() and cell.isdigit():
        return without_prefixes(cell)
    groups = re.findall("[0-9]+", cell.translate(FULL_WIDTH_DIGITS))[:_MAX_GROUPS]
    slices = {"".join(groups[start:end]) for start in range(len(groups)) for end in range(start + 1, len(groups) + 1)}
    return {number for digits in slices for number in without_prefixes(digits)}


def _cells_of(number: str, key: PrivacyKey) -> Iterator[str]:
    """Yield what the column of numbers may have for a person: the number, and its hashes.

    A line that could not be queried is hashed as it was written; of its spellings the usual ones are known.
    """
    is_mainland = MOBILE.fullmatch(number) is not None
    spellings = [number, f"+{number}", f"00{number}"]
    spellings += [f"{prefix}{number}" for prefix in ("86", "+86", "0086", "+86 ")] if is_mainland else []
    yield from spellings
    each: PrivacyKey | None = key
    while each is not None:
        yield from map(each.phone_hash, spellings)
        each = each.previous
