"""How many of the messages must arrive: ``wait_for`` in any of its forms."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from airflow_provider_dysms.api.errors import DysmsInputError, shown

_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?) ?%")


@dataclass(frozen=True, slots=True)
class Goal:
    """So many of so many messages.

    :param needed: how many must be delivered, at least 1
    :param count: how many are watched
    """

    needed: int
    count: int

    @classmethod
    def parse(cls, wait_for: object, count: int) -> Goal:
        """Read ``wait_for``.

        :param wait_for: ``"all"``, ``"any"``, a number of messages, or a share such as ``"95%"`` (rounded up)
        :param count: how many messages are watched
        :raises DysmsInputError: it is none of these, or more than there are messages
        """
        needed = None
        if isinstance(wait_for, int) and not isinstance(wait_for, bool):
            needed = wait_for
        elif isinstance(wait_for, str):
            text = wait_for.strip().lower()
            if text in ("all", "any"):
                needed = count if text == "all" else 1
            elif percent := _PERCENT.fullmatch(text):
                # In thousandths of a percent: 95 % of 20 are 19, and no float says 19.000000000000004.
                thousandths = round(float(percent[1]) * 1000)
                needed = math.ceil(count * thousandths / 100_000) if 0 < thousandths <= 100_000 else None
            elif text.isascii() and text.isdigit() and len(text) < 10:  # what a template leaves of a number
                needed = int(text)
        if needed is None or needed < 1:
            raise DysmsInputError(
                "wait_for",
                f"is 'all', 'any', a number of messages from 1, or a share such as '95%', not {shown(wait_for)}",
            )
        if needed > count:
            raise DysmsInputError("wait_for", f"asks for more messages ({shown(needed)}) than are watched ({count})")
        return cls(needed, count)
