"""The words of a vendor's page for our states: Successful, Sending, Failed, and two more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.archive.engines.day_search import in_capitals
from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.validation import word

if TYPE_CHECKING:
    from collections.abc import Mapping

SUCCESSFUL, SENDING, FAILED, MISSING, UNLOGGED = "Successful", "Sending", "Failed", "Missing", "Unlogged"

#: State -> sending result. A message that waits is never Failed: receipts take up to 72 hours.
RESULT_OF_STATE: Mapping[str, str] = {
    State.DELIVERED.value: SUCCESSFUL,
    State.WAITING.value: SENDING,
    State.FAILED.value: FAILED,
    State.REJECTED.value: FAILED,
    State.EXPIRED.value: FAILED,
    State.MISSING.value: MISSING,
    State.UNLOGGED.value: UNLOGGED,
}

#: Sending results in the order of forms and lists.
RESULTS = tuple(dict.fromkeys(RESULT_OF_STATE.values()))

#: The status code of a message without a receipt after 72 hours, if it has no code of its own.
EXPIRED_CODE = "EXPIRED"

#: Codes that mean the same: the vendors' two spellings of a delivery.
_SAME_CODES = ({"DELIVRD", "DELIVERED"},)

#: Sending result -> what a person should know about it.
ADVICE: Mapping[str, str] = {
    SENDING: "The message was sent, and its receipt has not come yet: receipts take up to 72 hours.",
    MISSING: "The service has no record of the message: its text may be under manual review. Look again later.",
    UNLOGGED: "The service sent the message, and the send log has no line for it.",
}


def states_of(result: str) -> tuple[str, ...]:
    """Return the states that a sending result stands for.

    :param result: one of :data:`RESULTS`, in any case
    :raises DysmsInputError: it is none of them
    """
    name = result.strip().capitalize() if isinstance(result, str) else result
    word("result", name, RESULTS)
    return tuple(state for state, known in RESULT_OF_STATE.items() if known == name)


def status_code(state: str, error_code: str | None) -> str | None:
    """Return the status code as a vendor's page shows it."""
    return error_code or (EXPIRED_CODE if state == State.EXPIRED else None)


def same_codes(error_code: str) -> tuple[str, ...]:
    """Return every code, in capitals, that means the same as one."""
    code = in_capitals(error_code.strip())
    return tuple(sorted(next((codes for codes in _SAME_CODES if code in codes), {code})))
