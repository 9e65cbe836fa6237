"""The stylesheets of the pages, and the policy under which a page that contains one may be shown."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Literal

#: The stylesheets: of the delivery report, and of sending details.
Stylesheet = Literal["report", "details"]


@cache
def stylesheet(name: Stylesheet) -> str:
    """Return a stylesheet, for a page that contains it or for a server that has it as a file."""
    return files("airflow_provider_dysms.reports").joinpath(f"static/{name}.css").read_text("utf-8")


@cache
def security_policy(name: Stylesheet) -> str:
    """Return the Content-Security-Policy of a page that contains a stylesheet: nothing else is loaded or run."""
    digest = base64.b64encode(hashlib.sha256(stylesheet(name).encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
