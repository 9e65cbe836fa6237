"""The handlers of the admin path, with which tests set up the emulator and look into it.

The docstring of a handler is its row in the table of README.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.generator.generate import generate_in_steps
from airflow_provider_dysms.emulator.message_json import message_to_json, parse_message
from airflow_provider_dysms.emulator.push_receipts import Push, huawei_send_answers, push_receipts
from airflow_provider_dysms.emulator.service import MAX_CALLS, Service
from airflow_provider_dysms.emulator.state import AccessKey, Message, parse_instant, utc_text

if TYPE_CHECKING:
    from pathlib import Path

Handler = Callable[[Service, Any], Any]


def get_state(service: Service, _: Any) -> Any:
    """The clock, the folder for files, accounts, quotas, faults, and the number of messages and requests."""
    return {
        "now": utc_text(service.clock.now()),
        "folder": str(service.folder),
        "messages": len(service.messages),
        "accounts": sorted({key.account for key in service.keys.values()}),
        "quotas": service.quotas.limits,
        "faults": [fault.as_dict() for fault in service.faults.faults],
        "calls": {"remembered": len(service.calls), "forgotten": service.forgotten_calls, "at_most": MAX_CALLS},
    }


def get_requests(service: Service, _: Any) -> Any:
    """How many requests arrived for each action, and over how many connections."""
    actions = {action: counts.as_dict() for action, counts in service.quotas.counts.items()}
    return {"actions": actions, "connections": service.connections}


def get_calls(service: Service, _: Any) -> Any:
    """The last 100,000 correctly signed requests with their parameters, oldest first."""
    return [{"action": action, "parameters": parameters} for action, parameters in service.calls]


def get_switches(service: Service, _: Any) -> Any:
    """Every switch and its value."""
    return service.switches.as_dict()


def post_switches(service: Service, body: Any) -> Any:
    """Set switches."""
    service.switches = service.switches.with_changes(_as_object(body))
    return service.switches.as_dict()


def post_quotas(service: Service, body: Any) -> Any:
    """Set quotas, in requests per second for each action."""
    service.quotas.configure(_as_object(body))
    return service.quotas.limits


def get_faults(service: Service, _: Any) -> Any:
    """The planned faults and how often each has happened."""
    return [fault.as_dict() for fault in service.faults.faults]


def post_faults(service: Service, body: Any) -> Any:
    """Plan a fault, or a list of them."""
    plans = body if isinstance(body, list) else [body]
    return [service.faults.add(_as_object(plan)).as_dict() for plan in plans]


def get_fired(service: Service, _: Any) -> Any:
    """How often the planned faults have happened, by kind."""
    return service.faults.fired()


def delete_faults(service: Service, _: Any) -> Any:
    """Remove all planned faults; the response lists them."""
    planned = [fault.as_dict() for fault in service.faults.faults]
    service.faults.faults.clear()
    return planned


def get_clock(service: Service, _: Any) -> Any:
    """The emulator's time."""
    return {"now": utc_text(service.clock.now())}


def post_clock(service: Service, body: Any) -> Any:
    """Set the clock (``now``, ``frozen``), move it (``advance``), or give waiting messages their outcome (``tick``)."""
    fields = _only_fields(body, "now", "frozen", "advance", "tick", "real")
    if fields.get("real"):
        service.clock.set(time.time())
    if "now" in fields:
        service.clock.set(parse_instant(fields["now"], "now"), frozen=bool(fields.get("frozen")))
    if "advance" in fields:
        service.clock.advance(float(fields["advance"]))
    settled = service.messages.settle_all(service.clock.now()) if fields.get("tick") else 0
    return {"now": utc_text(service.clock.now()), "settled": settled}


def get_messages(service: Service, _: Any) -> Any:
    """Every message."""
    now = service.clock.now()
    return [message_to_json(message, now) for message in sorted(service.messages, key=_sent_at)]


def post_messages(service: Service, body: Any) -> Any:
    """Add a message, or a list of them."""
    plans = body if isinstance(body, list) else [body]
    messages = [parse_message(_as_object(plan), service) for plan in plans]
    service.messages.add(messages)
    now = service.clock.now()
    return [message_to_json(message, now) for message in messages]


def post_generate(service: Service, body: Any) -> Iterator[dict[str, object]]:
    """Generate a day and the send log that a sender would have; the response is a stream of JSON lines."""
    fields = _as_object(body)
    try:
        fields["send_date"] = date.fromisoformat(str(fields.get("send_date")))
    except ValueError:
        raise InputError("send_date must be a date, YYYY-MM-DD") from None
    for name in ("log", "truth"):
        if fields.get(name) is not None:
            fields[name] = _path_in_folder(service.folder, str(fields[name]), name)
    try:
        return generate_in_steps(service, **fields)
    except TypeError as error:
        raise InputError(str(error)) from None


def _path_in_folder(folder: Path | None, name: str, argument: str) -> Path:
    """Return a path in the folder that the emulator may write to, after all links are resolved."""
    if folder is None:
        raise InputError(f"{argument} cannot be written: this emulator has no folder for files")
    allowed = folder.resolve()
    path = (allowed / name).resolve()
    if path == allowed or not path.is_relative_to(allowed):
        raise InputError(f"{argument} must be a path in the emulator's folder, which --folder sets at the start")
    return path


def get_accounts(service: Service, _: Any) -> Any:
    """The access keys, without their secrets."""
    return [
        {
            "access_key_id": key.access_key_id,
            "account": key.account,
            "site": key.site or service.messages.site_of(key.account),
        }
        for key in service.keys.values()
    ]


def post_accounts(service: Service, body: Any) -> Any:
    """Add or replace an access key."""
    fields = _as_object(body)
    if fields.get("expires_at") is not None:
        fields["expires_at"] = parse_instant(fields["expires_at"], "expires_at")
    if fields.get("actions") is not None:
        fields["actions"] = tuple(fields["actions"])
    try:
        key = AccessKey(**fields)
    except TypeError:
        names = ", ".join(AccessKey.__dataclass_fields__)
        raise InputError(f"a key has the fields {names}; access_key_id and access_key_secret are required") from None
    service.keys[key.access_key_id] = key
    return {"access_key_id": key.access_key_id, "account": key.account}


def post_templates(service: Service, body: Any) -> Any:
    """Register templates: code -> text with ``${name}`` for each parameter."""
    service.templates.update({str(code): str(text) for code, text in _as_object(body).items()})
    return service.templates


def post_receipts(service: Service, body: Any) -> Any:
    """Push the receipts of the messages to a receiver on this machine; the response counts them."""
    try:
        push = Push(**_as_object(body))
    except TypeError:
        raise InputError(f"a push has the fields {', '.join(Push.__dataclass_fields__)}; url is required") from None
    return push_receipts(sorted(service.messages, key=_sent_at), push, service.clock.now())


def get_huawei(service: Service, _: Any) -> Any:
    """The messages as the answers to sends by Huawei Cloud have them, for a send log."""
    return huawei_send_answers(sorted(service.messages, key=_sent_at))


def post_reset(service: Service, body: Any) -> Any:
    """Forget everything except the initial keys; with ``what`` = ``requests``, only nonces, counts and used quotas."""
    what = _only_fields(body or {}, "what").get("what", "all")
    if what not in ("all", "requests"):
        raise InputError("what must be all or requests")
    service.reset_requests() if what == "requests" else service.reset()
    return get_state(service, None)


ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "state"): get_state,
    ("GET", "requests"): get_requests,
    ("GET", "calls"): get_calls,
    ("GET", "switches"): get_switches,
    ("POST", "switches"): post_switches,
    ("POST", "quotas"): post_quotas,
    ("GET", "faults"): get_faults,
    ("POST", "faults"): post_faults,
    ("GET", "fired"): get_fired,
    ("DELETE", "faults"): delete_faults,
    ("GET", "clock"): get_clock,
    ("POST", "clock"): post_clock,
    ("GET", "messages"): get_messages,
    ("POST", "messages"): post_messages,
    ("POST", "generate"): post_generate,
    ("GET", "accounts"): get_accounts,
    ("POST", "accounts"): post_accounts,
    ("POST", "templates"): post_templates,
    ("POST", "receipts"): post_receipts,
    ("GET", "huawei"): get_huawei,
    ("POST", "reset"): post_reset,
}


def _as_object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise InputError("the body must be a JSON object")
    return dict(body)


def _only_fields(body: Any, *names: str) -> dict[str, Any]:
    fields = _as_object(body)
    unknown = sorted(set(fields) - set(names))
    if unknown:
        raise InputError(f"unknown fields {', '.join(unknown)}; the fields are {', '.join(names)}")
    return fields


def _sent_at(message: Message) -> float:
    return message.sent_at
