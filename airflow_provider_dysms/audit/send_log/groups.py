"""Groups the lines of a send log that are audited together, without one object per group in memory.

A *group* is all lines of one number, all lines of one message id, or a single line that cannot be queried. A dictionary
of groups would need two hundred bytes per group. Here, each line points to the next line of its group in four bytes.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from airflow_provider_dysms.audit.send_log.lines import MIN_HASH, UNGROUPED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_dysms.audit.send_log.lines import Line, Lines


def group_lines(lines: Lines) -> Iterator[list[Line]]:
    """Yield the lines of each group, in the order in which their first lines appear."""
    next_lines, is_follower = _link(lines)
    for position, line in enumerate(lines):
        if not is_follower[position]:
            group = [line]
            while position := next_lines[position]:
                group.append(lines[position])
            yield group


def _link(lines: Lines) -> tuple[array[int], bytearray]:
    """Return the next line of the same group for each line, or 0, and whether the line follows another line."""
    keys = lines.keys
    next_lines, is_follower = array("i", bytes(4 * len(keys))), bytearray(len(keys))
    # A hash table with open addressing, as in a dictionary. It keeps the last line of each group, counted from 1.
    mask = (1 << (len(keys) + len(keys) // 2).bit_length()) - 1
    lasts = array("i", bytes(4 * (mask + 1)))
    for line, key in enumerate(keys):
        if key == UNGROUPED:
            continue
        slot, perturbed = key & mask, key
        while last := lasts[slot]:
            if keys[last - 1] == key and (key < MIN_HASH or lines[last - 1].message_id == lines[line].message_id):
                next_lines[last - 1], is_follower[line] = line, True
                break
            perturbed >>= 5
            slot = (5 * slot + perturbed + 1) & mask
        lasts[slot] = line + 1
    return next_lines, is_follower
