"""The connection of the waits: rarely looked up, replaced when it is edited, and kept through an outage of Airflow."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airflow.sdk.bases.hook import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.triggers.dysms import DysmsMessageTrigger, _read_connection
from airflow_provider_dysms.waits.polling import client_source
from airflow_provider_dysms.waits.polling.client_source import (
    MISSING_LOOKUP_PAUSE,
    MISSING_LOOKUPS,
    REREAD_INTERVAL,
    ClientSource,
)
from airflow_provider_dysms.waits.wait import WaitAborted

Define = Callable[..., None]


class Lookups:
    """Airflow's own look-up, counted, and failing when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.threads: set[str] = set()
        self.errors: list[Exception | None] = []
        real = BaseHook.get_connection

        def look_up(conn_id: str) -> Any:
            self.count += 1
            self.threads.add(threading.current_thread().name)
            if error := self.errors.pop(0) if self.errors else None:
                raise error
            return real(conn_id)

        monkeypatch.setattr(BaseHook, "get_connection", staticmethod(look_up))


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> Lookups:
    return Lookups(monkeypatch)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pauses of hundredths of a second."""
    monkeypatch.setattr(client_source, "MISSING_LOOKUP_PAUSE", 0.05)
    monkeypatch.setattr(client_source, "MIN_PAUSE", 0.02)
    monkeypatch.setattr(client_source, "MAX_PAUSE", 0.1)
    return


def skipping(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return what lets the clock of the running loop jump ahead, by seconds."""
    loop, skipped = asyncio.get_running_loop(), 0.0
    real = loop.time

    def skip(seconds: float) -> None:
        nonlocal skipped
        skipped += seconds

    monkeypatch.setattr(loop, "time", lambda: real() + skipped)
    return skip


def not_defined() -> AirflowNotFoundException:
    return AirflowNotFoundException("The conn_id `dysms_default` isn't defined")


def test_not_defined_is_believed_after_a_minute() -> None:
    assert (MISSING_LOOKUPS - 1) * MISSING_LOOKUP_PAUSE == 60


def test_look_ups_happen_in_a_thread_and_once_for_all_waits(connect: Define, lookups: Lookups) -> None:
    async def story() -> None:
        shared = ClientSource("dysms_default", _read_connection)
        await asyncio.gather(*(shared.open() for _ in range(50)))
        for _ in range(50):
            await shared.refresh()
        await shared.aclose()

    asyncio.run(story())
    assert lookups.count == 1
    assert threading.main_thread().name not in lookups.threads


def test_a_connection_that_three_look_ups_do_not_find_ends_every_wait(
    lookups: Lookups, run: Any, spec: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough that all waits have ended before another look-up may happen, on a busy machine too.
    monkeypatch.setattr(client_source, "MISSING_LOOKUP_PAUSE", 1.0)
    triggers = [DysmsMessageTrigger(message_ids=["1"], dysms_conn_id="nobody", **spec()) for _ in range(20)]
    results = run(*triggers)
    assert lookups.count == 3
    assert {result.ended for result in results} == {"refused"}
    assert "'nobody' is not defined" in str(results[0].error)
    assert not results[0].is_lasting  # somebody may have defined it by the next try


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    "errors",
    [
        [not_defined(), not_defined()],
        [RuntimeError("the API server is down")] * 7,
        [not_defined(), OSError("no route"), not_defined(), TimeoutError()],
    ],
)
def test_a_short_outage_ends_no_wait(
    connect: Define, lookups: Lookups, run: Any, spec: Any, international: Any, errors: list[Exception]
) -> None:
    lookups.errors = list(errors)
    (result,) = run(DysmsMessageTrigger(message_ids=international(), dysms_conn_id="dysms_default", **spec()))
    assert result.ended == "decided"
    assert lookups.count == len(errors) + 1


def test_an_outage_that_outlasts_the_wait_ends_it_in_time(
    connect: Define, lookups: Lookups, run: Any, spec: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_dysms.triggers.dysms.LAST_POLL_SECONDS", 0.2)
    lookups.errors = [RuntimeError("down")] * 100
    (result,) = run(DysmsMessageTrigger(message_ids=["1"], dysms_conn_id="dysms_default", **spec(lasts=0.2)))
    assert result.ended == "timeout"
    assert lookups.count < 5


def test_a_connection_that_is_wrong_ends_every_wait_at_once_with_the_reason(
    connect: Define, lookups: Lookups, run: Any, spec: Any
) -> None:
    connect(login="has a blank")
    results = run(*(DysmsMessageTrigger(message_ids=["1"], dysms_conn_id="dysms_default", **spec()) for _ in range(9)))
    assert lookups.count == 1
    for result in results:
        assert result.ended == "refused"
        assert result.is_lasting
        assert "login" in str(result.error)
        assert "dysms_default" in str(result.error)


def test_it_is_read_again_after_a_while_and_an_edit_is_noticed(
    connect: Define, lookups: Lookups, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        skip = skipping(monkeypatch)
        shared = ClientSource("dysms_default", _read_connection)
        await shared.open()
        first = shared.lease()
        skip(REREAD_INTERVAL)
        await asyncio.gather(*(shared.refresh() for _ in range(20)))
        assert lookups.count == 2
        same = shared.lease()
        assert same is first  # nothing was edited
        await shared.release(same)
        connect(extra={"quota_share": 0.5})
        skip(REREAD_INTERVAL)
        await shared.refresh()
        edited = shared.lease()
        assert edited is not first
        assert edited.client.settings.quota_share == 0.5
        await shared.release(edited)
        await shared.release(first)
        assert lookups.count == 3
        await shared.aclose()

    asyncio.run(story())


@pytest.mark.parametrize("again", [RuntimeError("down"), not_defined(), None])
def test_if_reading_again_fails_the_previous_settings_stay(
    connect: Define, lookups: Lookups, monkeypatch: pytest.MonkeyPatch, again: Exception | None, logged: list[str]
) -> None:
    async def story() -> None:
        skip = skipping(monkeypatch)
        shared = ClientSource("dysms_default", _read_connection)
        await shared.open()
        lookups.errors = [again] * 9 if again else []
        if again is None:
            connect(login="has a blank")
        skip(REREAD_INTERVAL)
        for _ in range(9):  # the pause after a failed look-up holds for all waits
            await shared.refresh()
        assert shared.lease().client.settings.credentials.access_key_id == "LTAI5tEmulator"
        assert lookups.count == 2
        await shared.aclose()

    asyncio.run(story())
    if again is None:
        assert any("has become unusable" in line for line in logged)


def test_a_connection_that_was_deleted_ends_the_waits_when_three_look_ups_agree(
    connect: Define, lookups: Lookups, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        skip = skipping(monkeypatch)
        shared = ClientSource("dysms_default", _read_connection)
        await shared.open()
        monkeypatch.setattr(client_source, "REREAD_INTERVAL", 0.0)
        lookups.errors = [not_defined() for _ in range(4)]
        await shared.refresh()
        await shared.refresh()  # within the pause
        assert lookups.count == 2
        skip(MISSING_LOOKUP_PAUSE)
        await shared.refresh()
        skip(MISSING_LOOKUP_PAUSE)
        for _ in range(5):
            with pytest.raises(WaitAborted, match="not defined"):
                await shared.refresh()
        assert lookups.count == 4
        skip(MISSING_LOOKUP_PAUSE)
        lookups.errors = []
        await shared.refresh()  # it is back
        await shared.aclose()

    asyncio.run(story())


def test_a_wrong_secret_ends_all_waits_at_once_with_the_reason(
    connect: Define, lookups: Lookups, run: Any, spec: Any, international: Any, emulator: Emulator
) -> None:
    connect(password="wrong")
    (message_id,) = international()
    many = [DysmsMessageTrigger(message_ids=[message_id], dysms_conn_id="dysms_default", **spec()) for _ in range(30)]
    for result in run(*many):
        assert result.ended == "refused"
        assert result.is_lasting
        assert "SignatureDoesNotMatch" in str(result.error)
    assert lookups.count <= 4  # one to begin with, and one for those that were refused together
    assert emulator.requests()["QueryMessage"]["requests"] <= 30


def test_a_secret_that_is_corrected_meanwhile_is_used(
    connect: Define, lookups: Lookups, run: Any, spec: Any, international: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(password="wrong")
    real, ids = BaseHook.get_connection, international(3)

    def look_up(conn_id: str) -> Any:
        found = real(conn_id)
        connect()  # edited right after it was read for the first time
        return found

    monkeypatch.setattr(BaseHook, "get_connection", staticmethod(look_up))
    (result,) = run(DysmsMessageTrigger(message_ids=ids, dysms_conn_id="dysms_default", **spec(3)))
    assert result.ended == "decided"
    assert len(result.reports) == 3
    assert lookups.count == 2


def test_secrets_that_change_with_every_reading_and_are_all_wrong_end_it_too(
    connect: Define, run: Any, spec: Any, monkeypatch: pytest.MonkeyPatch, emulator: Emulator
) -> None:
    real, readings = BaseHook.get_connection, iter(range(1000))

    def look_up(conn_id: str) -> Any:
        connect(password=f"wrong-{next(readings)}")
        return real(conn_id)

    monkeypatch.setattr(BaseHook, "get_connection", staticmethod(look_up))
    (result,) = run(DysmsMessageTrigger(message_ids=["1"], dysms_conn_id="dysms_default", **spec()))
    assert result.ended == "refused"
    assert emulator.requests()["QueryMessage"]["requests"] < 10


def test_waits_that_follow_each_other_need_one_look_up_and_leave_no_client(
    connect: Define, lookups: Lookups, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        shared = ClientSource("dysms_default", _read_connection)
        for _ in range(5):
            await shared.open()
            assert shared.is_open
            await shared.aclose()
            assert not shared.is_open
        assert lookups.count == 1
        monkeypatch.setattr(client_source, "REREAD_INTERVAL", 0.0)
        await shared.open()
        assert lookups.count == 2
        await shared.aclose()

    asyncio.run(story())
