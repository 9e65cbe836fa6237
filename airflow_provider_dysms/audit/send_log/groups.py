"""Puts the lines of a log together that have to be looked at together, without an object for each of a million numbers.

A *case* is all lines of one number, all lines of one message id, or a line that cannot be asked. A dictionary of cases
would need two hundred bytes for each; here every line knows the next one of its case by four.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from airflow_provider_dysms.audit.send_log.lines import ALONE, HASHED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_dysms.audit.send_log.lines import Line, Lines


def groups_of(lines: Lines) -> Iterator[list[Line]]:
    """Yield the lines that belong together, in the order in which the first of each appears."""
    following, follows = _linked(lines)
    for place, line in enumerate(lines):
        if not follows[place]:
            case = [line]
            while place := following[place]:
                case.append(lines[place])
            yield case


def _linked(lines: Lines) -> tuple[array[int], bytearray]:
    """Return for each line the next one of its case, or 0, and whether it is one that follows."""
    keys = lines.keys
    following, follows = array("i", bytes(4 * len(keys))), bytearray(len(keys))
    # A hash table with open addressing, as a dictionary is one: the last line of each case so far, counted from 1.
    mask = (1 << (len(keys) + len(keys) // 2).bit_length()) - 1
    lasts = array("i", bytes(4 * (mask + 1)))
    for line, key in enumerate(keys):
        if key == ALONE:
            continue
        slot, perturbed = key & mask, key
        while last := lasts[slot]:
            if keys[last - 1] == key and (key < HASHED or lines[last - 1].message_id == lines[line].message_id):
                following[last - 1], follows[line] = line, True
                break
            perturbed >>= 5
            slot = (5 * slot + perturbed + 1) & mask
        lasts[slot] = line + 1
    return following, follows
