"""Fills HTML templates. Every value is escaped, and a name that is not known is an error."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.reports.stylesheet import Stylesheet, security_policy, stylesheet
from airflow_provider_dysms.reports.texts import TAGS
from airflow_provider_dysms.reports.wording import Wording

if TYPE_CHECKING:
    from jinja2 import Environment

    from airflow_provider_dysms.model.choices import ReportLanguage

_REPORTS = "airflow_provider_dysms.reports"


def fill(template: str, language: ReportLanguage, *, package: str = _REPORTS, **values: Any) -> str:
    """Return a filled template.

    :param template: its name
    :param language: of the words: templates have them as ``w``, and the language's tag as ``tag``
    :param package: whose templates are used, and after them those of the reports
    :param values: what the template shows
    """
    return _environment(package).get_template(template).render(w=Wording(language), tag=TAGS[language], **values)


def fill_page(template: str, language: ReportLanguage, styles: Stylesheet, **values: Any) -> str:
    """Return a page that needs nothing else.

    :param template: one that extends ``page.html.j2``
    :param styles: the stylesheet that the page contains; its policy forbids everything else
    """
    return fill(template, language, stylesheet=stylesheet(styles), security_policy=security_policy(styles), **values)


@cache
def _environment(package: str) -> Environment:
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=ChoiceLoader([PackageLoader(each) for each in dict.fromkeys((package, _REPORTS))]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
