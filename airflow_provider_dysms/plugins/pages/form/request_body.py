"""Reads the form in the body of a request, within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from airflow_provider_dysms.plugins.pages.page_problem import PageProblem

if TYPE_CHECKING:
    from starlette.requests import Request

#: Bytes of a body, and fields in it.
MAX_BODY, MAX_FIELDS = 32 * 1024, 40

_FORM = "application/x-www-form-urlencoded"


async def read_form(request: Request) -> list[tuple[str, str]]:
    """Return the names and values of a form.

    :raises PageProblem: the body is too large, or not a form
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise PageProblem(415, "not_a_form")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            raise PageProblem(413, "too_long")
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise PageProblem(400, "not_a_form") from None
