"""Counts the requests of a client."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """The numbers of requests, pages and throttled requests so far."""

    requests: int = 0
    pages: int = 0
    throttled: int = 0
