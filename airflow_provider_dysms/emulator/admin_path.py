"""The web application behind the admin path: checks who may call it, and turns handler results into responses.

The path contains a token that other users of the machine do not know. The application accepts only JSON, and only under
a loopback host name unless the emulator was opened to other machines, so that a web page in a browser on this machine
cannot control the emulator.
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


def admin_application(service: Service, token: str, *, allow_any_host: bool) -> App:
    """Return the ASGI application behind the admin path.

    :param token: the part of the path that must follow :data:`ADMIN_PATH`
    :param allow_any_host: whether it may be called by a host name that is not loopback
    """
    handlers_by_name: dict[str, dict[str, Handler]] = {}
    for (method, name), handler in ROUTES.items():
        handlers_by_name.setdefault(name, {})[method] = handler

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path_token, _, name = scope["path"].removeprefix(ADMIN_PATH).partition("/")
        handlers = handlers_by_name.get(name)
        if not allow_any_host and not _is_loopback(request.headers.get("host", "")):
            response = _error_response(
                "the admin path must be called by a loopback name, such as 127.0.0.1 or localhost", 400
            )
        elif not secrets.compare_digest(path_token.encode(), token.encode()):
            response = _error_response(f"the token is wrong; the emulator prints it in {ADMIN_VARIABLE} at start", 403)
        elif handlers is None:
            response = _error_response(f"the path does not exist; the paths are {', '.join(handlers_by_name)}", 404)
        elif request.method not in handlers:
            response = _error_response(f"{name} only accepts {', '.join(handlers)}", 405)
        else:
            response = await _handle(service, handlers[request.method], request)
        await response(scope, receive, send)

    return app


async def _handle(service: Service, handler: Handler, request: Request) -> Response:
    body: Any = None
    try:
        if request.method == "POST":
            if not request.headers.get("content-type", "").startswith("application/json"):
                raise InputError("the body must be application/json")
            body = await request.json()
        # The handler runs on the event loop's own thread, so that nothing else uses the service at the same time.
        result = handler(service, body)
        if isinstance(result, Iterator):
            # The first step runs before the response starts, so that invalid input still gets HTTP status 400.
            steps = itertools.chain([next(result)], result)
            return StreamingResponse(_stream_lines(steps), media_type="application/x-ndjson")
        return JSONResponse(result)
    except (ValueError, OSError) as error:
        return _error_response(str(error), 400)


async def _stream_lines(steps: Iterator[dict[str, object]]) -> AsyncIterator[bytes]:
    """Write each step as a JSON line; other requests are served between two steps."""
    try:
        for step in steps:
            yield json.dumps(step).encode() + b"\n"
            await asyncio.sleep(0)
    except (ValueError, OSError) as error:  # too late for another HTTP status
        yield json.dumps({"error": str(error)}).encode() + b"\n"


def _error_response(problem: str, status: int) -> Response:
    return JSONResponse({"error": problem}, status_code=status)


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    try:
        return name == "localhost" or ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
