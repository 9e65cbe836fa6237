"""The pages behind Airflow's login: who may see them, and Airflow's options for them."""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_asset, requires_access_connection
from airflow.configuration import conf
from fastapi import Depends, FastAPI, HTTPException, Request
from starlette.exceptions import HTTPException as StarletteHTTPException

from airflow_provider_dysms.plugins.pages.page_guard import PageGuard
from airflow_provider_dysms.plugins.pages.page_options import PageOptions, parse_archives
from airflow_provider_dysms.plugins.pages.page_server import PageServer
from airflow_provider_dysms.plugins.pages.routes import ROUTES, http_error
from airflow_provider_dysms.plugins.pages.visitor import Visitor
from airflow_provider_dysms.plugins.queries.query_limits import QueryLimits
from airflow_provider_dysms.plugins.queries.query_runner import QueryRunner

if TYPE_CHECKING:
    from starlette.types import ASGIApp

SECTION = "dysms"

#: Lets the processes of queries find connections in Airflow's database, as the API server does.
_CONTEXT = {"_AIRFLOW_PROCESS_CONTEXT": "server"}

_may_read_connections = requires_access_connection(method="GET")


async def visit(request: Request, user: GetUserDep) -> None:
    """Note in the request who the visitor is; Airflow has checked the login by then."""
    try:
        checked: Any = _may_read_connections(request, user)
        if inspect.isawaitable(checked):  # as in Airflow 3.3; in 3.2 the check is a plain function
            await checked
        reads_connections = True
    except HTTPException:
        reads_connections = False
    request.state.visitor = Visitor(user_id=str(user.get_id()), reads_connections=reads_connections)


def make_app() -> ASGIApp:
    """Return the application. Each of its routes needs a login (401) and the right to read assets (403)."""
    app = FastAPI(
        dependencies=[Depends(requires_access_asset(method="GET")), Depends(visit)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.pages = PageServer(read_options, QueryRunner({**os.environ, **_CONTEXT}, _limits()))
    for path, method, endpoint in ROUTES:
        app.add_api_route(path, endpoint, methods=[method], response_model=None)
    app.add_exception_handler(StarletteHTTPException, http_error)
    return PageGuard(app)


def read_options() -> PageOptions:
    """Return the options of the pages.

    :raises DysmsInputError: one cannot be used
    """
    base = urlsplit(conf.get("api", "base_url", fallback=None) or "").netloc
    return PageOptions(
        archives=parse_archives(conf.get(SECTION, "archives", fallback=None) or ""),
        show_numbers=conf.getboolean(SECTION, "show_numbers", fallback=False),
        limits=_limits(),
        hosts=frozenset({base} - {""}),
    )


def _limits() -> QueryLimits:
    return QueryLimits(
        seconds=conf.getfloat(SECTION, "query_seconds", fallback=QueryLimits().seconds),
        megabytes=conf.getint(SECTION, "query_megabytes", fallback=QueryLimits().megabytes),
    )
