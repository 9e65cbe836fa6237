"""Probes what the credentials of a connection may do: which queries are allowed, and which signatures are too old."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from airflow_provider_dysms.api.auth.signature_time import SignatureTime
from airflow_provider_dysms.api.protocol import actions
from airflow_provider_dysms.model import errors

if TYPE_CHECKING:
    from datetime import date, datetime

    from airflow_provider_dysms.api.request_executor import RequestExecutor

#: The number that a probe of the details queries: any number will do, because the result is dropped.
PROBED_NUMBER = "13000000000"


async def probe_access(executor: RequestExecutor, today: date) -> dict[str, errors.DysmsError | None]:
    """Send each query once; return ``None`` for each action that is allowed, else its error.

    The queries are one page of the details of a number, the statistics of one day, and a message that cannot exist.

    :param today: the Beijing day to query
    """
    probes = (
        actions.query_send_details(PROBED_NUMBER, today, page=1, page_size=1),
        actions.query_send_statistics(today, today, is_globe=False, page=1, page_size=1),
        actions.query_message("0"),
    )
    found = await asyncio.gather(*(_probe(executor, call) for call in probes))
    return {call.action: error for call, error in zip(probes, found, strict=True)}


async def is_signature_refused(executor: RequestExecutor, signed_at: datetime, phone_number: str, today: date) -> bool:
    """Return whether the service refuses a mainland request because it was signed at an instant.

    :param signed_at: an aware instant, by which a query of the number's details is signed
    :param phone_number: 11 digits (mainland), or country code and number
    :param today: the Beijing day to query
    :raises DysmsError: the query failed for another reason
    """
    call = actions.query_send_details(phone_number, today, page=1, page_size=1)
    try:
        await executor.execute(
            call, lambda payload: payload, signature_time=SignatureTime(signed_at, max_age=float("inf"))
        )
    except errors.DysmsClockError:
        return True
    return False


async def _probe(executor: RequestExecutor, call: actions.Call) -> errors.DysmsError | None:
    try:
        await executor.execute(call, lambda payload: payload)
    except errors.DysmsNotFound:
        return None
    except errors.DysmsError as error:
        # The service checks the number only after it has checked the permission.
        return None if (error.code or "").endswith("MOBILE_NUMBER_ILLEGAL") else error
    return None
