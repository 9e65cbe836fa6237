"""Around every page: headers that bound what it may load, and no number in the address that is logged.

A request whose address holds what may be a number is not answered under that address. The number is taken out of the
request before anything else sees it: servers log the address after the response.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.model.phone_numbers.recognition import may_be_number
from airflow_provider_dysms.plugins.pages.form.private_values import is_private_query

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Nothing is loaded from elsewhere, and only pages of Airflow itself may show ours in a frame.
SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)

HEADERS = {
    "content-security-policy": SECURITY_POLICY,
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",  # with "no-referrer", browsers would send no origin with our own forms
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
}

#: In the scope of a request whose address held a number.
NUMBER_REMOVED = "dysms.number_removed"

#: Bytes of a query.
MAX_QUERY = 8 * 1024

_ENCODED_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


class PageGuard:
    """Guards an application.

    :param app: the pages
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                named = {name.lower() for name, _ in message["headers"]}
                if b"cache-control" not in named:
                    message["headers"].append((b"cache-control", b"no-store"))
                message["headers"] += _ENCODED_HEADERS
            await send(message)

        if scope["type"] == "http":
            _remove_number(scope)
            await self._app(scope, receive, send_guarded)
        else:
            await self._app(scope, receive, send)


def _remove_number(scope: Scope) -> None:
    """Take the query and the path out of a request if they may hold a number. The scope is changed, not copied."""
    query, root = scope["query_string"], scope.get("root_path", "")
    if len(query) > MAX_QUERY or is_private_query(query.decode("latin-1")):
        scope["query_string"] = b""
        scope[NUMBER_REMOVED] = True
    if may_be_number(scope["path"].removeprefix(root)):
        scope["path"] = f"{root}/removed"
        scope["raw_path"] = scope["path"].encode()
        scope[NUMBER_REMOVED] = True
