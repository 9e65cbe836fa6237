"""Puts the lines of a log together that have to be looked at together, without an object for each of a million numbers.

A *case* is all lines of one number, all lines of one message id, or a line that cannot be asked. A dictionary of cases
would need two hundred bytes for each; here every line knows the next one of its case by four.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_dysms.audit.lines import Line

#: The key of a line that belongs to no other.
_ALONE = 0

#: Digits of a number are a key as they stand. From here on a key is a hash, of a message id, and equal ones may differ.
_HASHED = 1 << 62


def cases_of(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Yield the lines that belong together, in the order in which the first of each appears."""
    following, follows = _linked(lines)
    for place, line in enumerate(lines):
        if not follows[place]:
            case = [line]
            while place := following[place]:
                case.append(lines[place])
            yield case


def _linked(lines: Sequence[Line]) -> tuple[array[int], bytearray]:
    """Return for each line the next one of its case, or 0, and whether it is one that follows."""
    keys = array("q", map(_key, lines))
    following, follows = array("i", bytes(4 * len(keys))), bytearray(len(keys))
    # A hash table with open addressing, as a dictionary is one: the last line of each case so far, counted from 1.
    mask = (1 << (len(keys) + len(keys) // 2).bit_length()) - 1
    lasts = array("i", bytes(4 * (mask + 1)))
    for line, key in enumerate(keys):
        if key == _ALONE:
            continue
        slot, perturbed = key & mask, key
        while last := lasts[slot]:
            if keys[last - 1] == key and (key < _HASHED or lines[last - 1].message_id == lines[line].message_id):
                following[last - 1], follows[line] = line, True
                break
            perturbed >>= 5
            slot = (5 * slot + perturbed + 1) & mask
        lasts[slot] = line + 1
    return following, follows


def _key(line: Line) -> int:
    if line.rejection is not None:
        return _ALONE
    if line.message_id is not None:
        return hash(line.message_id) % _HASHED + _HASHED
    return int(line.phone.digits) if line.phone else _ALONE
