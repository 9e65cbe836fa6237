"""What the admin path does: everything about the emulator that a test sets or looks at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.generator.generate import generation
from airflow_provider_dysms.emulator.messages import message_from, message_to
from airflow_provider_dysms.emulator.service import REMEMBERED, Service
from airflow_provider_dysms.emulator.state import Key, Message, instant_of, utc

if TYPE_CHECKING:
    from pathlib import Path

Handler = Callable[[Service, Any], Any]


def get_state(service: Service, _: Any) -> Any:
    """The clock, the folder that is written to, and how much there is."""
    return {
        "now": utc(service.clock.now()),
        "folder": str(service.folder),
        "messages": len(service.messages),
        "accounts": sorted({key.account for key in service.keys.values()}),
        "quotas": service.quotas.limits,
        "faults": [fault.as_dict() for fault in service.faults.faults],
        "calls": {"remembered": len(service.calls), "forgotten": service.calls_forgotten, "at_most": REMEMBERED},
    }


def get_requests(service: Service, _: Any) -> Any:
    """What came in: figures per action, and connections."""
    actions = {action: count.as_dict() for action, count in service.quotas.counts.items()}
    return {"actions": actions, "connections": service.connections}


def get_calls(service: Service, _: Any) -> Any:
    """The last 100,000 requests that were let in, with their parameters, oldest first."""
    return [{"action": action, "parameters": parameters} for action, parameters in service.calls]


def get_switches(service: Service, _: Any) -> Any:
    """Every switch and its value."""
    return service.switches.as_dict()


def post_switches(service: Service, given: Any) -> Any:
    """Set switches."""
    service.switches = service.switches.changed(_mapping(given))
    return service.switches.as_dict()


def post_quotas(service: Service, given: Any) -> Any:
    """Set quotas, requests a second per action."""
    service.quotas.configure(_mapping(given))
    return service.quotas.limits


def get_faults(service: Service, _: Any) -> Any:
    """The planned faults and how often each has happened."""
    return [fault.as_dict() for fault in service.faults.faults]


def post_faults(service: Service, given: Any) -> Any:
    """Plan a fault, or a list of them."""
    plans = given if isinstance(given, list) else [given]
    return [service.faults.add(_mapping(plan)).as_dict() for plan in plans]


def get_fired(service: Service, _: Any) -> Any:
    """How often the planned faults have happened, by kind."""
    return service.faults.fired()


def delete_faults(service: Service, _: Any) -> Any:
    """Plan no fault any more; the answer holds those that were planned."""
    planned = [fault.as_dict() for fault in service.faults.faults]
    service.faults.faults.clear()
    return planned


def get_clock(service: Service, _: Any) -> Any:
    """The emulator's time."""
    return {"now": utc(service.clock.now())}


def post_clock(service: Service, given: Any) -> Any:
    """Set the clock (``now``, ``frozen``), move it (``advance``), let what waits settle (``tick``)."""
    asked = _known(given, "now", "frozen", "advance", "tick", "real")
    if asked.get("real"):
        service.clock.set(time.time())
    if "now" in asked:
        service.clock.set(instant_of(asked["now"], "now"), frozen=bool(asked.get("frozen")))
    if "advance" in asked:
        service.clock.advance(float(asked["advance"]))
    settled = service.messages.tick(service.clock.now()) if asked.get("tick") else 0
    return {"now": utc(service.clock.now()), "settled": settled}


def get_messages(service: Service, _: Any) -> Any:
    """Every message."""
    now = service.clock.now()
    return [message_to(message, now) for message in sorted(service.messages, key=_sent_at)]


def post_messages(service: Service, given: Any) -> Any:
    """Add a message, or a list of them."""
    plans = given if isinstance(given, list) else [given]
    messages = [message_from(_mapping(plan), service) for plan in plans]
    service.messages.add(messages)
    now = service.clock.now()
    return [message_to(message, now) for message in messages]


def post_generate(service: Service, given: Any) -> Iterator[dict[str, object]]:
    """Generate a day, and the log of it that a sender would have; the answer is a line of JSON now and then."""
    asked = _mapping(given)
    try:
        asked["send_date"] = date.fromisoformat(str(asked.get("send_date")))
    except ValueError:
        raise InputError("send_date must be a day, YYYY-MM-DD") from None
    for name in ("log", "truth"):
        if asked.get(name) is not None:
            asked[name] = _below(service.folder, str(asked[name]), name)
    try:
        return generation(service, **asked)
    except TypeError as error:
        raise InputError(str(error)) from None


def _below(folder: Path | None, name: str, argument: str) -> Path:
    """Return a path below the folder that the emulator may write to, wherever links lead."""
    if folder is None:
        raise InputError(f"{argument} cannot be written: this emulator has no folder")
    allowed = folder.resolve()
    path = (allowed / name).resolve()
    if path == allowed or not path.is_relative_to(allowed):
        raise InputError(f"{argument} must be a path below the emulator's folder, given at its start (--folder)")
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


def post_accounts(service: Service, given: Any) -> Any:
    """Add or replace an access key."""
    asked = _mapping(given)
    if asked.get("expires_at") is not None:
        asked["expires_at"] = instant_of(asked["expires_at"], "expires_at")
    if asked.get("actions") is not None:
        asked["actions"] = tuple(asked["actions"])
    try:
        key = Key(**asked)
    except TypeError:
        names = ", ".join(Key.__dataclass_fields__)
        raise InputError(f"a key is made of {names}; id and secret are needed") from None
    service.keys[key.access_key_id] = key
    return {"access_key_id": key.access_key_id, "account": key.account}


def post_templates(service: Service, given: Any) -> Any:
    """Register templates: code -> text with ``${name}`` where a parameter belongs."""
    service.templates.update({str(code): str(text) for code, text in _mapping(given).items()})
    return service.templates


def post_reset(service: Service, given: Any) -> Any:
    """Forget everything but the first keys; or, with ``what`` = ``requests``, only nonces, counts and used quotas."""
    what = _known(given or {}, "what").get("what", "all")
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
    ("POST", "reset"): post_reset,
}


def _mapping(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise InputError("a JSON object is needed")
    return dict(given)


def _known(given: Any, *names: str) -> dict[str, Any]:
    asked = _mapping(given)
    unknown = sorted(set(asked) - set(names))
    if unknown:
        raise InputError(f"there is no {', '.join(unknown)}; there are {', '.join(names)}")
    return asked


def _sent_at(message: Message) -> float:
    return message.sent_at
