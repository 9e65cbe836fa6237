"""The files that the pages load: stylesheets, a script and icons."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from starlette.exceptions import HTTPException
from starlette.requests import Request  # noqa: TC002 - FastAPI reads it
from starlette.responses import Response

from airflow_provider_dysms.reports.stylesheet import Stylesheet, stylesheet

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_NAMES = frozenset({"pages.css", "pages.js", "icon.svg", "icon-dark.svg"})

#: Files that the reports have.
_STYLESHEETS: dict[str, Stylesheet] = {"report.css": "report", "details.css": "details"}

#: Browsers keep a file for five minutes, so that a new release is seen soon.
_CACHE = "private, max-age=300"


async def get_static(request: Request) -> Response:
    """Answer with a file.

    :raises HTTPException: the file does not exist
    """
    name = request.path_params["name"]
    if name in _STYLESHEETS:
        text = stylesheet(_STYLESHEETS[name])
    elif name in _NAMES:
        text = _text(name)
    else:
        raise HTTPException(404)
    return Response(text, media_type=_TYPES[name.rpartition(".")[2]], headers={"cache-control": _CACHE})


@cache
def _text(name: str) -> str:
    return files("airflow_provider_dysms.plugins.pages").joinpath("static", name).read_text("utf-8")
