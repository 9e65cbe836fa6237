"""The OutId of a send: the user's own, or one that follows from the place of the task and from what is sent."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OutId:
    """An id by which the service is asked for a send.

    :param text: the id
    :param task: what the ids of all sends of the task in this run begin with; ``None`` for an id of the user's
    :param messages: what the ids of all sends of this message by the task begin with, at whatever position
    :param older: the id that an older release made for the same task instance
    """

    text: str
    task: str | None = None
    messages: tuple[str, ...] = ()
    older: str | None = None

    @property
    def is_made(self) -> bool:
        """Whether it is ours."""
        return self.task is not None

    def fits(self, out_id: str | None, *, anywhere: bool) -> bool:
        """Say whether a record has this id.

        :param out_id: of the record
        :param anywhere: whether it is as good if another position of the task, or an older release, made it
        """
        if out_id is None:
            return False
        if anywhere and (out_id == self.older or any(_begins(out_id, message) for message in self.messages)):
            return True
        return out_id == self.text

    def is_of_task(self, out_id: str | None) -> bool:
        """Say whether an id is of the same task in the same run, whatever it sent."""
        return self.task is not None and out_id is not None and _begins(out_id, self.task)


def made(ti: Any, content: tuple[str, ...]) -> OutId:
    """Return the id of a task instance that sends a message: the same in every try.

    :param content: digests of whom it is for and what they are told, the current one first
    """
    place = [ti.dag_id, ti.run_id, ti.task_id]
    position = -1 if ti.map_index is None else ti.map_index
    name = re.sub(r"[^\w.-]+", "-", f"{ti.dag_id}.{ti.task_id}", flags=re.ASCII)[:64]
    task = f"{name}-{_digest(place)[:16]}"
    messages = tuple(f"{task}-{each}" for each in content)
    return OutId(
        text=messages[0] if position < 0 else f"{messages[0]}-{position}",
        task=task,
        messages=messages,
        # At a position of a map it may be of another message.
        older=f"{name}-{_digest([*place, position])[:24]}" if position < 0 else None,
    )


def _begins(out_id: str, start: str) -> bool:
    return out_id == start or out_id.startswith(f"{start}-")


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
