"""The trigger of an AssetWatcher fires for new files of the archive, at least once for each."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, Asset, AssetWatcher
from airflow.serialization.serialized_objects import DagSerialization
from asgiref.sync import sync_to_async
from fsspec.implementations.local import LocalFileSystem

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.triggers import receipts
from airflow_provider_dysms.triggers.receipts import DysmsReceiptsTrigger


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "MIN_POLL_INTERVAL", 0.01)


def trigger(folder: Path, **arguments: Any) -> DysmsReceiptsTrigger:
    return DysmsReceiptsTrigger(receipts_uri=f"file://{folder}/*/*", poll_interval=0.01, **arguments)


def store(folder: Path, name: str) -> None:
    path = folder / "20261120" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(name)


async def next_event(events: Any) -> Any:
    return (await asyncio.wait_for(anext(events), 10)).payload


def test_each_new_file_is_in_an_event_and_an_old_one_is_not_again(tmp_path: Path) -> None:
    async def watch() -> None:
        events = trigger(tmp_path).run()
        store(tmp_path, "a")
        store(tmp_path, "b")
        assert (await next_event(events))["new_files"] == 2
        store(tmp_path, "c")
        first = await next_event(events)
        assert first["new_files"] == 1
        assert set(first) == {"new_files", "listed_at"}
        (tmp_path / "20261120/a").unlink()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(anext(events), 0.2)

    asyncio.run(watch())


def test_an_archive_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    async def watch() -> None:
        events = trigger(tmp_path).run()
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.1)
        store(tmp_path, "a")
        assert (await asyncio.wait_for(waiting, 10)).payload["new_files"] == 1

    asyncio.run(watch())


def test_a_restart_fires_once_for_what_is_there(tmp_path: Path) -> None:
    store(tmp_path, "a")

    async def watch() -> None:
        for _ in range(2):
            events = trigger(tmp_path).run()
            assert (await next_event(events))["new_files"] == 1
            await events.aclose()

    asyncio.run(watch())


def test_watchers_of_one_archive_share_a_listing_and_each_sees_every_file(tmp_path: Path) -> None:
    one, other = trigger(tmp_path), trigger(tmp_path)
    assert one.shared_stream_key() == other.shared_stream_key()
    assert one.shared_stream_key() != trigger(tmp_path / "x").shared_stream_key()

    async def listings() -> Any:
        for listed in ({b"a"}, {b"a", b"b"}, {b"a", b"b"}, {b"b"}, {b"b", b"c"}):
            yield frozenset(listed)

    async def watch() -> list[int]:
        return [event.payload["new_files"] async for event in one.filter_shared_stream(listings())]

    assert asyncio.run(watch()) == [1, 1, 1]


def test_an_archive_that_cannot_be_listed_ends_it_after_some_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    listings = []

    def refuse(_: Any, place: str, **__: Any) -> Any:
        listings.append(place)
        raise NotADirectoryError

    monkeypatch.setattr(LocalFileSystem, "info", refuse)

    async def watch() -> None:
        await anext(DysmsReceiptsTrigger(receipts_uri="file:///nowhere", poll_interval=0).run())

    with pytest.raises(DysmsInputError):
        asyncio.run(watch())
    assert len(listings) == receipts.MAX_FAILURES


def test_a_slow_store_does_not_hold_up_the_look_ups_of_other_triggers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answers, list_folder = threading.Event(), threading.Event(), LocalFileSystem.ls

    def list_slowly(*args: Any, **kwargs: Any) -> Any:
        asked.set()
        answers.wait(10)
        return list_folder(*args, **kwargs)

    monkeypatch.setattr(LocalFileSystem, "ls", list_slowly)
    store(tmp_path, "a")

    async def watch() -> None:
        waiting = asyncio.ensure_future(anext(trigger(tmp_path).run()))
        try:
            assert await asyncio.to_thread(asked.wait, 10)
            assert await asyncio.wait_for(sync_to_async(str)(5), 2) == "5"
            assert not waiting.done()
        finally:
            answers.set()
        assert (await asyncio.wait_for(waiting, 10)).payload["new_files"] == 1

    asyncio.run(watch())


def test_a_poll_interval_that_is_not_a_number_counts_as_the_shortest(tmp_path: Path) -> None:
    store(tmp_path, "a")

    async def watch() -> None:
        events = DysmsReceiptsTrigger(receipts_uri=f"file://{tmp_path}/*/*", poll_interval=float("nan")).run()
        await next_event(events)
        store(tmp_path, "b")
        assert (await next_event(events))["new_files"] == 1

    asyncio.run(watch())


@pytest.mark.parametrize("kwargs", [{}, {"receipts_uri": 5}, {"receipts_uri": "x", "later": 1}])
def test_its_constructor_never_raises_and_its_arguments_stay(kwargs: dict[str, Any]) -> None:
    made = DysmsReceiptsTrigger(**kwargs)
    path, stored = made.serialize()
    assert (path, stored) == ("airflow_provider_dysms.triggers.receipts.DysmsReceiptsTrigger", kwargs)
    assert "x" not in repr(made).replace("DysmsReceiptsTrigger", "")


def test_an_asset_takes_it_as_the_trigger_of_a_watcher(tmp_path: Path) -> None:
    asset = Asset("receipts", watchers=[AssetWatcher(name="archive", trigger=trigger(tmp_path))])
    with DAG("arrived", schedule=[asset]) as dag:
        pass
    (stored,) = DagSerialization.to_dict(dag)["dag"]["timetable"]["__var"]["asset_condition"]["objects"]
    path, arguments = trigger(tmp_path).serialize()
    assert stored["watchers"] == [{"name": "archive", "trigger": {"classpath": path, "kwargs": arguments}}]
