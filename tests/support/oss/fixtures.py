"""Fixtures of the server, for the tests of several folders."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.oss.server import OSSServer, serving_oss


@pytest.fixture(scope="session")
def oss_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OSSServer]:
    with serving_oss(tmp_path_factory.mktemp("oss")) as server:
        yield server


@pytest.fixture
def oss(oss_server: OSSServer, monkeypatch: pytest.MonkeyPatch) -> OSSServer:
    """An empty bucket, and the connection ``oss_audits`` that leads to it."""
    oss_server.clear()
    monkeypatch.setenv("AIRFLOW_CONN_OSS_AUDITS", oss_server.connection_json())
    monkeypatch.setattr("airflow.sdk.io.store._STORE_CACHE", {})  # it keeps one file system for each connection id
    return oss_server
