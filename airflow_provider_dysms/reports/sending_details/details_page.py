"""Renders found messages as one page that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.archive.sending_details.filters.sending_results import RESULTS
from airflow_provider_dysms.model import validation
from airflow_provider_dysms.model.phone_numbers.redaction import mask_number
from airflow_provider_dysms.reports.html_templates import fill_page
from airflow_provider_dysms.reports.sending_details.details_view import clock, details_view, hide_number
from airflow_provider_dysms.reports.sending_details.texts import CATALOGUES
from airflow_provider_dysms.reports.sending_details.translated_sentences import translate
from airflow_provider_dysms.reports.texts import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_dysms.archive.sending_details.page import Page
    from airflow_provider_dysms.archive.sending_details.query import FindQuery
    from airflow_provider_dysms.model.choices import ReportLanguage

#: Filters that are texts, in the order of forms.
_FILTERS = ("template_code", "sign_name", "country", "error_code", "state")


def render_details(query: FindQuery, page: Page, *, language: ReportLanguage = "en", show_numbers: bool = False) -> str:
    """Return found messages as an HTML page, which contains its stylesheet, and a policy under which nothing is loaded.

    :param query: its filters are named at the top
    :param page: what :func:`~airflow_provider_dysms.archive.sending_details.find.find` returned for it
    :param language: ``en`` or ``zh``
    :param show_numbers: whether numbers and texts of messages are shown; otherwise numbers are masked, and a text that
        may be a number is hidden
    :raises DysmsInputError: the language is not one of the two
    """
    validation.word("language", language, LANGUAGES)
    texts = CATALOGUES[language]

    def text(name: str, **parts: object) -> str:
        return texts[name].format(**parts)

    return fill_page(
        "sending_details_page.html.j2",
        language,
        "details",
        t=text,
        asked=[(texts.get(name, name), value) for name, value in _asked(query, page, texts, show=show_numbers)],
        view=details_view(page.as_dict(show_numbers=show_numbers), shows_numbers=show_numbers, shows_carried=True),
        notes=[translate(note, language) for note in page.notes],
        results=RESULTS,
    )


def _asked(query: FindQuery, page: Page, texts: Any, *, show: bool) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of each filter, and of the time that was searched."""
    yield "time", f"{clock(page.span.start)} – {clock(page.span.end)} ({texts['beijing']})"
    if query.phone_number is not None:
        number = str(query.phone_number)
        yield "phone_number", number if show else mask_number(number)
    if query.result is not None:
        yield "result", texts[f"result_{query.result.strip().capitalize()}"]
    further = {name: value for name in _FILTERS if (value := getattr(query, name)) is not None}
    for name, value in (*further.items(), *query.carried.items()):
        yield name, value if show else hide_number(value)
