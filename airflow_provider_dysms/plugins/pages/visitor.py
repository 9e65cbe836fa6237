"""The user who looks at a page, as Airflow knows the user."""

from __future__ import annotations

import msgspec


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """A user who has logged in and may read assets.

    :param user_id: tells users apart
    :param reads_connections: whether the user may read connections, which whole numbers need too
    """

    user_id: str
    reads_connections: bool = False
