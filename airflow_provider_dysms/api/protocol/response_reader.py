"""Turns an HTTP response into the result of a call, or into the error that the response reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from airflow_provider_dysms.api.protocol import error_codes, responses
from airflow_provider_dysms.model.errors import DysmsError, DysmsThrottled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Result = TypeVar("Result")

#: Headers that ask us to wait -> their units per second: the gateway's milliseconds, then HTTP's seconds.
_RETRY_AFTER = ((b"x-acs-retry-after", 1000), (b"retry-after", 1))


def read(
    action: str,
    status: int,
    headers: Mapping[bytes, bytes],
    body: bytes,
    parse: Callable[[Mapping[str, object]], Result],
) -> tuple[Result | None, DysmsError | None, object]:
    """Read a response.

    :param action: the API action, for the text of the error
    :param status: HTTP status
    :param headers: values by name in lower case
    :param body: as it came
    :param parse: turns the decoded payload of a successful response into the result
    :returns: the result or the error, and the request id, of any type
    """
    payload = responses.decode(body)
    request_id = payload.get("RequestId") if payload is not None else None
    error = error_codes.classify(action, status, payload)
    if isinstance(error, DysmsThrottled):
        error.retry_after = retry_after(headers)
    if error is not None:
        return None, error, request_id
    assert payload is not None
    try:
        return parse(payload), None, request_id
    except DysmsError as unreadable:
        return None, unreadable, request_id


def retry_after(headers: Mapping[bytes, bytes]) -> float | None:
    """Return the seconds that the service asks us to wait; ``None`` if it does not say, or not as a number."""
    for name, per_second in _RETRY_AFTER:
        value = headers.get(name, b"")
        if value.isdigit() and len(value) < 10:
            return int(value) / per_second
    return None
