"""Fills the templates of the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from airflow_provider_dysms import __version__
from airflow_provider_dysms.plugins.pages.rendering.texts import CATALOGUES
from airflow_provider_dysms.reports.html_templates import fill

if TYPE_CHECKING:
    from airflow_provider_dysms.reports.texts import Language


def render(template: str, language: Language, **values: Any) -> str:
    """Return a page.

    :param template: name of a file of the templates
    :param values: what the template shows
    """

    def text(name: str, **parts: object) -> str:
        return CATALOGUES[language][name].format(**parts)

    shared = {"t": text, "version": __version__}
    return fill(template, language, package="airflow_provider_dysms.plugins.pages", **shared, **values)


def trusted(html: str) -> Markup:
    """Return HTML that has been escaped already: that of the report."""
    return Markup(html)  # noqa: S704 - a renderer of ours has escaped it
