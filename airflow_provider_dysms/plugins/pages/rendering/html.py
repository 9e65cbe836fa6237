"""Fills the templates of the pages. Everything is escaped but the report, which escapes itself."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from airflow_provider_dysms import __version__
from airflow_provider_dysms.plugins.pages.rendering.texts import CATALOGUES
from airflow_provider_dysms.reports.texts import TAGS
from airflow_provider_dysms.reports.wording import Wording

if TYPE_CHECKING:
    from jinja2 import Environment

    from airflow_provider_dysms.reports.texts import Language


def render(template: str, language: Language, **values: Any) -> str:
    """Return a page.

    :param template: name of a file of the templates
    :param values: what the template shows
    """

    def text(name: str, **parts: object) -> str:
        return CATALOGUES[language][name].format(**parts)

    page = _environment().get_template(template)
    shared = {"t": text, "w": Wording(language), "language": language, "tag": TAGS[language], "version": __version__}
    return page.render(**shared, **values)


def trusted(html: str) -> Markup:
    """Return HTML that has been escaped already: that of the report."""
    return Markup(html)  # noqa: S704 - a renderer of ours has escaped it


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("airflow_provider_dysms.plugins.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
