"""The addresses of the pages, and sentences in place of errors."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request  # noqa: TC002 - FastAPI reads it
from starlette.responses import HTMLResponse, RedirectResponse, Response

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.plugins.pages.details_page import get_details, post_details
from airflow_provider_dysms.plugins.pages.page_guard import NUMBER_REMOVED
from airflow_provider_dysms.plugins.pages.page_problem import PageProblem
from airflow_provider_dysms.plugins.pages.rendering.html import render
from airflow_provider_dysms.plugins.pages.rendering.language import choose_language
from airflow_provider_dysms.plugins.pages.rendering.texts import CATALOGUES
from airflow_provider_dysms.plugins.pages.report_page import get_report
from airflow_provider_dysms.plugins.pages.static_files import get_static
from airflow_provider_dysms.plugins.queries.query_errors import place_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Endpoint = Callable[[Request], Awaitable[Response]]

log = logging.getLogger(__name__)

_TEXTS = {401: "login", 403: "forbidden", 404: "not_found", 405: "not_found"}


async def get_start(request: Request) -> Response:
    """Lead to the report."""
    return RedirectResponse(f"{request.scope.get('root_path', '')}/report", 303)


async def get_number_removed(request: Request) -> Response:
    """Say that the address held a number."""
    raise PageProblem(400, "number_in_address")


def guarded(endpoint: Endpoint) -> Endpoint:
    """Wrap an endpoint: an error becomes a sentence, and a request whose address held a number leads to another one."""

    @functools.wraps(endpoint)
    async def answer(request: Request) -> Response:
        if request.scope.get(NUMBER_REMOVED):
            return RedirectResponse(f"{request.scope.get('root_path', '')}/number-removed", 303)
        try:
            return await endpoint(request)
        except PageProblem as problem:
            return sentence_page(request, problem.status, problem.text)
        except DysmsInputError as error:  # of the options: those of a form are on the page of the form
            log.error("The options of the section [dysms] cannot be used: %s", error)
            return sentence_page(request, 503, "options", message=str(error))
        except HTTPException:
            raise
        except Exception as error:
            log.error("A page failed: %s.", place_of(error))
            return sentence_page(request, 500, "unexpected")

    return answer


#: Path -> method and endpoint.
ROUTES: tuple[tuple[str, str, Endpoint], ...] = (
    ("/", "GET", guarded(get_start)),
    ("/report", "GET", guarded(get_report)),
    ("/details", "GET", guarded(get_details)),
    ("/details", "POST", guarded(post_details)),
    ("/number-removed", "GET", guarded(get_number_removed)),
    ("/static/{name}", "GET", guarded(get_static)),
)


async def http_error(request: Request, error: Exception) -> Response:
    """Answer an HTTP error with a sentence."""
    assert isinstance(error, HTTPException)
    return sentence_page(request, error.status_code, _TEXTS.get(error.status_code, "unexpected"))


def sentence_page(request: Request, status: int, text: str, **parts: str) -> HTMLResponse:
    """Return a page with one sentence.

    :param text: name of the sentence, without its beginning ``problem_``
    """
    language = choose_language(request.headers.get("accept-language"))
    sentence = CATALOGUES[language][f"problem_{text}"].format(**parts)
    page = "details" if text == "number_in_address" else None
    return HTMLResponse(render("problem.html.j2", language, page=page, archive_query="", sentence=sentence), status)
