"""The ASGI application of the emulator: one endpoint for every API action, and the admin path.

The endpoint is a bare ASGI callable, because it has to answer thousands of signed requests per second on one core.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from airflow_provider_dysms.emulator.actions import check_required_parameters, find_action
from airflow_provider_dysms.emulator.admin_path import App, Receive, Scope, Send, admin_application
from airflow_provider_dysms.emulator.errors import (
    VERSION_CHINA,
    ApiError,
    business_error,
    gateway_error,
    throttled_error,
)
from airflow_provider_dysms.emulator.quotas import QUOTAS
from airflow_provider_dysms.emulator.rendering import render
from airflow_provider_dysms.emulator.responses import Response, send_response
from airflow_provider_dysms.emulator.service import ADMIN_PATH, NO_ACCOUNT, SITE_OF_VERSION, Call, Service
from airflow_provider_dysms.emulator.signatures import Request, authenticate, unknown_key_error

if TYPE_CHECKING:
    from airflow_provider_dysms.emulator.faults import Fault
    from airflow_provider_dysms.emulator.state import AccessKey


def application(service: Service, token: str | None = None, *, allow_any_host: bool = False) -> App:
    """Return the ASGI application of a service.

    :param token: the token in the admin path; ``None``: a random one, so that nobody can use the admin path
    :param allow_any_host: whether the admin path may be called by a host name that is not loopback
    """
    admin_app = admin_application(service, token or secrets.token_urlsafe(24), allow_any_host=allow_any_host)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"].startswith(ADMIN_PATH):
            await admin_app(scope, receive, send)
        else:
            await _respond(service, scope, await _read_request(scope, receive), receive, send)

    return app


async def _read_request(scope: Scope, receive: Receive) -> Request:
    headers = dict(scope["headers"])
    body = b""
    if headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers:
        more = True
        while more:
            event = await receive()
            body += event.get("body", b"")
            more = event.get("more_body", False)
    return Request(scope["method"], scope["query_string"], headers, body)


async def _respond(service: Service, scope: Scope, request: Request, receive: Receive, send: Send) -> None:
    parameters = request.parameters()
    action = (request.header("x-acs-action") if request.is_v3() else parameters.get("Action")) or ""
    version = request.header("x-acs-version") if request.is_v3() else parameters.get("Version")
    counts = service.quotas.record_request(action if action in QUOTAS else "other")
    request_id = _new_request_id()
    status, xml_root = 200, f"{action}Response"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    faults: list[Fault] = []
    try:
        payload = _handle(service, scope["path"], request, parameters, request_id, faults)
    except ApiError as error:
        if error.code.startswith("Throttling"):
            counts.throttled += 1
        if error.status is not None:
            status, xml_root = error.status, "Error"
        host = request.header("host") or ""
        bare = service.switches.message_codes == "bare"
        payload, headers = error.payload(request_id, host, version, bare=bare), error.headers
    content_type, body = render(payload, xml_root, _response_format(service, request, parameters))
    if service.switches.latency_ms:
        await asyncio.sleep(service.switches.latency_ms / 1000)
    response = Response(status, [(b"content-type", content_type), (b"x-acs-request-id", request_id.encode())], body)
    response.headers.extend(headers)
    await send_response(response, faults, scope, receive, send)


def _handle(
    service: Service, path: str, request: Request, parameters: dict[str, str], request_id: str, faults: list[Fault]
) -> dict[str, object]:
    """Run the gateway's checks in the gateway's order, then the action.

    :param faults: receives the faults that happen to this request
    :raises ApiError: a check failed, a planned fault refuses the request, or the action does
    """
    if path != "/":
        raise gateway_error("InvalidApi.NotFound", "Specified api is not found, please check your url and method.", 404)
    switches, now = service.switches, service.clock.now()
    authenticated = authenticate(request, parameters, service.keys, now, switches)
    if not service.nonces.add_if_new(authenticated.nonce, now, switches.nonce_seconds):
        raise gateway_error("SignatureNonceUsed", "Specified signature nonce was used already.")
    name, version, key = authenticated.action, authenticated.version, authenticated.key
    action = find_action(version, name, request.method)
    service.record_call(name, parameters)
    if not service.quotas.try_acquire(key.account, name):
        raise throttled_error(switches.throttle_status, switches.retry_after_ms)
    call = Call(service, key.account, name, version, key.site, parameters, request_id, now)
    _check_permission(key, call)
    _check_site(call)
    faults.extend(service.faults.fire_on_wire(name, parameters))
    for fault in faults:
        _raise_planned_error(fault, service)
    check_required_parameters(action, call)
    return action.handler(call)


def _check_permission(key: AccessKey, call: Call) -> None:
    if key.actions is None or call.action in key.actions:
        return
    if call.switches.ram_denied == "business":
        raise business_error("isp.RAM_PERMISSION_DENY", "The RAM user has no permission.")
    raise gateway_error("Forbidden.RAM", "User not authorized to operate on the specified resource.", 403)


def _check_site(call: Call) -> None:
    """Refuse a request to the site that the account does not belong to, in the way that ``wrong_site`` says."""
    account_site, requested_site = (
        call.site or call.service.messages.site_of(call.account),
        SITE_OF_VERSION[call.version],
    )
    if call.switches.sites == "joined" or account_site in (None, requested_site):
        return
    if call.switches.wrong_site == "unknown_key":
        raise unknown_key_error(call.switches)
    if call.switches.wrong_site == "empty" and call.action.startswith("Query"):
        call.account = NO_ACCOUNT
        return
    code = "isv.PRODUCT_UN_SUBSCRIPT" if call.version == VERSION_CHINA else "isv.PRODUCT_NOT_SUBSCRIBED"
    raise business_error(code, "The account has not activated this product on this site.")


def _raise_planned_error(fault: Fault, service: Service) -> None:
    if fault.kind == "throttle":
        raise throttled_error(fault.status or 400, service.switches.retry_after_ms)
    if fault.kind == "status":
        raise gateway_error(
            fault.code or "", "The request has failed due to a temporary failure of the server.", fault.status or 503
        )
    if fault.kind == "business":
        raise business_error(fault.code or "", "The request was refused as planned.", verbatim=True)


def _response_format(service: Service, request: Request, parameters: dict[str, str]) -> str:
    requested = parameters.get("Format", "").upper()
    if requested in ("JSON", "XML"):
        return requested
    if request.is_v3():
        return "XML" if "xml" in (request.header("accept") or "") else "JSON"
    return service.switches.default_format


def _new_request_id() -> str:
    digits = secrets.token_hex(16).upper()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
