"""The application behind the admin path: who is let in, and how what they ask is answered.

The path holds a token that other users of the machine do not know. Only JSON is taken, and only under a loopback name
unless the emulator was opened to other machines: a web page open on the same machine can send neither.
"""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import json
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from airflow_provider_dysms.emulator.admin import ROUTES, Handler
from airflow_provider_dysms.emulator.connection import ADMIN_VARIABLE
from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.service import ADMIN_PATH, Service

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def admin(service: Service, token: str, *, any_host: bool) -> App:
    """Return the application behind the admin path.

    :param token: the part of the path that must follow :data:`ADMIN_PATH`
    :param any_host: whether it may be called by a name that is not loopback
    """
    by_path: dict[str, dict[str, Handler]] = {}
    for (method, name), handler in ROUTES.items():
        by_path.setdefault(name, {})[method] = handler

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        given, _, name = scope["path"].removeprefix(ADMIN_PATH).partition("/")
        handlers = by_path.get(name)
        if not any_host and not _is_loopback(request.headers.get("host", "")):
            answer = _refusal("the admin path is called by a loopback name, such as 127.0.0.1 or localhost", 400)
        elif not secrets.compare_digest(given.encode(), token.encode()):
            answer = _refusal(f"the token is not right; start prints it in {ADMIN_VARIABLE}", 403)
        elif handlers is None:
            answer = _refusal(f"there is nothing here; there are {', '.join(by_path)}", 404)
        elif request.method not in handlers:
            answer = _refusal(f"{name} takes {', '.join(handlers)}", 405)
        else:
            answer = await _handled(service, handlers[request.method], request)
        await answer(scope, receive, send)

    return app


async def _handled(service: Service, handler: Handler, request: Request) -> Response:
    given: Any = None
    try:
        if request.method == "POST":
            if not request.headers.get("content-type", "").startswith("application/json"):
                raise InputError("the body must be application/json")
            given = await request.json()
        # On the loop's own thread: nothing else looks at the service meanwhile.
        told = handler(service, given)
        if isinstance(told, Iterator):
            # Its first line already shows whether it can be done at all.
            return StreamingResponse(_streamed(itertools.chain([next(told)], told)), media_type="application/x-ndjson")
        return JSONResponse(told)
    except (ValueError, OSError) as error:
        return _refusal(str(error), 400)


async def _streamed(lines: Iterator[dict[str, object]]) -> AsyncIterator[bytes]:
    """Write a line for each step; other requests are served in between."""
    try:
        for line in lines:
            yield json.dumps(line).encode() + b"\n"
            await asyncio.sleep(0)
    except (ValueError, OSError) as error:  # too late for another HTTP status
        yield json.dumps({"error": str(error)}).encode() + b"\n"


def _refusal(problem: str, status: int) -> Response:
    return JSONResponse({"error": problem}, status_code=status)


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    try:
        return name == "localhost" or ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
