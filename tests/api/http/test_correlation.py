"""The memory of request ids, queries and response times, which shows that a response belongs to its request."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator

import pytest

from airflow_provider_dysms.api.http import correlation
from airflow_provider_dysms.api.http.correlation import OpenQueries, RequestIds, Silence
from airflow_provider_dysms.model.errors import DysmsMismatched


def test_an_id_that_came_before_is_refused_however_many_others_came_between() -> None:
    ids = RequestIds("h")
    for count in range(correlation.MAX_REQUEST_IDS):
        ids.check(f"id-{count}", is_first=False)
    for count in (0, 1, correlation.MAX_REQUEST_IDS - 1):
        with pytest.raises(DysmsMismatched):
            ids.check(f"id-{count}", is_first=False)


def test_ids_are_forgotten_in_the_end() -> None:
    ids = RequestIds("h")
    for count in range(correlation.MAX_REQUEST_IDS + 1):
        ids.check(f"id-{count}", is_first=False)
    ids.check("id-0", is_first=False)


@pytest.mark.parametrize("nothing", [None, "", 7, ["x"]])
def test_a_response_without_an_id_is_not_judged(nothing: object) -> None:
    ids = RequestIds("h")
    ids.check(nothing, is_first=False)
    ids.check(nothing, is_first=False)


def test_an_id_with_which_three_connections_begin_says_nothing_any_more(caplog: pytest.LogCaptureFixture) -> None:
    ids = RequestIds("h")
    with caplog.at_level(logging.WARNING):
        for _ in range(correlation.CONSTANT_AFTER - 1):
            ids.check("same", is_first=True)
            with pytest.raises(DysmsMismatched):
                ids.check("same", is_first=False)
        assert not caplog.records
        ids.check("same", is_first=True)
        for is_first in (True, False, False):
            ids.check("same", is_first=is_first)
    (record,) = caplog.records
    assert record.message.startswith("h gives every response the same request id")


def test_a_subject_of_which_something_else_was_asked_proves_nothing() -> None:
    subjects = OpenQueries()
    subjects.add("139", "monday")
    subjects.add("139", "monday")
    assert subjects.has_only("139", "monday")
    assert not subjects.has_only("138", "monday")
    subjects.add("139", "tuesday")
    subjects.add("139", "monday")
    assert not subjects.has_only("139", "monday")
    assert not subjects.has_only("139", "tuesday")


def test_no_more_subjects_are_remembered_than_the_most() -> None:
    subjects = OpenQueries()
    for count in range(correlation.MAX_OPEN_QUERIES + 1):
        subjects.add(str(count), "monday")
    assert not subjects.has_only("0", "monday")
    assert subjects.has_only("1", "monday")


def test_the_silence_follows_the_slowest_response_of_late_within_bounds() -> None:
    silence = Silence()
    assert silence.seconds == correlation.MIN_SILENCE
    silence.add(0.2)
    assert silence.seconds == pytest.approx(0.2 * correlation.SILENCE_FACTOR)
    silence.add(100)
    assert silence.seconds == correlation.MAX_SILENCE
    for _ in range(2000):
        silence.add(0.001)
    assert silence.seconds == correlation.MIN_SILENCE


def test_a_silence_counts_only_while_this_process_is_on_time() -> None:
    parts: list[float] = []

    async def listen(seconds: float) -> bool:
        parts.append(seconds)
        if len(parts) <= 2:
            time.sleep(seconds + 2 * correlation.MAX_DELAY)  # noqa: ASYNC251 - another task that keeps the loop busy
        return True

    silence = Silence()
    assert asyncio.run(silence.wait(listen))
    assert parts == [correlation.MIN_SILENCE / correlation.PARTS] * (correlation.PARTS + 2)


def test_a_silence_ends_with_what_comes_in_any_of_its_parts() -> None:
    for kept in range(correlation.PARTS):
        answers = iter([True] * kept + [False])

        async def listen(seconds: float, answers: Iterator[bool] = answers) -> bool:
            return next(answers)

        assert not asyncio.run(Silence().wait(listen))


def test_a_machine_that_is_never_on_time_listens_to_a_bounded_number_of_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correlation, "MAX_DELAY", float("-inf"))
    parts: list[float] = []

    async def listen(seconds: float) -> bool:
        parts.append(seconds)
        return True

    assert asyncio.run(Silence().wait(listen))
    assert len(parts) == correlation.MAX_PARTS
