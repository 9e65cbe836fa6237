"""Writes the answer of the connection form's Test button: which queries are allowed, and why the others are not."""

from __future__ import annotations

import copy
import difflib
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException

from airflow_provider_dysms.get_provider_info import FIELDS
from airflow_provider_dysms.hooks.extras import RENAMED, unmasked_extra_warnings
from airflow_provider_dysms.model.errors import DysmsError, DysmsInputError, DysmsTransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow.sdk import Connection

#: Extras that are read although the form does not show them: those of the official provider, and earlier names.
_EXTRAS_OUTSIDE_THE_FORM = {"region", "endpoint", "access_key_id", "access_key_secret", *RENAMED}

#: What to do if the service could not be reached, which the error of a single request does not say.
_UNREACHABLE = "Check host and port of the connection, its proxy, and this machine's network."


def check_access(
    conn_id: str, *, run: Callable[..., Mapping[str, DysmsError | None]], get_connection: Callable[[str], Connection]
) -> tuple[bool, str]:
    """Test a connection.

    :param conn_id: id under which Airflow tests the connection
    :param run: as :meth:`.DysmsHook.run`
    :param get_connection: returns the connection that has an id
    :returns: whether at least one query is allowed, and what to say about the connection
    """
    from airflow_provider_dysms.api.retry import RetryPolicy

    quick_retry = RetryPolicy(max_attempts=1, throttle_timeout=5)  # a person is waiting in front of the form
    try:
        access = run(lambda client: client.access(), retry=quick_retry)
    except DysmsInputError as error:
        # Airflow makes up an id for each test, so the user would not recognize it.
        problem = error.problem.removeprefix(f"(connection {conn_id!r}) ")
        return False, f"The connection cannot be used: {DysmsInputError(error.argument, problem)}"
    except (DysmsError, AirflowException) as error:
        return False, str(error)
    connection = get_connection(conn_id)
    sentences = [describe_access(access), *extra_warnings(connection.conn_type, connection.extra_dejson)]
    return None in access.values(), " ".join(sentences)


def describe_access(access: Mapping[str, DysmsError | None]) -> str:
    """Return plain sentences that name each action once; one sentence if all actions ended the same way.

    :param access: action -> ``None`` if it is allowed, else the error
    """
    allowed = [action for action, error in access.items() if error is None]
    failed: dict[str, list[str]] = {}
    for action, error in access.items():
        if error is not None:
            failed.setdefault(_reason(action, error), []).append(action)
    if not failed:
        return f"Every query is allowed: {_join(allowed)}."
    if not allowed and len(failed) == 1:
        ((reason, actions),) = failed.items()
        return f"The connection does not work, because {_join(actions)} failed: {reason}"
    sentences = [f"Only some queries are allowed: {_join(allowed)}."] if allowed else ["No query is allowed."]
    sentences += [f"{_join(actions)} failed: {reason}" for reason, actions in failed.items()]
    return " ".join(sentences)


def extra_warnings(conn_type: str | None, extra: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each extra that the user should check although the connection works.

    :param conn_type: type of the tested connection
    :param extra: its extras, as stored
    """
    unread = [name for name in extra if name not in FIELDS and name not in _EXTRAS_OUTSIDE_THE_FORM]
    if conn_type != "dysms":  # the connection serves other products too
        unread = []
    return [*unmasked_extra_warnings(extra), *map(_unread_warning, unread)]


def _unread_warning(name: str) -> str:
    similar = difflib.get_close_matches(name, FIELDS, n=1)
    return f"Nothing reads the extra {name[:40]!r}." + (f" Did you mean {similar[0]!r}?" if similar else "")


def _join(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _reason(action: str, error: DysmsError) -> str:
    """Return an error and its remedy as one clause, without action and request id: equal errors have equal texts."""
    anonymous = copy.copy(error)
    anonymous.message = anonymous.message.removeprefix(f"{action}: ")
    anonymous.request_id, anonymous.remedy = None, ""
    remedy = error.remedy or (_UNREACHABLE if isinstance(error, DysmsTransportError) else "")
    text = str(anonymous)
    return f"{text.removesuffix('.')}; {remedy[0].lower()}{remedy[1:]}" if remedy else text
