"""The fixtures: one emulator for each process of pytest, reset for each test, and what a test needs around it."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.testing.clock import DysmsClock
from airflow_provider_dysms.testing.seeded_day import DysmsDay, seed_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

#: Extras of the connections, unless the marker ``dysms_connection`` says otherwise. The emulator's account has no other
#: user, so that it may use the whole quota; tests of hashed numbers and of waits need a secret.
CONNECTION_EXTRAS = {"quota_share": 1, "privacy_secret": "a-secret-of-the-tests"}

_MARKERS = (
    "dysms_day(messages=200, seed=1, days_ago=1, **options): the day of the fixture dysms_day; options are those of "
    "Emulator.generate",
    "dysms_connection(**extra): extras of the connections of the fixture dysms_connection",
    "dysms_options(*options): further options of the emulator's command line, such as --tls",
)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.fixture(scope="session")
def dysms_options() -> Sequence[str]:
    """Options of the emulator's command line; a ``conftest.py`` or a test file replaces this fixture to change them.

    Here a key opens both sites, mainland and international, so that one connection is enough for a test.
    """
    return ("--switch", "sites=joined")


@pytest.fixture(scope="session")
def dysms_processes() -> Iterator[Callable[..., Emulator]]:
    """Starts an emulator with some options, once for the whole run; with pytest-xdist, once for each worker."""
    started: dict[tuple[str, ...], Emulator] = {}
    with ExitStack() as running:

        def start(*options: str) -> Emulator:
            if options not in started:
                started[options] = running.enter_context(Emulator.start(*options))
            return started[options]

        yield start


@pytest.fixture(scope="session")
def dysms_process(dysms_options: Sequence[str], dysms_processes: Callable[..., Emulator]) -> Emulator:
    """The emulator with ``dysms_options``, for fixtures that outlive a test. Tests use :func:`dysms`."""
    return dysms_processes(*dysms_options)


@pytest.fixture
def dysms(
    dysms_options: Sequence[str], dysms_processes: Callable[..., Emulator], request: pytest.FixtureRequest
) -> Emulator:
    """An emulator without messages, faults and changed switches, whose clock is the machine's.

    The marker ``dysms_options`` adds options for a test: ``@pytest.mark.dysms_options("--tls")``.
    """
    added = [option for mark in request.node.iter_markers("dysms_options") for option in mark.args]
    emulator = dysms_processes(*dysms_options, *added)
    emulator.reset()
    return emulator


@pytest.fixture
def dysms_clock(dysms: Emulator) -> DysmsClock:
    """The clock of the emulator, with which messages get their receipts and days leave the window."""
    return DysmsClock(dysms)


@pytest.fixture
def dysms_day(dysms: Emulator, request: pytest.FixtureRequest, tmp_path: Path) -> DysmsDay:
    """A day with messages, the send log of who sent them, and the verdict on each of them.

    The marker ``dysms_day`` changes the day: ``@pytest.mark.dysms_day(messages=1_000, failed=0.5)``.
    """
    options: dict[str, Any] = {"messages": 200, "seed": 1, **_arguments(request, "dysms_day")}
    today = dates.beijing_day(datetime.now(UTC))
    return seed_day(dysms, today - timedelta(days=options.pop("days_ago", 1)), tmp_path, options)


@pytest.fixture
def dysms_connection(dysms: Emulator, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The connections ``dysms_default`` and ``dysms_international`` to the emulator; the id of the first.

    The marker ``dysms_connection`` changes their extras: ``@pytest.mark.dysms_connection(quota_share=0.5)``.
    """
    extra = {**CONNECTION_EXTRAS, **_arguments(request, "dysms_connection")}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", dysms.connection_json(**extra))
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_INTERNATIONAL", dysms.connection_json(dysms.international, **extra))
    return "dysms_default"


def _arguments(request: pytest.FixtureRequest, marker: str) -> dict[str, Any]:
    """Return the keyword arguments of a marker; those of the test go before those of its class and module."""
    return {
        name: value for mark in reversed(list(request.node.iter_markers(marker))) for name, value in mark.kwargs.items()
    }
