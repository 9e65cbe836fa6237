"""The triggers against the emulator: every story ends in one event that tells it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.models.trigger import Trigger
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.triggers import dysms
from airflow_provider_dysms.triggers.dysms import UNREADABLE, DysmsMessageTrigger, DysmsSendDetailsTrigger, DysmsTrigger
from airflow_provider_dysms.waits.serialization import WaitResult, WaitSpec, pack
from airflow_provider_dysms.waits.targets import WatchedSendDetail, dump

CONN = {"dysms_conn_id": "dysms_default"}
PRIVACY = "a-privacy-key-of-its-own"
NUMBER = "139" + "00001111"
TODAY = dates.beijing_day(datetime.now(UTC))


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def message(ids: list[str], arguments: dict[str, Any], **more: Any) -> DysmsMessageTrigger:
    return DysmsMessageTrigger(message_ids=ids, **CONN, **arguments, **more)


def states(result: WaitResult) -> list[str]:
    return [result.reports[position].state.value for position in sorted(result.reports)]


def sealed(*watched: WatchedSendDetail, key: str = PRIVACY) -> str:
    return PrivacyKey(key).seal(dump(watched))


# What becomes of a message.


@pytest.mark.parametrize("state", ["delivered", "failed", "expired"])
@pytest.mark.parametrize("settles", [-1.0, 0.6])
def test_a_wait_ends_when_its_message_has(
    connect: Any, run: Any, spec: Any, international: Any, state: str, settles: float
) -> None:
    ids = international(state=state, settles_at=in_seconds(settles))
    (result,) = run(message(ids, spec()))
    assert (result.ended, states(result), result.error) == ("decided", [state], None)
    assert result.digest == "0123456789abcdef"


def test_one_of_many_is_enough_where_one_is_asked_for(connect: Any, run: Any, spec: Any, international: Any) -> None:
    ids = [*international(10, state="waiting"), *international(1), *international(3, state="waiting")]
    (result,) = run(message(ids, spec(14, needed=1)))
    assert result.ended == "decided"
    assert result.reports[10].state is State.DELIVERED


def test_until_all_final_waits_for_all(connect: Any, run: Any, spec: Any, international: Any) -> None:
    ids = [*international(), *international(settles_at=in_seconds(0.7), state="failed")]
    (result,) = run(message(ids, spec(2, needed=1, until_all_final=True)))
    assert (result.ended, states(result)) == ("decided", ["delivered", "failed"])


def test_what_the_service_does_not_know_is_missing_after_the_grace_period(connect: Any, run: Any, spec: Any) -> None:
    began = time.time()
    (result,) = run(message(["1", "2"], spec(2, grace_period=0.5, until_all_final=True)))
    assert (result.ended, states(result), result.absent) == ("decided", ["missing", "missing"], {0, 1})
    assert time.time() - began >= 0.5


def test_what_appears_within_the_grace_period_is_not_missing(
    connect: Any, run: Any, spec: Any, international: Any
) -> None:
    ids = international(visible_at=in_seconds(0.6))
    (result,) = run(message(ids, spec()))
    assert (result.ended, states(result), result.absent) == ("decided", ["delivered"], frozenset())


def test_at_the_deadline_every_open_message_is_asked_and_all_that_is_known_is_told(
    connect: Any, run: Any, spec: Any, international: Any, emulator: Emulator
) -> None:
    ids = [*international(state="waiting"), *international(), "7", *international(settles_at=in_seconds(0.75))]
    # The gap is longer than the wait: the last message is only seen delivered because of the look at the deadline.
    arguments = spec(4, lasts=1.0, poke_interval=60, max_poke_interval=60, grace_period=60, limit="execution_timeout")
    (result,) = run(message(ids, arguments))
    assert (result.ended, result.limit) == ("timeout", "execution_timeout")
    assert {position: report.state.value for position, report in result.reports.items()} == {
        0: "waiting",
        1: "delivered",
        3: "delivered",
    }
    assert result.absent == {2}
    assert emulator.requests()["QueryMessage"]["requests"] == 4


def test_after_its_deadline_it_asks_once_and_ends(
    connect: Any, run: Any, spec: Any, international: Any, emulator: Emulator
) -> None:
    now = time.time()
    arguments = spec(3, started_at=now - 100, asked_at=now - 90, deadline=now - 50)
    (result,) = run(message(international(3, state="waiting"), arguments))
    assert (result.ended, states(result)) == ("timeout", ["waiting"] * 3)
    assert emulator.requests()["QueryMessage"]["requests"] == 3


def test_what_is_known_already_is_not_asked_and_can_decide_it(run: Any, spec: Any) -> None:
    from airflow_provider_dysms.model.reports import Report

    known = pack({0: Report.from_list(["delivered", "DELIVERED", 1, 2])})
    (result,) = run(message(["1"], spec(known=known), ignored="nobody is asked, and no connection exists"))
    assert (result.ended, states(result)) == ("decided", ["delivered"])


def test_a_thousand_messages_in_one_trigger(
    another_login: Any, run: Any, spec: Any, international: Any, emulator: Emulator
) -> None:
    emulator.quotas(QueryMessage=3000)
    another_login(quota={"QueryMessage": 3000})
    ids = international(1000, settles_at=in_seconds(1.0))
    (result,) = run(message(ids, spec(1000, needed=950, until_all_final=True, poke_interval=0.5)))
    assert result.ended == "decided"
    assert states(result) == ["delivered"] * 1000
    assert len(json.dumps(result.payload())) < 100_000


# Mainland messages.


def test_mainland_messages_are_found_by_number_and_request(
    connect: Any, run: Any, spec: Any, emulator: Emulator
) -> None:
    connect(extra={"privacy_secret": PRIVACY})
    ours = emulator.add_message(phone_number=NUMBER, state="failed", error_code="MK:0001", out_id="ours")
    emulator.add_message(phone_number=NUMBER, out_id="another", biz_id="another^0")
    token = sealed(
        WatchedSendDetail(NUMBER, TODAY, ours["biz_id"], "ours"),
        WatchedSendDetail(NUMBER, TODAY, None, "another"),
    )
    (result,) = run(DysmsSendDetailsTrigger(sealed=token, **CONN, **spec(2, until_all_final=True)))
    assert (result.ended, states(result)) == ("decided", ["failed", "delivered"])
    assert result.reports[0].error_code == "MK:0001"


@pytest.mark.parametrize(("sent_on", "dated"), [(-1, 0), (-1, -1), (0, -1)])
def test_a_message_of_midnight_is_found_whichever_day_it_is_dated(
    connect: Any, run: Any, spec: Any, emulator: Emulator, sent_on: int, dated: int
) -> None:
    connect(extra={"privacy_secret": PRIVACY})
    midnight = dates.day_start(TODAY + timedelta(days=max(sent_on, dated)))
    instant = midnight + timedelta(seconds=1 if dated >= sent_on and dated == 0 else -2)
    emulator.add_message(phone_number=NUMBER, out_id="ours", sent_at=instant.isoformat())
    token = sealed(WatchedSendDetail(NUMBER, TODAY + timedelta(days=sent_on), None, "ours"))
    (result,) = run(DysmsSendDetailsTrigger(sealed=token, **CONN, **spec()))
    assert (result.ended, states(result)) == ("decided", ["delivered"])


ONE = WatchedSendDetail(NUMBER, TODAY, None, "x")
WRONG: dict[str, tuple[Any, str | None, str]] = {
    "of another key": (sealed(ONE, key="another-key-than-theirs"), PRIVACY, "token"),
    "no token": ("no token", PRIVACY, "token"),
    "no key": (sealed(ONE), None, "privacy_secret"),
    "not a row": (PrivacyKey(PRIVACY).seal(b'[["1"]]'), PRIVACY, UNREADABLE),
    "not JSON": (PrivacyKey(PRIVACY).seal(b"no json"), PRIVACY, UNREADABLE),
    "of fewer": (sealed(), PRIVACY, UNREADABLE),
    "none": (None, PRIVACY, UNREADABLE),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_unsealed_is_refused_with_the_reason(
    connect: Any, run: Any, spec: Any, emulator: Emulator, what: str
) -> None:
    token, key, reason = WRONG[what]
    connect(extra={"privacy_secret": key})
    (result,) = run(DysmsSendDetailsTrigger(sealed=token, **CONN, **spec()))
    assert (result.ended, result.is_lasting) == ("refused", True)
    assert reason in str(result.error)
    assert NUMBER not in str(result.error)
    assert emulator.requests() == {}


# Trouble.

PASSES: dict[str, dict[str, Any]] = {
    "503": {"kind": "status", "status": 503},
    "reset": {"kind": "reset"},
    "html": {"kind": "html", "status": 502},
    "truncated": {"kind": "truncated"},
    "stall": {"kind": "stall", "seconds": 3},
    "a limit of the account": {"kind": "business"},
    "a nonce that was seen": {"kind": "status", "status": 400, "code": "SignatureNonceUsed"},
}


@pytest.mark.parametrize("fault", PASSES)
def test_what_passes_ends_no_wait(
    connect: Any, run: Any, spec: Any, international: Any, emulator: Emulator, fault: str
) -> None:
    connect(extra={"timeout": 0.2})
    ids = international(2)
    emulator.fault(action="QueryMessage", times=3, **PASSES[fault])
    (result,) = run(message(ids, spec(2)))
    assert (result.ended, states(result)) == ("decided", ["delivered"] * 2)


@pytest.mark.parametrize("fault", ["503", "a limit of the account"])
def test_a_question_is_tried_once_and_asked_again_in_the_rhythm_of_the_wait(
    connect: Any, run: Any, spec: Any, international: Any, emulator: Emulator, fault: str
) -> None:
    emulator.fault(action="QueryMessage", **{**PASSES[fault], "times": None})
    (result,) = run(message(international(), spec(lasts=0.4, poke_interval=0.25, max_poke_interval=0.25)))
    assert result.ended == "timeout"
    assert emulator.requests()["QueryMessage"]["requests"] <= 2  # after the gap, and at the deadline


def test_a_plan_without_gaps_does_not_spin(
    connect: Any, run: Any, spec: Any, international: Any, emulator: Emulator
) -> None:
    arguments = spec(lasts=0.5, poke_interval=0.0, max_poke_interval=0)
    (result,) = run(message(international(state="waiting"), arguments))
    assert result.ended == "timeout"
    assert emulator.requests()["QueryMessage"]["requests"] <= 12


LASTS: dict[str, tuple[dict[str, Any], str]] = {
    "permission": ({"kind": "business", "code": "isv.RAM_PERMISSION_DENY"}, "RAM_PERMISSION_DENY"),
    "unknown action": ({"kind": "status", "status": 404, "code": "InvalidAction.NotFound"}, "InvalidAction.NotFound"),
    "parameter": ({"kind": "business", "code": "isv.INVALID_PARAMETERS"}, "INVALID_PARAMETERS"),
    "no such key": ({"kind": "status", "status": 404, "code": "InvalidAccessKeyId.NotFound"}, "InvalidAccessKeyId"),
}


@pytest.mark.parametrize("fault", LASTS)
@pytest.mark.parametrize("count", [1, 3])
def test_what_lasts_ends_a_wait_at_once_with_the_reason(
    connect: Any, run: Any, spec: Any, international: Any, emulator: Emulator, fault: str, count: int
) -> None:
    what, reason = LASTS[fault]
    emulator.fault(action="QueryMessage", times=None, **what)
    (result,) = run(message(international(count), spec(count)))
    assert (result.ended, result.is_lasting) == ("refused", True)
    assert reason in str(result.error)
    assert emulator.requests()["QueryMessage"]["requests"] <= count


def test_what_was_known_before_a_refusal_is_told(
    connect: Any, run: Any, spec: Any, international: Any, emulator: Emulator
) -> None:
    delivered, waiting = international(), international(state="waiting")
    emulator.fault("business", code="isv.RAM_PERMISSION_DENY", times=None, where={"MessageId": waiting[0]}, skip=1)
    (result,) = run(message([*delivered, *waiting], spec(2)))
    assert (result.ended, states(result)) == ("refused", ["delivered", "waiting"])
    assert str(result.error).startswith("message 1: ")


def test_throttling_fails_nobody(
    another_login: Any, run: Any, spec: Any, international: Any, emulator: Emulator
) -> None:
    emulator.quotas(QueryMessage=10)  # and we believe that it is 300
    ids = international(40)
    results = run(*(message([each], spec(lasts=60)) for each in ids))
    assert {result.ended for result in results} == {"decided"}
    asked = emulator.requests()["QueryMessage"]
    assert asked["throttled"] > 0
    assert asked["requests"] == 40 + asked["throttled"]


def test_a_service_that_refuses_everything_is_asked_seldom(
    another_login: Any, run: Any, spec: Any, international: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dysms, "LAST_POLL_SECONDS", 1.0)
    emulator.fault("throttle", action="QueryMessage", times=None)
    ids = international(100, state="waiting")
    results = run(*(message([each], spec(lasts=3)) for each in ids[:50]), message(ids[50:], spec(50, lasts=3)))
    assert {result.ended for result in results} == {"timeout"}
    assert emulator.requests()["QueryMessage"]["requests"] < 60


def test_waits_survive_a_service_that_is_gone_for_a_while_and_ask_it_seldom(
    connect: Any, wire: Any, spec: Any, international: Any
) -> None:
    ids = international(30)

    async def story() -> list[Any]:
        async with wire:
            connect(port=wire.port)
            emulator_is_away = wire.cut()
            triggers = [message([each], spec(lasts=60)) for each in ids]
            await emulator_is_away
            running = [asyncio.create_task(anext(trigger.run())) for trigger in triggers]
            await asyncio.sleep(2)
            assert not any(task.done() for task in running)
            await wire.restore()
            began = time.monotonic()
            events = await asyncio.gather(*running)
            assert time.monotonic() - began < 10
            assert wire.connects <= 32
            return events

    for event in asyncio.run(story()):
        assert states(WaitResult.restore(event.payload)) == ["delivered"]


def test_connections_that_die_between_two_questions_are_made_anew(
    connect: Any, wire: Any, spec: Any, international: Any
) -> None:
    (message_id,) = international(settles_at=in_seconds(1.2))

    async def story() -> Any:
        async with wire:
            connect(port=wire.port)
            running = asyncio.create_task(anext(message([message_id], spec()).run()))
            for _ in range(3):
                await asyncio.sleep(0.25)
                await wire.cut()
                await wire.restore()
            return await running

    assert states(WaitResult.restore(asyncio.run(story()).payload)) == ["delivered"]


def test_two_triggerers_at_once_tell_the_same(connect: Any, run: Any, spec: Any, international: Any) -> None:
    ids = [*international(3), *international(2, state="failed"), *international(settles_at=in_seconds(0.5))]
    arguments = spec(6, needed=5, until_all_final=True)
    first, second = run(message(ids, arguments), message(ids, arguments))
    assert first.payload() == second.payload()
    assert states(first) == ["delivered"] * 3 + ["failed"] * 2 + ["delivered"]


# What Airflow stores and shows.


def stored_size(trigger: DysmsTrigger) -> int:
    return len(Trigger.encrypt_kwargs(trigger.serialize()[1]))


def reports(count: int) -> str:
    from airflow_provider_dysms.model.reports import Report

    codes = ["DELIVERED", "MK:0001", "UNDELIV", "MI:0010", "EXPIRED"]
    return pack(
        {
            place: Report.from_list(
                ["delivered", codes[place % 5], 1_780_000_000 + place * 7, 1_780_000_003 + place * 11]
            )
            for place in range(count)
        }
    )


def test_a_thousand_messages_fit_into_what_mysql_keeps(spec: Any) -> None:
    ids = [f"{1795312028 + place}{place:06d}" for place in range(1000)]
    assert stored_size(message(ids, spec(1000, known=reports(999)))) < 64_000
    days = [
        WatchedSendDetail(f"139{place * 91193 % 10**8:08d}", TODAY, f"{place * 7919:020d}^0", "o")
        for place in range(1000)
    ]
    whole = DysmsSendDetailsTrigger(sealed=sealed(*days), **CONN, **spec(1000, known=reports(999)))
    assert stored_size(whole) < 64_000


def test_arguments_survive_the_way_through_airflows_database(spec: Any) -> None:
    first = message(["1", "2"], spec(2), of_a_later_release={"kept": [1, None, True]})
    classpath, arguments = first.serialize()
    assert classpath == "airflow_provider_dysms.triggers.dysms.DysmsMessageTrigger"
    again = Trigger._decrypt_kwargs(Trigger.encrypt_kwargs(arguments))
    assert DysmsMessageTrigger(**again).serialize() == first.serialize()
    assert WaitSpec.restore(again) == WaitSpec.restore(arguments)


class Derived(DysmsMessageTrigger):
    """A subclass that somebody makes."""


def test_a_subclass_is_stored_as_itself() -> None:
    assert Derived().serialize()[0].endswith("Derived")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
EMPTY = WaitSpec(digest="", count=1, needed=1, started_at=0, asked_at=0, deadline=0)
NAMES = st.sampled_from([*EMPTY.stored(), "message_ids", "sealed", "dysms_conn_id"])


@pytest.mark.slow
@given(st.dictionaries(NAMES | st.text(max_size=8), JSON, max_size=16))
def test_no_constructor_raises_whatever_it_is_given(arguments: dict[str, Any]) -> None:
    for kind in (DysmsMessageTrigger, DysmsSendDetailsTrigger):
        trigger = kind(**arguments)
        assert trigger.serialize()[1] is not None
        assert kind.__name__ in repr(trigger)


@pytest.mark.slow
@given(name=NAMES, value=JSON, kind=st.sampled_from([DysmsMessageTrigger, DysmsSendDetailsTrigger]))
@example(name="limit", value="", kind=DysmsMessageTrigger)
@settings(max_examples=150)
def test_whatever_is_wrong_with_one_argument_there_is_one_event(
    session_connection: None, name: str, value: Any, kind: type[DysmsTrigger]
) -> None:
    now = time.time()
    arguments: dict[str, Any] = {
        **WaitSpec(digest="0" * 16, count=1, needed=1, started_at=now - 9, asked_at=now - 9, deadline=now - 1).stored(),
        "message_ids": ["1"],
        "sealed": sealed(WatchedSendDetail(NUMBER, TODAY, None, "x")),
        "dysms_conn_id": "of_triggers",
        "max_poke_interval": 0.1,
        name: value,
    }
    if name == "dysms_conn_id" or (name in ("deadline", "asked_at") and isinstance(value, int | float) and value > now):
        return  # it would wait until then

    async def story() -> list[Any]:
        trigger = kind(**arguments)
        return [event async for event in trigger.run()]

    (event,) = asyncio.run(story())
    assert WaitResult.restore(json.loads(json.dumps(event.payload))).ended in ("refused", "timeout", "decided")


@pytest.fixture(scope="module")
def session_connection(dysms_process: Emulator) -> Any:
    os.environ["AIRFLOW_CONN_OF_TRIGGERS"] = dysms_process.connection_json(quota_share=1, privacy_secret=PRIVACY)
    yield
    del os.environ["AIRFLOW_CONN_OF_TRIGGERS"]


def test_nothing_of_ours_names_a_number_or_a_token(
    connect: Any, spec: Any, emulator: Emulator, logged: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    connect(extra={"privacy_secret": PRIVACY})
    emulator.add_message(phone_number=NUMBER, state="failed", error_code=NUMBER, out_id="ours")
    emulator.fault("status", action="QuerySendDetails", status=503)
    token = sealed(WatchedSendDetail(NUMBER, TODAY, None, "ours"))
    trigger = DysmsSendDetailsTrigger(sealed=token, **CONN, **spec(known=reports(0)))

    async def story() -> Any:
        return await anext(trigger.run())

    event = asyncio.run(story())
    for shown in (repr(trigger), str(event), json.dumps(event.payload), *logged, "".join(capfd.readouterr())):
        assert NUMBER not in shown
        assert token not in shown
        assert token[10:40] not in shown
    assert any("Watching 1 message(s)" in line for line in logged)
    assert any("The wait has ended (decided): 1 failed" in line for line in logged)


def test_a_repr_shows_few_ids_or_a_digest(spec: Any) -> None:
    assert repr(message(["17", "18"], spec(2))) == (
        "<DysmsMessageTrigger: message(s) 17, 18, connection 'dysms_default'>"
    )
    many = repr(message([str(place) for place in range(1000)], spec(1000)))
    assert many == "<DysmsMessageTrigger: 1000 message(s), digest 0123456789abcdef, connection 'dysms_default'>"


@pytest.mark.slow
def test_importing_the_triggers_is_light() -> None:
    """The triggerer imports them on its event loop, next to every other trigger."""
    code = (
        "import sys, airflow.triggers.base; before = set(sys.modules); import airflow_provider_dysms.triggers.dysms;"
        "print('\\n'.join(set(sys.modules) - before))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    new = set(ran.stdout.split())
    assert "airflow_provider_dysms.triggers.dysms" in new
    heavy = ("phonenumbers", "httptools", "airflow_provider_dysms.api.client", "airflow_provider_dysms.hooks")
    assert not [name for name in new if name.startswith(heavy)]


def test_a_last_look_has_a_bounded_time(
    connect: Any, run: Any, spec: Any, international: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dysms, "LAST_POLL_SECONDS", 0.3)
    ids = international(2)
    emulator.fault("stall", action="QueryMessage", seconds=20, where={"MessageId": ids[1]}, times=None)
    (result,) = run(message(ids, spec(2, lasts=0.3)))
    assert (result.ended, states(result)) == ("timeout", ["delivered"])


def test_what_is_certain_stays_so_although_the_last_message_cannot_be_asked(
    connect: Any, run: Any, spec: Any, international: Any, emulator: Emulator
) -> None:
    ids = [*international(3), *international(1, state="waiting")]
    emulator.fault(
        "business", action="QueryMessage", code="MOBILE_NUMBER_ILLEGAL", where={"MessageId": ids[3]}, times=None, skip=2
    )
    how = spec(4, needed=3, until_all_final=True)
    (result,) = run(DysmsMessageTrigger(message_ids=ids, dysms_conn_id="dysms_default", **how))
    assert result.ended == "decided"
    assert [result.reports[place].state.value for place in range(3)] == ["delivered"] * 3


def test_a_privacy_key_that_was_edited_since_the_connection_was_read_is_picked_up(
    connect: Any, run: Any, spec: Any, emulator: Emulator, international: Any
) -> None:
    watched = WatchedSendDetail("139" + "00001111", TODAY, "1^0", None)
    emulator.add_message(phone_number=watched.phone_number, biz_id="1^0")

    async def story() -> None:
        connect(extra={"privacy_secret": "the first key of all"})
        (pending,) = international(state="waiting")
        long = DysmsMessageTrigger(message_ids=[pending], dysms_conn_id="dysms_default", **spec())
        running = asyncio.create_task(anext(long.run()))
        await asyncio.sleep(0.3)
        connect(extra={"privacy_secret": "another key than that"})
        sealed = PrivacyKey("another key than that").seal(dump([watched]))
        trigger = DysmsSendDetailsTrigger(sealed=sealed, dysms_conn_id="dysms_default", **spec())
        (event,) = [event async for event in trigger.run()]
        assert event.payload["ended"] == "decided"
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(story())
