"""The page of sending details: the form and the table of the vendor's page, on our archive.

The form is always posted. Without a number in it, the answer leads to an address with the filters, which can be shared.
With one, the answer is the page itself, and its further pages are posted too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.requests import Request  # noqa: TC002 - FastAPI reads it
from starlette.responses import HTMLResponse, RedirectResponse, Response

from airflow_provider_dysms.archive.sending_details.filters.sending_results import RESULTS
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.phone_numbers.recognition import may_be_number
from airflow_provider_dysms.plugins.pages.form.details_form import LAST, PAGE_SIZES, DetailsForm
from airflow_provider_dysms.plugins.pages.form.request_body import read_form
from airflow_provider_dysms.plugins.pages.form.same_origin import check_origin
from airflow_provider_dysms.plugins.pages.page_server import QueryProblem, input_problem, server_of
from airflow_provider_dysms.plugins.pages.rendering.html import render
from airflow_provider_dysms.plugins.pages.rendering.language import choose_language
from airflow_provider_dysms.plugins.pages.rendering.texts import CATALOGUES
from airflow_provider_dysms.reports.sending_details.details_view import details_view
from airflow_provider_dysms.reports.sending_details.translated_sentences import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_dysms.plugins.pages.page_options import ArchiveOption, PageOptions
    from airflow_provider_dysms.reports.texts import Language


async def get_details(request: Request) -> Response:
    """Answer an address with filters, or without any."""
    return await _answer(request, request.query_params.multi_items())


async def post_details(request: Request) -> Response:
    """Answer a form."""
    check_origin(request, server_of(request).read_options().hosts)
    return await _answer(request, await read_form(request))


async def _answer(request: Request, fields: Sequence[tuple[str, str]]) -> Response:
    options = server_of(request).read_options()
    language = choose_language(request.headers.get("accept-language"))
    form, archive = DetailsForm(), options.archives[0] if options.archives else None
    try:
        form = DetailsForm.of(fields)
        archive = archive and options.archive(form.archive)
        form = form.with_archive("" if archive is None or archive == options.archives[0] else archive.name)
        if request.method == "POST" and not form.is_private:
            query = urlencode(form.fields())
            return RedirectResponse(f"details?{query}" if query else "details", 303)
        values = await _search(request, options, archive, form, language) if archive else {}
        status = 200
    except DysmsInputError as error:
        values, status = _problem(input_problem(error.argument, error.problem, language)), 400
    except QueryProblem as problem:
        values, status = _problem(problem), problem.status
    return _page(request, options, archive, form, language, status, **values)


async def _search(
    request: Request, options: PageOptions, archive: ArchiveOption, form: DetailsForm, language: Language
) -> dict[str, Any]:
    sees_numbers = options.show_numbers and request.state.visitor.reads_connections
    page = await server_of(request).ask(
        request,
        request.state.visitor,
        "find_details",
        options,
        archive,
        language,
        filters=form.filters(),
        show_numbers=sees_numbers,
    )
    cursor = page["next_cursor"]
    return {
        "view": details_view(page, shows_numbers=sees_numbers, shows_carried=sees_numbers),
        "notes": [translate(note, language) for note in page["notes"]],
        "warnings": _hints(form, language),
        "next": form.next_page(cursor) if cursor else None,
        "previous": form.previous_page(),
    }


def _hints(form: DetailsForm, language: Language) -> list[str]:
    """Return a sentence for each field that looks like a number and is not the field of the number."""
    texts = CATALOGUES[language]
    return [
        texts["looks_like_number"].format(field=texts[name], phone_number=texts["phone_number"])
        for name in ("template_code", "sign_name", "country", "error_code")
        if may_be_number(getattr(form, name))
    ]


def _problem(problem: QueryProblem) -> dict[str, Any]:
    return {"sentence": problem.sentence, "wrong": problem.field}


def _page(
    request: Request,
    options: PageOptions,
    archive: ArchiveOption | None,
    form: DetailsForm,
    language: Language,
    status: int,
    **values: Any,
) -> HTMLResponse:
    shown: dict[str, Any] = {"sentence": None, "wrong": None, **values}
    html = render(
        "details.html.j2",
        language,
        page="details",
        options=options,
        archive=archive,
        archive_query=archive_query(options, archive),
        form=form,
        results=RESULTS,
        lasts=(*LAST, ""),
        sizes=PAGE_SIZES,
        **shown,
    )
    return HTMLResponse(html, status)


def archive_query(options: PageOptions, archive: ArchiveOption | None) -> str:
    """Return the query that leads to an archive; nothing for the first one."""
    if archive is None or archive == options.archives[0]:
        return ""
    return "?" + urlencode({"archive": archive.name})
