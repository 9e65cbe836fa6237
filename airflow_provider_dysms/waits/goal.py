"""Reads ``wait_for``: how many of the messages must arrive."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import safe_repr

#: 100 % in thousandths of a percent: with whole numbers, 95 % of 20 are 19 and not 19.000000000000004.
ALL = 100_000

_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?) ?%")


def parse_wait_for(argument: str, value: object) -> tuple[int | None, int | None]:
    """Check how many messages must arrive: ``"all"``, ``"any"``, a number, or a share such as ``"95%"``.

    :returns: a number of messages and ``None``, or ``None`` and a share in thousandths of a percent
    """
    needed = share = None
    if isinstance(value, int) and not isinstance(value, bool):
        needed = value
    elif isinstance(value, str):
        text = value.strip().lower()
        if text in ("all", "any"):
            needed, share = (1, None) if text == "any" else (None, ALL)
        elif percent := _PERCENT.fullmatch(text):
            share = round(float(percent[1]) * 1000)
        elif text.isascii() and text.isdigit() and len(text) < 10:  # a number that a template rendered
            needed = int(text)
    if (needed is None or needed < 1) and (share is None or not 0 < share <= ALL):
        forms = "'all', 'any', a number of messages from 1, or a share such as '95%'"
        raise DysmsInputError(argument, f"must be {forms}, not {safe_repr(value)}")
    return needed, share


@dataclass(frozen=True, slots=True)
class Goal:
    """How many messages must arrive, of how many.

    :param needed: how many must be delivered, at least 1
    :param count: how many are watched
    """

    needed: int
    count: int

    @classmethod
    def parse(cls, wait_for: object, count: int) -> Goal:
        """Read ``wait_for`` for a number of messages.

        :param wait_for: ``"all"``, ``"any"``, a number of messages, or a share such as ``"95%"`` (rounded up)
        :param count: how many messages are watched
        :raises DysmsInputError: it has none of these forms, or asks for more messages than are watched
        """
        needed, share = parse_wait_for("wait_for", wait_for)
        if needed is None:
            needed = math.ceil(count * (share or 0) / ALL)
        if needed > count:
            raise DysmsInputError(
                "wait_for", f"asks for more messages ({safe_repr(needed)}) than are watched ({count})"
            )
        return cls(needed, count)
