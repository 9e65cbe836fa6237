"""Refuses forms that another site has sent in the name of a visitor.

Airflow's cookie is ``SameSite=Lax``, so that browsers do not send it with such a form; this check does not rely on it.
Nothing is changed by a form of ours, but it would use up the visitor's query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow_provider_dysms.plugins.pages.page_problem import PageProblem

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.requests import Request


def check_origin(request: Request, hosts: Collection[str]) -> None:
    """Refuse a form of another site. Programs that send neither header pass: no browser acts for them.

    :param hosts: further names of the server, such as that of a proxy in front of it
    :raises PageProblem: it comes from another site
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise PageProblem(403, "other_site")
        return
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc not in {request.headers.get("host"), *hosts}:
        raise PageProblem(403, "other_site")
