"""The ASGI application: one endpoint for every action, and the admin path beside it.

The endpoint is a bare ASGI callable: it answers thousands of signed requests a second on one core.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from airflow_provider_dysms.emulator import wire
from airflow_provider_dysms.emulator.actions import check_required, find
from airflow_provider_dysms.emulator.admin_path import App, Receive, Scope, Send, admin
from airflow_provider_dysms.emulator.errors import VERSION_CHINA, Refusal, business, gateway, throttled
from airflow_provider_dysms.emulator.quotas import QUOTAS
from airflow_provider_dysms.emulator.rendering import render
from airflow_provider_dysms.emulator.service import ADMIN_PATH, NOBODY, SITE_OF_VERSION, Call, Service
from airflow_provider_dysms.emulator.signatures import Request, authenticate, unknown_key

if TYPE_CHECKING:
    from airflow_provider_dysms.emulator.faults import Fault
    from airflow_provider_dysms.emulator.state import Key


def application(service: Service, token: str | None = None, *, any_host: bool = False) -> App:
    """Return the ASGI application of a service.

    :param token: what must follow in the path to the admin part; ``None``: nobody knows it
    :param any_host: whether the admin part may be called by a name that is not loopback
    """
    control = admin(service, token or secrets.token_urlsafe(24), any_host=any_host)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"].startswith(ADMIN_PATH):
            await control(scope, receive, send)
        else:
            await _answer(service, scope, await _read(scope, receive), send)

    return app


async def _read(scope: Scope, receive: Receive) -> Request:
    headers = dict(scope["headers"])
    body = b""
    if headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers:
        more = True
        while more:
            event = await receive()
            body += event.get("body", b"")
            more = event.get("more_body", False)
    return Request(scope["method"], scope["query_string"], headers, body)


async def _answer(service: Service, scope: Scope, request: Request, send: Send) -> None:
    parameters = request.parameters()
    action = (request.header("x-acs-action") if request.is_v3() else parameters.get("Action")) or ""
    version = request.header("x-acs-version") if request.is_v3() else parameters.get("Version")
    counted = service.quotas.count(action if action in QUOTAS else "other")
    request_id = _request_id()
    status, root = 200, f"{action}Response"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    faults: list[Fault] = []
    try:
        answer = _judge(service, scope["path"], request, parameters, request_id, faults)
    except Refusal as refusal:
        if refusal.code.startswith("Throttling"):
            counted.throttled += 1
        if refusal.status is not None:
            status, root = refusal.status, "Error"
        host = request.header("host") or ""
        bare = service.switches.message_codes == "bare"
        answer, headers = refusal.body(request_id, host, version, bare=bare), refusal.headers
    content_type, body = render(answer, root, _form(service, request, parameters))
    if service.switches.latency_ms:
        await asyncio.sleep(service.switches.latency_ms / 1000)
    reply = wire.Reply(status, [(b"content-type", content_type), (b"x-acs-request-id", request_id.encode())], body)
    reply.headers.extend(headers)
    await wire.send_reply(reply, faults, scope, send)


def _judge(
    service: Service, path: str, request: Request, parameters: dict[str, str], request_id: str, faults: list[Fault]
) -> dict[str, object]:
    """Let the request in or refuse it, in the gateway's order; put the faults that happen to it into ``faults``."""
    if path != "/":
        raise gateway("InvalidApi.NotFound", "Specified api is not found, please check your url and method.", 404)
    switches, now = service.switches, service.clock.now()
    claim = authenticate(request, parameters, service.keys, now, switches)
    if not service.nonces.use(claim.nonce, now, switches.nonce_seconds):
        raise gateway("SignatureNonceUsed", "Specified signature nonce was used already.")
    action = find(claim.version, claim.action, request.method)
    service.remember(claim.action, parameters)
    if not service.quotas.admit(claim.key.account, claim.action):
        raise throttled(switches.throttle_status, switches.retry_after_ms)
    key = claim.key
    call = Call(service, key.account, claim.action, claim.version, key.site, parameters, request_id, now)
    _check_permission(key, call)
    _check_site(call)
    faults.extend(service.faults.on_wire(claim.action, parameters))
    for fault in faults:
        _refuse_as_planned(fault, service)
    check_required(action, call)
    return action.answer(call)


def _check_permission(key: Key, call: Call) -> None:
    if key.actions is None or call.action in key.actions:
        return
    if call.switches.ram_denied == "business":
        raise business("isp.RAM_PERMISSION_DENY", "The RAM user has no permission.")
    raise gateway("Forbidden.RAM", "User not authorized to operate on the specified resource.", 403)


def _check_site(call: Call) -> None:
    """Keep the sites apart: an account of one of them is none of the other."""
    site, wanted = call.site or call.service.messages.site_of(call.account), SITE_OF_VERSION[call.version]
    if call.switches.sites == "joined" or site in (None, wanted):
        return
    if call.switches.wrong_site == "unknown_key":
        raise unknown_key(call.switches)
    if call.switches.wrong_site == "empty" and call.action.startswith("Query"):
        call.account = NOBODY
        return
    code = "isv.PRODUCT_UN_SUBSCRIPT" if call.version == VERSION_CHINA else "isv.PRODUCT_NOT_SUBSCRIBED"
    raise business(code, "The account has not activated this product on this site.")


def _refuse_as_planned(fault: Fault, service: Service) -> None:
    if fault.kind == "throttle":
        raise throttled(fault.status or 400, service.switches.retry_after_ms)
    if fault.kind == "status":
        raise gateway(
            fault.code or "", "The request has failed due to a temporary failure of the server.", fault.status or 503
        )
    if fault.kind == "business":
        raise business(fault.code or "", "The request was refused as planned.", verbatim=True)


def _form(service: Service, request: Request, parameters: dict[str, str]) -> str:
    form = parameters.get("Format", "").upper()
    if form in ("JSON", "XML"):
        return form
    if request.is_v3():
        return "XML" if "xml" in (request.header("accept") or "") else "JSON"
    return service.switches.default_format


def _request_id() -> str:
    text = secrets.token_hex(16).upper()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
