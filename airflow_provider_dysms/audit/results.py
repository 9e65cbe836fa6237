"""The result of auditing one group of lines: its verdicts, and counts that the verdicts do not show."""

from __future__ import annotations

import base64
import zlib
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.audit.verdict import Verdict


class Source(Enum):
    """Where the result of a group comes from."""

    LOG = "a line that cannot be queried"
    ASKED = "queried now"
    RESUMED = "queried by an earlier attempt of the same task"
    COMMITTED = "taken over from the previous audit"
    RECEIPTS = "taken from the receipts that the vendor pushed"
    ERASED = "a person who was erased from the archive"

    # That of Enum is a function in Python, which every group would call twice.
    __hash__ = object.__hash__


class HiddenCounts(NamedTuple):
    """Counts of a group that neither its lines nor its rows show. They are stored in this order.

    :param further_queries: queries beyond those that the lines begin with
    :param ambiguous: records that could as well have gone to another line
    :param edge: records of the day's first ten minutes without a line: they belong to the log of the day before
    :param off_day: records that are dated one day before or after the queried day
    :param repeated: positions, among the lines of the group, of the lines without a verdict, because another line
        stands for the same message
    """

    further_queries: int = 0
    ambiguous: int = 0
    edge: int = 0
    off_day: int = 0
    repeated: tuple[int, ...] = ()


NOTHING_HIDDEN = HiddenCounts()


class GroupResult(msgspec.Struct):
    """The result of auditing one group of lines.

    :param index: the position of the group in the log, from 0
    :param lines: the lines of the group
    :param verdicts: one for each line that is not repeated, in their order, then one for each message without a line.
        If the log is only a list of numbers: one for each record. Verdicts that were not queried now are as in the
        rows: the number may be hashed and the text absent
    :param asked: the number of distinct queries behind it
    :param erased: the number of its messages that are left out, because their person was erased from the archive
    """

    index: int
    lines: list[Line]
    verdicts: list[Verdict]
    source: Source = Source.ASKED
    asked: int = 0
    hidden_counts: HiddenCounts = NOTHING_HIDDEN
    erased: int = 0

    @property
    def distinct_lines(self) -> list[Line]:
        """The lines that have a verdict each, if the log is more than a list of numbers."""
        repeated = set(self.hidden_counts.repeated)
        if not repeated:
            return self.lines
        return [line for position, line in enumerate(self.lines) if position not in repeated]


def with_known_verdicts(result: GroupResult, lines: list[Line], known: Mapping[int, Verdict | None]) -> GroupResult:
    """Return the result of a group of which only some lines were queried.

    :param result: of the lines that were queried
    :param lines: all lines of the group
    :param known: position -> verdict of a line that was not queried; ``None`` if it repeats one of these
    """
    queried = [position for position in range(len(lines)) if position not in known]
    hidden = result.hidden_counts
    repeated = {queried[place] for place in hidden.repeated}
    distinct = [position for position in queried if position not in repeated]
    by_position = {position: verdict for position, verdict in known.items() if verdict is not None}
    by_position |= dict(zip(distinct, result.verdicts, strict=False))
    repeated |= {position for position, verdict in known.items() if verdict is None}
    verdicts = [by_position[position] for position in sorted(by_position)] + result.verdicts[len(distinct) :]
    return GroupResult(
        result.index,
        lines,
        verdicts,
        result.source,
        result.asked,
        hidden._replace(repeated=tuple(sorted(repeated))),
    )


class HiddenCountsPacker:
    """Collects the hidden counts of groups, and packs them as they come: a list of a million would be larger."""

    def __init__(self) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._packed = bytearray()
        self._count = 0

    def add(self, position: int, hidden_counts: HiddenCounts) -> None:
        """Add the hidden counts of a group.

        :param position: of its first row
        """
        self._encoder.encode_into((position, hidden_counts), self._packed, -1)
        self._count += 1

    def text(self) -> str:
        """Return all of them as one text for the manifest, where it may be long and nobody reads it."""
        same_length = self._encoder.encode([None] * self._count)  # begins like every list of this length
        packed = same_length[: len(same_length) - self._count] + self._packed
        return base64.b64encode(zlib.compress(packed, 9)).decode()


_HIDDEN_COUNTS = msgspec.msgpack.Decoder(list[tuple[int, HiddenCounts]])


def unpack_hidden_counts(packed: str) -> dict[int, HiddenCounts]:
    """Return the hidden counts of groups by the position of their first row.

    :param packed: as :meth:`HiddenCountsPacker.text` returned it
    :raises ValueError, zlib.error: it is something else
    """
    return dict(_HIDDEN_COUNTS.decode(zlib.decompress(base64.b64decode(packed))))
