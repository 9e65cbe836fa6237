"""The pages without Airflow, behind a login of the tests: the archives are those of ``support.page_archives``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send
from support.page_archives import SECRET, archives_option

from airflow_provider_dysms.plugins.pages.page_guard import PageGuard
from airflow_provider_dysms.plugins.pages.page_options import PageOptions, parse_archives
from airflow_provider_dysms.plugins.pages.page_server import PageServer
from airflow_provider_dysms.plugins.pages.routes import ROUTES, http_error
from airflow_provider_dysms.plugins.pages.visitor import Visitor
from airflow_provider_dysms.plugins.queries.query_limits import QueryLimits
from airflow_provider_dysms.plugins.queries.query_runner import QueryRunner

CONNECTION = '{"conn_type": "dysms", "login": "x", "password": "y", "extra": {"privacy_secret": "%s"}}' % SECRET  # noqa: UP031


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The option ``[dysms] archives``."""
    return archives_option(tmp_path_factory.mktemp("archives"))


@pytest.fixture(scope="session")
def query_runner() -> Iterator[QueryRunner]:
    """A runner of queries in processes."""
    runner = QueryRunner({**os.environ, "AIRFLOW_CONN_ARCHIVE_SECRET": CONNECTION}, QueryLimits(seconds=60))
    yield runner
    runner.close()


class LogAfterwards:
    """Logs the address of each request after its response, as servers do."""

    def __init__(self, app: ASGIApp, log: list[str]) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
        if scope["type"] == "http":
            self._log.append(f"{scope['path']} {scope.get('raw_path')!r} {scope['query_string']!r}")


@pytest.fixture
def make_client(archives: str, query_runner: QueryRunner) -> Iterator[Callable[..., TestClient]]:
    """Make a browser without a screen, for a visitor with a right or an option."""
    opened: list[TestClient] = []

    def make(
        *,
        reads_connections: bool = False,
        show_numbers: bool = False,
        archives: str = archives,
        runner: QueryRunner = query_runner,
        user: str = "someone",
        log: list[str] | None = None,
    ) -> TestClient:
        def read_options() -> PageOptions:
            return PageOptions(archives=parse_archives(archives), show_numbers=show_numbers)

        class Login(BaseHTTPMiddleware):
            async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
                request.state.visitor = Visitor(user_id=user, reads_connections=reads_connections)
                return await call_next(request)

        app = Starlette(
            routes=[Route(path, endpoint, methods=[method]) for path, method, endpoint in ROUTES],
            exception_handlers={404: http_error, 405: http_error},
        )
        app.state.pages = PageServer(read_options, runner)
        app.add_middleware(Login)
        served = LogAfterwards(Starlette(routes=[Mount("/dysms", PageGuard(app))]), [] if log is None else log)
        client = TestClient(served, base_url="http://testserver/dysms/", follow_redirects=True)
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def client(make_client: Callable[..., TestClient]) -> TestClient:
    """A visitor who may read assets, and no connections."""
    return make_client()


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder without an audited day."""
    return tmp_path_factory.mktemp("empty")
