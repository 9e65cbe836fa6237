"""A reader that looks on while exports are made, killed and made again."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from fnmatch import fnmatch

from support.crash.places import Place

#: Content by key.
Files = Mapping[str, bytes]


class Reader(threading.Thread):
    """Lists and reads what a glob finds, again and again, and keeps every state that it saw.

    :param pattern: such as ``day=*/part-*.csv``
    """

    def __init__(self, place: Place, pattern: str) -> None:
        super().__init__()
        self._place = place
        self._pattern = pattern
        self._folder = pattern.split("*")[0].rpartition("/")[0]
        self._end = threading.Event()
        self._failure: Exception | None = None
        self.seen: list[Files] = []
        self.looks = 0

    def look(self) -> Files:
        """Read all there is now; a file that goes between the listing and the reading is gone."""
        found = {key: self._place.get(key) for key in self._place.keys(self._folder) if fnmatch(key, self._pattern)}
        return {key: content for key, content in found.items() if content is not None}

    def run(self) -> None:
        try:
            while not self._end.is_set():
                state = self.look()
                if state not in self.seen:
                    self.seen.append(state)
                self.looks += 1
                time.sleep(self._place.pause)
        except Exception as error:
            self._failure = error

    def __enter__(self) -> Reader:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self.join()
        if self._failure:
            raise self._failure
