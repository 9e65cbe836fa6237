"""What the Test button says: which queries are allowed, and why the others are not."""

from __future__ import annotations

import copy
import difflib
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowException

from airflow_provider_dysms.get_provider_info import FIELDS
from airflow_provider_dysms.hooks.extras import RENAMED, shown_in_clear
from airflow_provider_dysms.model.errors import DysmsError, DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Connection

    from airflow_provider_dysms.hooks.dysms import DysmsHook

#: Extras that the form does not have: those of the official provider, and the names of earlier releases.
_ALSO_READ = {"region", "endpoint", "access_key_id", "access_key_secret", *RENAMED}


def test(hook: DysmsHook) -> tuple[bool, str]:
    """Return whether at least one query is allowed, and what there is to say about the connection."""
    from airflow_provider_dysms.api.retry import RetryPolicy

    impatient = RetryPolicy(tries=1, throttle_patience=5)  # for somebody who waits in front of a form
    try:
        answers = hook.run(lambda client: client.access(), retry=impatient)
    except DysmsInputError as error:
        # Airflow tests under an id that it has drawn for the test; nobody knows the connection by it.
        problem = error.problem.removeprefix(f"(connection {hook.dysms_conn_id!r}) ")
        return False, f"The connection cannot be used: {DysmsInputError(error.argument, problem)}"
    except (DysmsError, AirflowException) as error:
        return False, str(error)
    sentences = [said(answers), *remarks(hook.get_connection(hook.dysms_conn_id))]
    return None in answers.values(), " ".join(sentences)


def said(answers: Mapping[str, DysmsError | None]) -> str:
    """Return the outcome of a test in plain sentences, each action named once.

    :param answers: action -> ``None`` if it is allowed, else the error
    """
    allowed = [action for action, error in answers.items() if error is None]
    refused: dict[str, list[str]] = {}
    for action, error in answers.items():
        if error is not None:
            refused.setdefault(_reason(action, error), []).append(action)
    if not refused:
        return f"Every query is allowed: {_listed(allowed)}."
    sentences = [f"Only some queries are allowed: {_listed(allowed)}."] if allowed else ["No query is allowed."]
    sentences += [f"{_listed(actions)} failed: {reason}" for reason, actions in refused.items()]
    return " ".join(sentences)


def remarks(connection: Connection) -> list[str]:
    """Return a sentence for each extra that works and should be looked at.

    :param connection: that was tested
    """
    extra = connection.extra_dejson
    unread = [name for name in extra if name not in FIELDS and name not in _ALSO_READ]
    if connection.conn_type != "dysms":  # the connection serves other products too
        unread = []
    return [*shown_in_clear(extra), *map(_unread, unread)]


def _unread(name: str) -> str:
    near = difflib.get_close_matches(name, FIELDS, n=1)
    return f"Nothing reads the extra {name[:40]!r}." + (f" Did you mean {near[0]!r}?" if near else "")


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _reason(action: str, error: DysmsError) -> str:
    """Return what an error says, without the action and the id of the request: the same error reads the same."""
    alike = copy.copy(error)
    alike.message = alike.message.removeprefix(f"{action}: ")
    alike.request_id = None
    return str(alike)
