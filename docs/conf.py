"""How Sphinx builds the pages: ``make docs``. Nothing is fetched, and every warning is an error."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from docutils import nodes

# Airflow makes files in its home when it is imported.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="docs-airflow-")

from airflow_provider_dysms import __version__
from airflow_provider_dysms.model import records

# Sphinx evaluates annotations, whose names are imported for types alone.
vars(records).update(date=date, datetime=datetime, Mapping=Mapping)

project = "airflow-provider-dysms"
author = "the authors of airflow-provider-dysms"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
html_theme = "furo"
html_title = f"{project} {version}"
html_copy_source = False
html_show_copyright = False
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
suppress_warnings = ["myst.header"]  # pages that are included begin at any level
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True  # YESTERDAY, not the template that it stands for
autodoc_typehints = "none"  # the docstrings say what each parameter is
exclude_patterns = ["_build"]

#: Where links of the Markdown files lead that GitHub shows in other folders.
PAGES_OF_FILES = {
    "../README.md": "index.md",
    "README.md": "index.md",
    "../CONTRIBUTING.md": "contributing.md",
    "CONTRIBUTING.md": "contributing.md",
    "../SECURITY.md": "security.md",
    "SECURITY.md": "security.md",
    "../CHANGELOG.md": "changelog.md",
    "CHANGELOG.md": "changelog.md",
    "../airflow_provider_dysms/emulator/README.md": "emulator.md",
    "airflow_provider_dysms/emulator/README.md": "emulator.md",
}

#: Links that lead outside, which nothing checks here; `make docs` writes them to external-links.txt.
EXTERNAL: set[str] = set()


def setup(app: Any) -> None:
    """Sphinx calls this."""
    app.connect("include-read", lambda app, path, docname, content: _rewrite(content))
    app.connect("source-read", _read_source)
    app.connect("doctree-resolved", _collect_links)
    app.connect("build-finished", _write_links)


def _read_source(app: Any, docname: str, content: list[str]) -> None:
    _rewrite(content)
    if docname == "index":
        content[0] = _with_pages(content[0], Path(app.srcdir))
    content[0] = re.sub("<!-- classes of (.*) -->", lambda found: _reference(found[1].split(", ")), content[0])
    content[0] = content[0].replace("<!-- module retry_policy -->", _retry_policy())


def _rewrite(content: list[str]) -> None:
    def target(match: re.Match[str]) -> str:
        path, anchor = match[1], match[2] or ""
        path = PAGES_OF_FILES.get(path, path).removeprefix("docs/").replace("../../docs/", "")
        return f"]({path}{anchor})"

    content[0] = re.sub(r"\]\(((?!\w+:)[^)#\s]+)(#[^)\s]*)?\)", target, content[0])


def _with_pages(index: str, folder: Path) -> str:
    """Return the index with every page that exists, and without those that are not written yet."""
    lines = index.splitlines()
    unlisted = sorted({page.stem for page in folder.glob("*.md")} - {"index", *lines})
    named = [line for line in lines if not re.fullmatch("[a-z/-]+", line) or (folder / f"{line}.md").exists()]
    return "\n".join(named).replace("<!-- other pages -->", "\n".join(unlisted))


def _reference(folders: list[str]) -> str:
    """Return directives for the classes of some folders that the README's table names."""
    readme = Path(__file__).parents[1].joinpath("README.md").read_text("utf-8")
    named = re.findall(r"^\| `([\w.]+\.\w+)` \|", readme, re.MULTILINE)
    of_folders = [name for name in named if name.partition(".")[0] in folders]
    return "\n".join(f"```{{eval-rst}}\n.. autoclass:: airflow_provider_dysms.{name}\n```\n" for name in of_folders)


def _retry_policy() -> str:
    """Return the directive for the module that an Airflow without retry policies cannot import, or a sentence."""
    if find_spec("airflow.sdk.definitions.retry_policy") is None:
        return "`airflow_provider_dysms.retry_policy` needs Airflow 3.3 or newer."
    return "```{eval-rst}\n.. automodule:: airflow_provider_dysms.retry_policy\n   :members:\n```"


def _collect_links(app: Any, doctree: nodes.document, docname: str) -> None:
    for reference in doctree.findall(nodes.reference):
        if reference.get("refuri", "").startswith(("http://", "https://")):
            EXTERNAL.add(reference["refuri"])


def _write_links(app: Any, error: Exception | None) -> None:
    if error is None and EXTERNAL:
        Path(app.outdir, "external-links.txt").write_text("\n".join([*sorted(EXTERNAL), ""]), "utf-8")
