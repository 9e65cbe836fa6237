"""The bounds of a query of a page."""

from __future__ import annotations

import msgspec

#: Characters of a result, as JSON.
MAX_RESULT_BYTES = 16 * 2**20

#: Queries that run at the same time in one process of the API server.
MAX_QUERIES = 4


class QueryLimits(msgspec.Struct, frozen=True):
    """The bounds of one query.

    :param seconds: after this time its process is killed
    :param megabytes: a process that holds more memory is killed
    """

    seconds: float = 30.0
    megabytes: int = 1024
