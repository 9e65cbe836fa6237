"""The states of a folder while something works in it: what a kill at that moment leaves.

A killed process takes nothing back: its files are as they were at the last call. So one run that notes the folder
before each of its calls gives the states of all kills, and those between which nothing has changed are one.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

#: Content by key; ``None``: an empty folder.
State = Mapping[str, bytes | None]

#: What has changed since the state before; a key without a content is gone.
Changes = dict[str, str | None]

#: Ends the key of an empty folder.
EMPTY = "/."

#: Verbs of boundaries that change nothing.
LOOKS = {"open", "read", "scan"}

_RANDOM = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)|(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])")


class StateRecorder:
    """Notes the changes of a folder, in the process that works in it.

    :param folder: it is read with calls that must not be boundaries
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[int, int, int]] = {}
        self._unfinished: dict[str, str] = {}
        self._only_looks = False
        #: Number of the first boundary before which the folder was so, and what has changed.
        self.changes: list[tuple[int, Changes]] = []

    def note(self, number: int, name: str) -> None:
        """Note what has changed since the last call.

        :param number: of the boundary that is next
        :param name: of it; nothing changes between two that only look
        """
        may_have_changed, self._only_looks = not self._only_looks, name.partition(" ")[0] in LOOKS
        if not may_have_changed:
            return
        found = dict(self._stats())
        gone: Changes = dict.fromkeys(self._known.keys() - found.keys())
        changed: Changes = {
            key: "" if key.endswith(EMPTY) else (self._folder / key).read_bytes().decode("latin-1")
            for key, stat in found.items()
            if self._known.get(key) != stat or _is_unfinished(key)
        }
        # Such a file may be written twice within the resolution of the clock.
        unfinished = {key: text for key, text in changed.items() if text is not None and _is_unfinished(key)}
        for key in self._unfinished.items() & unfinished.items():
            del changed[key[0]]
        self._unfinished = unfinished
        self._known = found
        if gone or changed:
            self.changes.append((number, gone | changed))

    def _stats(self) -> Iterator[tuple[str, tuple[int, int, int]]]:
        for at, folders, files in os.walk(self._folder):
            for name in files or ["."][len(folders) :]:
                path = os.path.join(at, name)
                stat = os.stat(path)
                unique = (0, 0, 0) if name == "." else (stat.st_ino, stat.st_mtime_ns, stat.st_size)
                yield f"{os.path.relpath(at, self._folder)}/{name}", unique


def _is_unfinished(key: str) -> bool:
    return os.path.basename(key).startswith(".") and not key.endswith(EMPTY)


def states(changes: list[tuple[int, Changes]]) -> Iterator[tuple[int, State]]:
    """Yield the first boundary of each state, and the state."""
    state: dict[str, bytes | None] = {}
    for number, each in changes:
        for key, text in each.items():
            if text is None:
                state.pop(key, None)
            else:
                state[key] = None if key.endswith(EMPTY) else text.encode("latin-1")
        yield number, dict(state)


def state_of(folder: Path) -> State:
    """Return the state that a folder has now."""
    recorder = StateRecorder(folder)
    recorder.note(0, "")
    return dict(states(recorder.changes)).get(0, {})


def put_state(folder: Path, state: State) -> None:
    """Put a folder into a state."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for key, content in state.items():
        path = folder / key.removesuffix(EMPTY)
        if content is None:
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def without_chance(state: State) -> State:
    """Return a state without what differs in each run: ids and times."""
    return {
        _RANDOM.sub(b"0", key.encode()).decode(): content and _RANDOM.sub(b"0", content)
        for key, content in state.items()
    }
