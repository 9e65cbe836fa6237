"""How many of the messages must arrive: ``wait_for`` in any of its forms."""

from __future__ import annotations

import math
from dataclasses import dataclass

from airflow_provider_dysms.api import arguments
from airflow_provider_dysms.api.errors import DysmsInputError, shown


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
        needed, share = arguments.wait_for("wait_for", wait_for)
        if needed is None:
            needed = math.ceil(count * (share or 0) / arguments.ALL)
        if needed > count:
            raise DysmsInputError("wait_for", f"asks for more messages ({shown(needed)}) than are watched ({count})")
        return cls(needed, count)
