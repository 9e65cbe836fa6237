"""The stylesheet of the report, and the policy under which a page that contains it may be shown."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files


@cache
def stylesheet() -> str:
    """Return the stylesheet, for a page that contains it or for a server that has it as a file."""
    return files("airflow_provider_dysms.reports").joinpath("static/report.css").read_text("utf-8")


@cache
def security_policy() -> str:
    """Return the Content-Security-Policy of a page that contains the stylesheet: nothing else is loaded or run."""
    digest = base64.b64encode(hashlib.sha256(stylesheet().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
