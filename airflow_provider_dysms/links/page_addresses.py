"""The addresses of the pages in Airflow's UI. Every process of Airflow loads this: it imports nothing of Airflow."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from datetime import date

#: Where the pages are, below the address of the API server.
PREFIX = "/dysms"

_CONNECTION = re.compile(r"(?<=://)[^/@]*@")


def page_path(base_url: str | None, page: str) -> str:
    """Return the path of a page, with the path of the API server's own address.

    :param base_url: the option ``[api] base_url``
    :param page: ``report``, ``details`` or a file
    """
    return f"{base_path(base_url)}{PREFIX}/{page}"


def base_path(base_url: str | None) -> str:
    """Return the path of the API server's own address, without a slash at its end.

    :param base_url: the option ``[api] base_url``
    """
    return urlsplit(base_url or "").path.rstrip("/")


def archive_of(archives: str | None, output_uri: str) -> str | None:
    """Return the name of the archive that shows a folder; ``None`` if none does, or if the option cannot be read.

    :param archives: the option ``[dysms] archives``
    :param output_uri: with or without the id of its connection
    """
    try:
        named = json.loads(archives or "{}").items()
        uris = {name: value if isinstance(value, str) else value["output_uri"] for name, value in named}
        return next((name for name, uri in uris.items() if _place(uri) == _place(output_uri)), None)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def report_query(archive: str, day: date) -> str:
    """Return the query of the report of a day."""
    return urlencode({"archive": archive, "day": day.isoformat()})


def _place(uri: str) -> str:
    return _CONNECTION.sub("", uri).rstrip("/")
