"""Makes the OutId of a send from the task and the message, so that every attempt of the task has the same one."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_dysms.operators.send_once.task_attempt import TaskAttempt


@dataclass(frozen=True, slots=True)
class OutId:
    """The id by which a send is found at the service.

    :param text: the id
    :param task_prefix: the beginning of the ids of all sends of the task in this run; ``None`` for an id of the user's
    :param message_prefixes: beginnings of the ids of all sends of this message by the task, at any position
    :param older: the id that an older release made for the same task instance
    """

    text: str
    task_prefix: str | None = None
    message_prefixes: tuple[str, ...] = ()
    older: str | None = None

    @property
    def is_made(self) -> bool:
        """Whether this package made it."""
        return self.task_prefix is not None

    def matches(self, out_id: str | None, *, any_position: bool) -> bool:
        """Return whether a record has this id.

        :param out_id: of the record
        :param any_position: whether an id that another position of the task or an older release made matches too
        """
        if out_id is None:
            return False
        if any_position and (out_id == self.older or any(_begins(out_id, prefix) for prefix in self.message_prefixes)):
            return True
        return out_id == self.text

    def is_of_task(self, out_id: str | None) -> bool:
        """Return whether an id is of the same task in the same run, for any message."""
        return self.task_prefix is not None and out_id is not None and _begins(out_id, self.task_prefix)


def make_out_id(attempt: TaskAttempt, content: tuple[str, ...]) -> OutId:
    """Return the id of a task instance that sends a message: the same in every attempt.

    :param content: digests of the phone numbers and the message, the current one first
    """
    instance = [attempt.dag_id, attempt.run_id, attempt.task_id]
    name = re.sub(r"[^\w.-]+", "-", f"{attempt.dag_id}.{attempt.task_id}", flags=re.ASCII)[:64]
    task_prefix = f"{name}-{_digest(instance)[:16]}"
    message_prefixes = tuple(f"{task_prefix}-{digest}" for digest in content)
    return OutId(
        text=f"{message_prefixes[0]}-{attempt.map_index}" if attempt.is_mapped else message_prefixes[0],
        task_prefix=task_prefix,
        message_prefixes=message_prefixes,
        # At a position of a mapped task this id may be of another message.
        older=None if attempt.is_mapped else f"{name}-{_digest([*instance, attempt.map_index])[:24]}",
    )


def _begins(out_id: str, prefix: str) -> bool:
    return out_id == prefix or out_id.startswith(f"{prefix}-")


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
