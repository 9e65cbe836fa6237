"""The page of the delivery report of a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.requests import Request  # noqa: TC002 - FastAPI reads it
from starlette.responses import HTMLResponse, Response

from airflow_provider_dysms.model.dates import DAY, beijing_day, parse_day
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.plugins.pages.details_page import archive_query
from airflow_provider_dysms.plugins.pages.page_server import QueryProblem, input_problem, server_of
from airflow_provider_dysms.plugins.pages.rendering.html import render, trusted
from airflow_provider_dysms.plugins.pages.rendering.language import choose_language

if TYPE_CHECKING:
    from datetime import date

    from airflow_provider_dysms.plugins.pages.page_options import ArchiveOption, PageOptions

#: Characters of a field.
_MAX_LENGTH = 100


async def get_report(request: Request) -> Response:
    """Answer an address with ``archive`` and ``day``, both optional: the first archive, and yesterday."""
    options = server_of(request).read_options()
    language = choose_language(request.headers.get("accept-language"))
    newest = beijing_day(datetime.now(UTC)) - DAY
    archive, day = options.archives[0] if options.archives else None, newest
    report, sentence, status = "", None, 200
    try:
        if archive:
            archive = options.archive(request.query_params.get("archive", "")[:_MAX_LENGTH])
            day = _day(request.query_params.get("day", ""), newest)
            result = await server_of(request).ask(
                request,
                request.state.visitor,
                "delivery_report",
                options,
                archive,
                language,
                day=day.isoformat(),
                language_of_report=language,
            )
            report = result["html"]
    except DysmsInputError as error:
        sentence, status = input_problem(error.argument, error.problem, language).sentence, 400
    except QueryProblem as problem:
        sentence, status = problem.sentence, problem.status
    html = render(
        "report.html.j2",
        language,
        page="report",
        options=options,
        archive=archive,
        archive_query=archive_query(options, archive),
        report=trusted(report),
        sentence=sentence,
        **_days(options, archive, day, newest),
    )
    return HTMLResponse(html, status)


def _day(text: str, newest: date) -> date:
    if not text:
        return newest
    day = parse_day(text[:_MAX_LENGTH], "day")
    if day > newest + DAY:
        raise DysmsInputError("day", "must not be in the future")
    return day


def _days(options: PageOptions, archive: ArchiveOption | None, day: date, newest: date) -> dict[str, Any]:
    return {
        "day": day,
        "newest": newest + DAY,
        "before": _address(options, archive, day - timedelta(days=1)),
        "after": _address(options, archive, day + timedelta(days=1)) if day <= newest else None,
    }


def _address(options: PageOptions, archive: ArchiveOption | None, day: date) -> str:
    named = {"archive": archive.name} if archive and archive != options.archives[0] else {}
    return "report?" + urlencode({**named, "day": day.isoformat()})
